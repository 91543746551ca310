// From a socket of node:net to one of this package: its descriptor is doubled where it can be seen, else the socket is
// kept and driven.
import { Socket as NodeSocket } from 'node:net'
import { codedError } from '../errors/codes'
import { UV_EBUSY } from '../errors/errno'
import { systemError } from '../errors/system-error'
import { defaultTransport } from '../process-state'
import { adoptStream } from '../socket/adopt'
import type { Socket } from '../socket/index'
import type { SocketConstructorOpts } from '../socket/options'
import type { StreamHandle, Transport } from '../transport/contract'
import { portableStream } from '../transport/portable'

/** What node:net shows of a connection. */
interface HeldSocket extends NodeSocket {
  readonly _handle: { readonly fd?: number } | null
  readonly encrypted?: boolean
}

/**
 * Makes a socket of this package out of a connected socket of node:net, without a byte lost: what was read and not
 * consumed comes first from the new socket. Where this process's transport works on descriptors, the connection moves to
 * it; else the socket passed in goes on to carry it. Either way that one is no longer the caller's to use, and tells
 * the peer nothing.
 *
 * `options` are those of `new Socket`; half-open as the socket that was passed in unless they say otherwise. Throws
 * `ERR_INVALID_ARG_TYPE` for what is no plain socket of node:net (one of node:tls has to stay what it is),
 * `ERR_SOCKET_CLOSED` where it is not connected, `ERR_INVALID_ARG_VALUE` where it decodes strings (`setEncoding`), and
 * `EBUSY` where the system has not taken all of its writes yet.
 */
export function fromNodeSocket(socket: NodeSocket, options: SocketConstructorOpts = {}): Socket {
  const held = socket as HeldSocket
  if (!(socket instanceof NodeSocket) || held.encrypted) {
    throw codedError('ERR_INVALID_ARG_TYPE', 'socket', 'net.Socket', socket)
  }
  if (held._handle === null || socket.destroyed || socket.connecting) throw codedError('ERR_SOCKET_CLOSED')
  if (socket.readableEncoding !== null) {
    throw codedError(
      'ERR_INVALID_ARG_VALUE',
      'socket',
      socket.readableEncoding,
      'decodes strings (setEncoding)',
    )
  }
  if (socket.writableLength > 0) throw systemError(UV_EBUSY, 'detach')
  socket.pause()
  const unread: Buffer[] = []
  for (let chunk = socket.read(); chunk !== null; chunk = socket.read()) unread.push(chunk)
  const { allowHalfOpen } = socket
  const handle = moved(held, options.transport ?? defaultTransport()) ?? kept(socket)
  return adoptStream(handle, { allowHalfOpen, ...options, unread })
}

/** The connection on the transport's own handle, or null where the descriptor does not show or cannot be taken over. */
function moved(socket: HeldSocket, transport: Transport): StreamHandle | null {
  const fd = socket._handle?.fd ?? -1
  const own = fd >= 0 ? (transport.descriptors?.duplicate(fd) ?? -1) : -1
  if (own < 0) return null
  const handle = transport.adopt(own, 'stream')
  if (typeof handle === 'number') {
    transport.descriptors?.close([own])
    return null
  }
  socket.on('error', () => {}).destroy()
  return handle
}

function kept(socket: NodeSocket): StreamHandle {
  // Nobody hears its events any more but the stream over it.
  socket.removeAllListeners('data').removeAllListeners('readable').removeAllListeners('end')
  const isTcp = socket.remoteAddress !== undefined
  // The end of the peer's side is answered by the new socket, in its own way.
  socket.allowHalfOpen = true
  return portableStream(socket, isTcp ? 'tcp' : 'pipe')
}
