// A listener of the primary on the portable transport: accepts sockets of the host and places them on workers. Whatever
// way of spreading was asked for that hands over descriptors becomes this one.
import net, { type Socket } from 'node:net'
import { isMainThread } from 'node:worker_threads'
import { type Address, type Status, UV_EBADF, UV_EINVAL, UV_ENOTSUP } from '@x/core/transport'
import type { ListenAsk } from '../control/messages'
import type { Policy } from '../policy'
import { Placement, type Taker } from './placement'
import type { PrimaryListener } from './registry'
import { shortPath } from './short-path'

export interface PortableListener extends PrimaryListener {
  readonly placement: Placement<Socket>
}

/** Listens; `done` once. */
export function openPortable(
  ask: ListenAsk,
  policy: Policy,
  workers: { taker(id: number): Taker<Socket> | undefined; closed(listener: PortableListener): void },
  done: (status: Status, listener: PortableListener | null) => void,
): void {
  // Node refuses process.umask in worker threads, and a mode set after the bind would come too late.
  if (modeOf(ask) !== undefined && !isMainThread) return done(UV_ENOTSUP, null)
  // A server of the host goes on accepting while nobody can take: those wait here, paused, as they would in the backlog.
  const placement = new Placement<Socket>({
    policy,
    incoming: socket => ({ remoteAddress: socket.remoteAddress ?? '', remotePort: socket.remotePort ?? 0 }),
    release: sockets => {
      for (const socket of sockets) socket.destroy()
    },
    flow() {},
  })
  const server = net.createServer({ pauseOnConnect: true, allowHalfOpen: true }, socket => {
    socket.on('error', () => {}) // the worker that has it sees its errors
    placement.add([socket])
  })
  const listener: PortableListener = {
    mode: 'handover',
    placement,
    join(worker, id) {
      const taker = workers.taker(worker)
      if (taker) placement.join(taker, id)
    },
    leave: worker => placement.leave(worker),
    sockname: () => addressOf(server),
    close() {
      server.close()
      for (const socket of placement.close()) socket.destroy()
      workers.closed(listener)
    },
  }
  server.once('error', (error: NodeJS.ErrnoException) => done(error.errno ?? UV_EINVAL, null))
  withMode(ask, () => server.listen(listenOptions(ask), () => done(0, listener)))
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

function listenOptions(ask: ListenAsk): net.ListenOptions & { fd?: number } {
  const { at, backlog, flags } = ask
  const common = { backlog, exclusive: true }
  if ('fd' in at) return { ...common, fd: at.fd }
  if ('path' in at) return { ...common, path: shortPath(at.path) }
  return { ...common, port: at.port, host: at.address, ipv6Only: flags.ipv6Only ?? false }
}

function addressOf(server: net.Server): Address | Status {
  const address = server.address()
  if (address === null) return UV_EBADF
  if (typeof address === 'string') return { path: address }
  return { family: address.family === 'IPv6' ? 'IPv6' : 'IPv4', address: address.address, port: address.port }
}
