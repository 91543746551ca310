// From a socket of this package to one of node:net: the descriptor changes hands, or the portable transport's own socket.
import { Socket as NodeSocket } from 'node:net'
import { codedError } from '../errors/codes'
import { UV_EBUSY } from '../errors/errno'
import { systemError } from '../errors/system-error'
import { detach, streamOf } from '../socket/adopt'
import type { Socket } from '../socket/index'
import { release } from '../socket/outbox'
import { kState } from '../socket/state'
import type { StreamHandle } from '../transport/contract'
import { PortableStream } from '../transport/portable/stream'

/**
 * Makes a socket of node:net out of a connected socket of this package, without a byte lost: what was read and not
 * consumed comes first from the new socket, what was written goes out before. For `child.send(message, socket)` and for
 * `node:tls` at its full speed, which take no other.
 *
 * The socket that was passed in is over: it emits 'close', tells the peer nothing, and its server no longer counts it.
 * A paused socket gives a paused one, of which nothing is read. Timeouts and listeners are not carried over; options of the connection (`setNoDelay`) stay as they are.
 *
 * Throws `ERR_SOCKET_CLOSED` where it is not connected, `ERR_INVALID_ARG_VALUE` where it decodes strings
 * (`setEncoding`), `EBUSY` where the system has not taken all of its writes yet (wait for 'drain', or for the callback
 * of the last write), and `ERR_X_UNSUPPORTED` on a transport without descriptors. In each case the socket is left as it
 * was.
 */
export function toNodeSocket(socket: Socket): NodeSocket {
  const handle = streamOf(socket)
  if (handle === null || socket.destroyed) throw codedError('ERR_SOCKET_CLOSED')
  if (socket.readableEncoding !== null) {
    throw codedError(
      'ERR_INVALID_ARG_VALUE',
      'socket',
      socket.readableEncoding,
      'decodes strings (setEncoding)',
    )
  }
  if (handle.release === undefined && !(handle instanceof PortableStream)) {
    throw codedError('ERR_X_UNSUPPORTED', handle.constructor.name, 'becoming a socket of node:net')
  }
  const { allowHalfOpen, writableEnded } = socket
  const isPaused = socket.isPaused()
  // What is held back until the end of the turn goes to the system now.
  release(socket, socket[kState])
  if (handle.writeQueueSize > 0) throw systemError(UV_EBUSY, 'detach')
  const { unread } = detach(socket)!
  const node = takeOver(handle, { allowHalfOpen, isPaused, writable: !writableEnded })
  const bytes = Buffer.concat(unread)
  if (bytes.length > 0) node.unshift(bytes)
  return node
}

interface Sides {
  readonly allowHalfOpen: boolean
  readonly isPaused: boolean
  readonly writable: boolean
}

function takeOver(handle: StreamHandle, { allowHalfOpen, isPaused, writable }: Sides): NodeSocket {
  if (handle instanceof PortableStream) {
    const socket = handle.surrender()
    socket.allowHalfOpen = allowHalfOpen
    if (!isPaused) forgetPause(socket)
    return socket
  }
  const fd = handle.release!()
  if (fd < 0) throw systemError(fd, 'detach')
  // Not one byte may be read of a paused socket: it may be on its way to another process. The option is Node's own.
  const options = { fd, readable: true, writable, allowHalfOpen, pauseOnCreate: isPaused }
  return new NodeSocket(options)
}

/** Takes back a `pause()` without a `resume()`, which would lose what comes before the first listener. */
function forgetPause(socket: NodeSocket): void {
  const listener = (): void => {}
  // A stream that loses its last 'readable' listener goes by its 'data' listeners again, as a new one does.
  socket.on('readable', listener).off('readable', listener)
}
