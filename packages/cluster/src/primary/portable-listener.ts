// A listener of the primary where descriptors cannot travel: accepts sockets of the host and gives them to workers one by
// one. Every way of spreading becomes this one there.
import type { ListenOptions, Server } from 'node:net'
import { isMainThread } from 'node:worker_threads'
import { nodeNet } from '@x/core/internal'
import { type Address, type Status, UV_EBADF, UV_EINVAL, UV_ENOTSUP } from '@x/core/transport'
import type { ListenAsk } from '../both/messages'
import { Dispatcher } from './dispatcher'
import { type HostConnection, takeConnections } from './host-connections'
import { type Opened, shortPath } from './listener'
import type { PrimaryOs } from './os'
import type { Policy } from './policy'

/** Listens. */
export function openPortable(os: PrimaryOs, ask: ListenAsk, policy: Policy, opened: Opened): void {
  // Node refuses process.umask in worker threads, and a mode set after the bind would come too late.
  if (modeOf(ask) !== undefined && !isMainThread) return opened(UV_ENOTSUP, null)
  // A server of the host goes on accepting while nobody can take: those wait here, paused, as they would in the backlog.
  const dispatcher = new Dispatcher({
    os,
    policy,
    incoming: (connection, firstBytes) => ({ ...(connection as HostConnection).peer(), firstBytes }),
    release: connections => {
      for (const connection of connections) (connection as HostConnection).release()
    },
    flow() {},
  })
  // The host's own, also where `register` has put another in its place: others cannot be sent by the IPC channel.
  const server = nodeNet().createServer({ pauseOnConnect: true, allowHalfOpen: true })
  server.once('error', (error: NodeJS.ErrnoException) => opened(error.errno ?? UV_EINVAL, null))
  server.once('listening', () => {
    server.on('error', () => {}) // of single accepts; the server goes on
    takeConnections(server, connection => dispatcher.add([connection]))
    opened(0, {
      mode: 'handover',
      join: (worker, listener) => dispatcher.join(worker, listener),
      leave: worker => dispatcher.leave(worker.id),
      changed: worker => dispatcher.changed(worker.id),
      sockname: () => addressOf(server),
      stopAccepting: () => void server.close(),
      get isSettled() {
        return dispatcher.isSettled
      },
      close() {
        server.close()
        dispatcher.close()
      },
    })
  })
  withMode(ask, () => server.listen(listenOptions(ask)))
}

/** The socket file is made within the call, so that the call's umask is its mode from the first instant. */
function withMode(ask: ListenAsk, listen: () => void): void {
  const mode = modeOf(ask)
  if (mode === undefined) return listen()
  const before = process.umask(0o777 & ~mode)
  try {
    listen()
  } finally {
    process.umask(before)
  }
}

function modeOf({ at, flags }: ListenAsk): number | undefined {
  return 'path' in at ? flags.mode : undefined
}

function listenOptions(ask: ListenAsk): ListenOptions & { fd?: number } {
  const { at, backlog, flags } = ask
  const common = { backlog, exclusive: true }
  if ('fd' in at) return { ...common, fd: at.fd }
  if ('path' in at) return { ...common, path: shortPath(at.path) }
  return { ...common, port: at.port, host: at.address, ipv6Only: flags.ipv6Only ?? false }
}

function addressOf(server: Server): Address | Status {
  const address = server.address()
  if (address === null) return UV_EBADF
  if (typeof address === 'string') return { path: address }
  return { family: address.family === 'IPv6' ? 'IPv6' : 'IPv4', address: address.address, port: address.port }
}
