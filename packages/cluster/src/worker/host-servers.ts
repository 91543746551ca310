// Lets servers of the host's own modules listen through the primary as ours do. In a worker, `listen` of node:net's Server
// asks the same source by the same decoder as ours; the rest of the server is left as it is.
import { mkdtempSync, rmSync } from 'node:fs'
import type net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  codedError,
  type ListenArguments,
  nodeNet,
  openListener,
  readBindFlags,
  readListenArguments,
  unsupported,
} from '@x/core/internal'
import { isTcpAddress, type Transport } from '@x/core/transport'
import { nextTick } from '../both/host'
import { type HostListener, isHostListener } from './host-listener'
import { HostServer } from './host-server'

type Listen = (this: net.Server, ...args: unknown[]) => net.Server

const hosts = new WeakMap<net.Server, HostServer>()
/** Servers that wait for their listener. */
const opening = new WeakSet<net.Server>()
let lastPrivate = 0

export function patchHostServers(transport: Transport): void {
  const { Server } = nodeNet()
  const listen = Server.prototype.listen as Listen
  const patched: Listen = function (...args) {
    if (opening.has(this)) throw codedError('ERR_SERVER_ALREADY_LISTEN')
    const wanted = this.listening ? null : wantedOf(args)
    if (wanted === null) return listen.apply(this, args)
    listenThrough(transport, this, wanted, listen)
    return this
  }
  Server.prototype.listen = patched as typeof Server.prototype.listen
  refuseBunServers(transport)
}

/** Bun's HTTP servers are none of node:net: each would listen by itself, and the primary would wait for it in vain. */
function refuseBunServers(transport: Transport): void {
  if (process.versions['bun'] === undefined) return
  const { Server } = process.getBuiltinModule('node:http')
  Server.prototype.listen = () =>
    unsupported(
      transport,
      "listen() of node:http in a worker on Bun (let a server of @x/core listen: createServer(socket => server.emit('connection', socket)))",
    )
}

/** What the arguments ask for; null where the host does it alone: handles, what is not to be shared, what is wrong. */
function wantedOf(args: readonly unknown[]): ListenArguments | null {
  try {
    const wanted = readListenArguments(args, value => '_handle' in value || 'handle' in value)
    const { exclusive, reusePort } = wanted.options
    return 'holder' in wanted.target || exclusive || reusePort ? null : wanted
  } catch {
    return null // the host says what is wrong
  }
}

function listenThrough(
  transport: Transport,
  server: net.Server,
  wanted: ListenArguments,
  listen: Listen,
): void {
  const { target, options, backlog, callback } = wanted
  if ('holder' in target) return
  if (callback) server.once('listening', callback as () => void)
  const host = hosts.get(server) ?? new HostServer(server)
  hosts.set(server, host)
  opening.add(server)
  const flags = readBindFlags(options)
  const giveUp = openListener(
    { transport, target, flags, backlog, exclusive: false, server: host },
    () => {},
    (error, handle) => {
      opening.delete(server)
      server.off('close', onClose)
      if (handle === null) return void nextTick(() => server.emit('error', error))
      if (!isHostListener(handle))
        throw new TypeError('the source of listeners does not know servers of the host')
      try {
        listenOn(server, handle, { backlog, signal: options['signal'] }, listen)
      } catch (refusal) {
        handle.close()
        nextTick(() => server.emit('error', refusal))
      }
    },
  )
  const onClose = (): void => {
    opening.delete(server)
    giveUp()
  }
  if (opening.has(server)) server.once('close', onClose)
}

function listenOn(
  server: net.Server,
  listener: HostListener,
  options: { backlog: number; signal: unknown },
  listen: Listen,
): void {
  const { boundFd } = listener
  const end = (): void => {
    Reflect.deleteProperty(server, 'address')
    server.off('close', end)
    server.off('error', failed)
    listener.close()
  }
  const failed = (): void => {
    if (!server.listening) end()
  }
  server.once('close', end)
  server.once('error', failed)
  server.once('listening', () => server.off('error', failed))
  tellAddress(server, listener)
  const { backlog, signal } = options
  const common = { backlog, exclusive: true, ...(signal !== undefined && { signal }) }
  // It must be a listening server in all its methods: without a bound socket it listens where nobody can connect, on a name
  // of its own.
  if (boundFd !== null) return void listen.call(server, { ...common, fd: boundFd })
  const { path, forget } = privatePlace()
  server.once('listening', forget)
  server.once('error', forget)
  server.once('close', forget)
  listen.call(server, { ...common, path })
}

/** `address()` tells of the address that the world sees, until the server is closed. */
function tellAddress(server: net.Server, listener: HostListener): void {
  const at = listener.sockname()
  if (typeof at === 'number') return
  const answer = isTcpAddress(at) ? { address: at.address, family: at.family, port: at.port } : at.path
  Object.defineProperty(server, 'address', {
    configurable: true,
    value: () => (server.listening ? answer : null),
  })
}

/** Linux has names without files, which Node passes on to it from 20.9 on. */
const hasAbstractNames = process.platform === 'linux' && !/^20\.[0-8]\./.test(process.versions.node)

/** Where nobody connects: a name of our own, or a file that `forget` removes again. */
function privatePlace(): { readonly path: string; readonly forget: () => void } {
  const name = `x-cluster-${process.pid}-${++lastPrivate}`
  if (process.platform === 'win32') return { path: `\\\\.\\pipe\\${name}`, forget() {} }
  if (hasAbstractNames) return { path: `\0${name}`, forget() {} }
  const folder = mkdtempSync(join(tmpdir(), 'x-cluster-'))
  return { path: join(folder, 's'), forget: () => rmSync(folder, { recursive: true, force: true }) }
}
