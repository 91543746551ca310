// From a socket of this package to one of node:net: the descriptor changes hands, or the portable transport's own socket, or
// the bytes go through a bridge.
import { Socket as NodeSocket } from 'node:net'
import type { Duplex } from 'node:stream'
import { codedError } from '../errors/codes'
import { UV_EBUSY } from '../errors/errno'
import { systemError } from '../errors/system-error'
import { adoptStream, detach, isOwnSocket, streamOf } from '../socket/adopt'
import type { Socket } from '../socket/index'
import type { StreamHandle } from '../transport/contract'
import { PortableStream } from '../transport/portable/stream'
import { bridge, type Ends } from './bridge'
import { type NodeSides, nodeSocketOf } from './node-pair'

/**
 * Makes a socket of node:net out of a connected socket of this package, without a byte lost: what was read and not
 * consumed comes first from the new socket, what was written goes out before. For `child.send(message, socket)` and for
 * `node:tls` at its full speed, which take no other.
 *
 * The socket that was passed in is over: it emits 'close', tells the peer nothing, and its server no longer counts it.
 * A paused socket gives a paused one, of which nothing is read. Timeouts and listeners are not carried over; options of
 * the connection (`setNoDelay`) stay as they are.
 *
 * Where the connection has no descriptor (a transport in memory), and for any other Duplex (a TLS socket, a channel of
 * `ssh2`), the new socket is one end of a local connection whose other end is joined to it in this process: slower by
 * two copies, and over when this process is, but with the same ends, errors, addresses and back-pressure. Such a Duplex
 * goes on to carry it. A plain socket of node:net is answered as it is.
 *
 * Throws `ERR_SOCKET_CLOSED` where it is not connected, `ERR_INVALID_ARG_VALUE` where it decodes strings
 * (`setEncoding`), and `EBUSY` where the system has not taken all of its writes yet (wait for 'drain', or for the
 * callback of the last write). In each case the socket is left as it was.
 */
export function toNodeSocket(socket: Socket | Duplex): NodeSocket {
  if (isPlainNodeSocket(socket)) return socket
  const handle = streamOf(socket)
  const isForeign = !isOwnSocket(socket)
  if ((handle === null && !isForeign) || socket.destroyed) throw codedError('ERR_SOCKET_CLOSED')
  if (socket.readableEncoding !== null) {
    throw codedError(
      'ERR_INVALID_ARG_VALUE',
      'socket',
      socket.readableEncoding,
      'decodes strings (setEncoding)',
    )
  }
  const sides = {
    allowHalfOpen: socket.allowHalfOpen,
    isPaused: socket.isPaused(),
    writable: socket.writable,
  }
  if (handle === null) return bridge(socket as Duplex, sides, endsOf(socket as Duplex & Ends))
  return moved(socket as Socket, handle, { ...sides, writable: !socket.writableEnded })
}

function isPlainNodeSocket(socket: object): socket is NodeSocket {
  return (
    socket instanceof NodeSocket && !(socket as { encrypted?: boolean }).encrypted && !isOwnSocket(socket)
  )
}

function moved(socket: Socket, handle: StreamHandle, sides: NodeSides): NodeSocket {
  // What is held back until the end of the turn goes to the system now.
  socket.flush()
  if (handle.writeQueueSize > 0) throw systemError(UV_EBUSY, 'detach')
  const ends = endsOf(socket)
  const { unread } = detach(socket)!
  const node = takeOver(handle, sides)
  if (node === null) {
    return bridge(adoptStream(handle, { unread, allowHalfOpen: true, pauseOnCreate: true }), sides, ends)
  }
  const bytes = Buffer.concat(unread)
  if (bytes.length > 0) node.unshift(bytes)
  return node
}

/** Null where there is no descriptor to take over. */
function takeOver(handle: StreamHandle, sides: NodeSides): NodeSocket | null {
  if (handle instanceof PortableStream) {
    const socket = handle.surrender()
    socket.allowHalfOpen = sides.allowHalfOpen
    if (!sides.isPaused) forgetPause(socket)
    return socket
  }
  const fd = handle.release()
  return fd < 0 ? null : nodeSocketOf(fd, sides)
}

function endsOf(socket: Ends): Ends {
  const { localAddress, localPort, localFamily, remoteAddress, remotePort, remoteFamily } = socket
  return { localAddress, localPort, localFamily, remoteAddress, remotePort, remoteFamily }
}

/** Takes back a `pause()` without a `resume()`, which would lose what comes before the first listener. */
function forgetPause(socket: NodeSocket): void {
  const listener = (): void => {}
  // A stream that loses its last 'readable' listener goes by its 'data' listeners again, as a new one does.
  socket.on('readable', listener).off('readable', listener)
}
