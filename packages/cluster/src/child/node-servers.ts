// Lets servers of the host's own modules (net, http, https, http2, tls: all are net.Server) listen through the primary as
// ours do. In a worker, `listen` of node:net's Server asks the source; the rest of the server is left as it is.
import { lookup } from 'node:dns'
import net from 'node:net'
import { type ListenRequest, systemError } from '@x/core/internal'
import { type Address, type Status, UV_EADDRNOTAVAIL, UV_EAFNOSUPPORT, UV_EINVAL } from '@x/core/transport'
import type { HttpLike } from './drain'
import { readListenArguments, type WantedListener } from './listen-arguments'
import type { ClusterSource } from './source'

/** What node:net's Server keeps of its connections; `close` and `getConnections` go by it. */
interface Counting {
  _connections?: number
}

/** Connection options of a server that node:net applies to what it accepts. */
interface ConnectionOptions {
  readonly allowHalfOpen?: boolean
  readonly pauseOnConnect?: boolean
  readonly noDelay?: boolean
  readonly keepAlive?: boolean
  readonly keepAliveInitialDelay?: number
}

type Listen = (this: net.Server, ...args: unknown[]) => net.Server

let lastPrivate = 0

export function patchNodeServers(source: ClusterSource): void {
  const listen = net.Server.prototype.listen as Listen
  const patched: Listen = function (...args) {
    const wanted = readListenArguments(args)
    if (wanted === null || wanted.exclusive || wanted.reusePort) return listen.apply(this, args)
    if (wanted.callback) this.once('listening', wanted.callback)
    listenThrough(source, this, wanted, listen)
    return this
  }
  net.Server.prototype.listen = patched as typeof net.Server.prototype.listen
}

function listenThrough(
  source: ClusterSource,
  server: net.Server,
  wanted: WantedListener,
  listen: Listen,
): void {
  const ask = (at: Address, otherwise: (status: Status) => void): void =>
    askPrimary(source, server, wanted, at, listen, otherwise)
  const fail = (status: Status, at: Address): void => {
    process.nextTick(() =>
      server.emit(
        'error',
        systemError(
          status,
          'path' in at ? 'listen' : 'bind',
          'path' in at ? { address: at.path } : { address: at.address, port: at.port },
        ),
      ),
    )
  }
  if (wanted.path !== undefined) {
    const at = { path: wanted.path }
    ask(at, status => fail(status, at))
    return
  }
  const port = wanted.port ?? 0
  if (wanted.host === undefined) {
    const any: Address = { family: 'IPv6', address: '::', port }
    ask(any, status => {
      const hasNoV6 = status === UV_EAFNOSUPPORT || status === UV_EADDRNOTAVAIL || status === UV_EINVAL
      const at: Address = { family: 'IPv4', address: '0.0.0.0', port }
      if (hasNoV6) ask(at, second => fail(second, at))
      else fail(status, any)
    })
    return
  }
  lookup(wanted.host, (error, address, family) => {
    if (error) return void server.emit('error', error)
    const at: Address = { family: family === 6 ? 'IPv6' : 'IPv4', address, port }
    ask(at, status => fail(status, at))
  })
}

function askPrimary(
  source: ClusterSource,
  server: net.Server,
  wanted: WantedListener,
  at: Address,
  listen: Listen,
  refused: (status: Status) => void,
): void {
  const request: ListenRequest = {
    transport: source.transport,
    kind: 'port' in at ? 'tcp' : 'pipe',
    at,
    flags: { ipv6Only: wanted.ipv6Only },
    backlog: wanted.backlog,
    exclusive: false,
    isAnyHost: wanted.host === undefined,
    server: {
      hasRoom: promised => hasRoom(server, promised),
      connections: () => (server as Counting)._connections ?? 0,
      close: done => void server.close(() => done()),
    },
  }
  source.ask(request, (status, reply, served) => {
    if (status < 0 || reply === null) return refused(status)
    server.once('close', () => source.release(reply.listener, served))
    tellAddress(server, 'path' in at ? at : (reply.at ?? at))
    if ('closeIdleConnections' in server) source.addHttpServer(server as net.Server & HttpLike)
    if (reply.mode === 'shared') {
      source.whenShared(reply.listener, fd =>
        listen.call(server, { fd, backlog: wanted.backlog, exclusive: true }),
      )
      return
    }
    source.receive(reply.listener, {
      hasRoom: promised => server.listening && hasRoom(server, promised),
      take: fd => deliver(server, adopted(server, fd)),
      takeSocket: socket => deliver(server, socket),
    })
    // It must be a listening server in all its methods: it listens where nobody can connect, on a name of its own.
    listen.call(server, { path: privatePath(), exclusive: true })
  })
}

function hasRoom(server: net.Server, promised: number): boolean {
  const { maxConnections } = server as { maxConnections?: number }
  return (
    !(typeof maxConnections === 'number') ||
    ((server as Counting)._connections ?? 0) + promised < maxConnections
  )
}

function adopted(server: net.Server, fd: number): net.Socket {
  const { allowHalfOpen = false, pauseOnConnect = false } = server as ConnectionOptions
  return new net.Socket({ fd, allowHalfOpen, ...({ pauseOnCreate: pauseOnConnect } as object) })
}

function deliver(server: net.Server, socket: net.Socket): void {
  const options = server as ConnectionOptions
  if (options.noDelay) socket.setNoDelay(true)
  if (options.keepAlive) socket.setKeepAlive(true, options.keepAliveInitialDelay)
  // node:net's own accounting, so that getConnections(), maxConnections and the end of close() hold for these too.
  const counting = server as Counting
  if (typeof counting._connections === 'number') {
    counting._connections++
    Object.assign(socket, { server, _server: server })
  }
  server.emit('connection', socket)
}

/** `address()` tells of the address that the world sees, until the server is closed. */
function tellAddress(server: net.Server, at: Address): void {
  const answer = 'path' in at ? at.path : { address: at.address, family: at.family, port: at.port }
  Object.defineProperty(server, 'address', {
    configurable: true,
    value: () => (server.listening ? answer : null),
  })
  server.once('close', () => Reflect.deleteProperty(server, 'address'))
}

function privatePath(): string {
  return `\0x-cluster-${process.pid}-${++lastPrivate}`
}
