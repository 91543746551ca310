// A stream of a descriptor that is connected already. It knows how to tell its kind; the rest is in stream.
import { UV_ENOTCONN } from '../../errors/errno'
import type { HandleKind, Status, StreamHandle } from '../contract'
import { nodeNet } from './node-net'
import { PortableStream } from './stream'

/** A stream of a connected descriptor, or a status where it is none. */
export function adoptStream(fd: number, isFifo: boolean): StreamHandle | Status {
  const socket = new (nodeNet().Socket)({ fd, readable: true, writable: true, allowHalfOpen: true })
  socket.on('error', ignore)
  const kind: HandleKind = !isFifo && socket.localAddress !== undefined ? 'tcp' : 'pipe'
  if (kind === 'tcp' && socket.remoteAddress === undefined) return UV_ENOTCONN
  return new PortableStream(kind, socket, undefined, fd)
}

function ignore(): void {}
