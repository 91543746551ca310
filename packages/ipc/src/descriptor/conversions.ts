// Servers, sockets and numbers as descriptors to send, and back: what becomes of each on its way. It does not send them.
import { fstatSync } from 'node:fs'
import { Server, type ServerOpts, Socket } from '@x/core'
import {
  type AdoptOptions,
  adoptStream,
  codedError,
  detach,
  listenerOf,
  streamOf,
  systemError,
  validateInteger,
} from '@x/core/internal'
import { defaultTransport, type Transport } from '@x/core/transport'
import { Descriptor } from './descriptor'

/** What can be sent: a listening server, a connection, a descriptor that came or a number. */
export type Sendable = Server | Socket | Descriptor | number

/**
 * The descriptor of a handle to be sent, for `handles` of `Channel.send` and `request`. A socket is detached from its
 * stream (unconsumed bytes go with it, written bytes are flushed first); a server stays until it is acknowledged, and
 * is then closed without removing its path.
 *
 * @throws (rejects) `ERR_INVALID_ARG_TYPE`, `ERR_SOCKET_CLOSED`, `ERR_SERVER_NOT_RUNNING`, `ERR_X_UNSUPPORTED`.
 */
export async function createDescriptor(
  handle: Sendable,
  transport = defaultTransport(),
): Promise<Descriptor> {
  if (handle instanceof Descriptor) return handle
  if (typeof handle === 'number') return ofNumber(handle, transport)
  if (handle instanceof Server) return ofServer(handle, transport)
  if (handle instanceof Socket) return await ofSocket(handle, transport)
  throw codedError('ERR_INVALID_ARG_TYPE', 'handle', ['Server', 'Socket', 'Descriptor', 'number'], handle)
}

function ofNumber(fd: number, transport: Transport): Descriptor {
  validateInteger(fd, 'handle', 0)
  // `bigint`: after another call on a pipe, Node 20 and 22 no longer follow the links of modules.
  return Descriptor.ofNumber(transport, fd, {
    kind: fstatSync(fd, { bigint: true }).isFIFO() ? 'pipe' : 'fd',
  })
}

function ofServer(server: Server, transport: Transport): Descriptor {
  const listener = listenerOf(server)
  if (listener === null) throw codedError('ERR_SERVER_NOT_RUNNING')
  if (transport.descriptors === null || listener.fd < 0)
    throw codedError('ERR_X_UNSUPPORTED', transport.name, 'descriptors')
  const close = () => {
    const fd = listener.release()
    if (fd >= 0) transport.descriptors?.close([fd])
    server.close()
  }
  return Descriptor.ofOwner(listener, close, { kind: 'server' })
}

async function ofSocket(socket: Socket, transport: Transport): Promise<Descriptor> {
  const stream = streamOf(socket)
  if (stream === null) throw codedError('ERR_SOCKET_CLOSED')
  if (transport.descriptors === null || stream.fd < 0)
    throw codedError('ERR_X_UNSUPPORTED', transport.name, 'descriptors')
  // What it reads from now on stays in the system, for the receiver.
  socket.pause()
  if (socket.writableLength > 0 || stream.writeQueueSize > 0) await written(socket)
  const taken = detach(socket)
  if (taken === null) throw codedError('ERR_SOCKET_CLOSED')
  return Descriptor.ofStream(taken.handle, { unread: Buffer.concat(taken.unread) })
}

/** Done once the system has all that was written before. */
function written(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write('', error => (error ? reject(error) : resolve()))
  })
}

/**
 * A socket from a received descriptor. Bytes read before it was sent come first. From then on the descriptor belongs
 * to the socket.
 *
 * @throws `ENOTSOCK`, `EINVAL` if it is not a connection; it stays open, and with the `Descriptor`.
 */
export function adoptSocket(descriptor: Descriptor, options: AdoptOptions = {}): Socket {
  const { unread } = descriptor
  const more: AdoptOptions = { ...options, ...(unread.length > 0 && { unread: [unread] }) }
  const own = descriptor.takeStream()
  if (own !== null) return adoptStream(own, more)
  const transport = options.transport ?? defaultTransport()
  const stream = transport.adopt(descriptor.fd, 'stream')
  if (typeof stream === 'number') throw systemError(stream, 'open')
  descriptor.take()
  return adoptStream(stream, more)
}

/**
 * A server on a received listening descriptor. It emits `'listening'` in a later turn. From then on the descriptor
 * belongs to the server; the path of a local one remains when it closes.
 *
 * @throws `ENOTSOCK`, `EINVAL` if it is not a listening socket; it stays open, and with the `Descriptor`.
 */
export function adoptServer(
  descriptor: Descriptor,
  options: ServerOpts = {},
  connectionListener?: (socket: Socket) => void,
): Server {
  const transport = options.transport ?? defaultTransport()
  const listener = transport.adopt(descriptor.fd, 'listener')
  if (typeof listener === 'number') throw systemError(listener, 'listen')
  // From here on the number is the listener's, which closes it.
  descriptor.take()
  // It can be listened on; the server adopts it by its number.
  const fd = listener.release()
  if (fd < 0) {
    listener.close()
    throw systemError(fd, 'dup')
  }
  return new Server(options, connectionListener).listen({ fd })
}
