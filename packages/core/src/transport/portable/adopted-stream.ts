// A stream of a descriptor that is connected already. It knows how to tell its kind; the rest is in stream.
import { UV_EINVAL, UV_ENOTCONN } from '../../errors/errno'
import type { HandleKind, Status, StreamHandle } from '../contract'
import { phaseOfSocket, sidesOfDescriptor } from './descriptor-facts'
import { socketOver } from './inner-socket'
import { PortableStream } from './stream'

/** A stream of a connected descriptor, or a status where it is none; then it is left as it was. */
export function adoptStream(fd: number, isFifo: boolean): StreamHandle | Status {
  // node:net would read from a listening socket, and close it for the error that it gets.
  if (!isFifo && phaseOfSocket(fd) === 'listening') return UV_EINVAL
  const sides = sidesOfDescriptor(fd)
  const socket = socketOver(fd, sides)
  const kind: HandleKind = !isFifo && socket.localAddress !== undefined ? 'tcp' : 'pipe'
  // Nothing was begun on it, so nothing comes of it: the descriptor stays the caller's.
  if (kind === 'tcp' && socket.remoteAddress === undefined) return UV_ENOTCONN
  return new PortableStream(kind, socket, { fd, sides })
}
