// From a connected local socket, or the number of one, to a channel that carries descriptors. It sends nothing.
import { Socket } from '@x/core'
import { codedError, lend, streamOf, systemError, validateInteger } from '@x/core/internal'
import {
  defaultTransport,
  type HandoffChannel,
  type StreamHandle,
  type Transport,
  UV_ENOTSUP,
} from '@x/core/transport'
import type { DescriptorStream } from '../wire/descriptor-wire'
import { allowanceOf } from './allowances'
import { isShortage, LateChannel } from './late-channel'

/**
 * Takes over a connected local socket, or a descriptor of one (of `stdio`, for one). From then on the socket is closed and
 * the descriptor ours.
 *
 * @throws `ERR_X_UNSUPPORTED` on a transport without descriptors; `ERR_SOCKET_CLOSED` for a socket that is not connected;
 * `ERR_INVALID_ARG_VALUE` for one that has not sent all that was written, or that is no local one; `EBADF`, `ENOTSOCK`,
 * `EINVAL` for a number that is no local stream.
 */
export function takeOver(from: Socket | number, transport: Transport = defaultTransport()): DescriptorStream {
  if (transport.descriptors === null) throw codedError('ERR_X_UNSUPPORTED', transport.name, 'descriptors')
  if (typeof from === 'number') {
    validateInteger(from, 'stream', 0)
    const channel = openChannel(transport, from)
    return { transport, channel, unread: [], allowance: allowanceOf(null), ended() {} }
  }
  if (!(from instanceof Socket)) {
    throw codedError('ERR_INVALID_ARG_TYPE', 'stream', ['Socket', 'number'], from)
  }
  const stream = streamOf(from)
  if (stream === null) throw codedError('ERR_SOCKET_CLOSED')
  if (stream.kind !== 'pipe' || stream.fd < 0) {
    throw codedError(
      'ERR_INVALID_ARG_VALUE',
      'stream',
      from,
      'is no local socket of a transport with descriptors',
    )
  }
  if (from.writableLength > 0 || stream.writeQueueSize > 0) {
    throw codedError('ERR_INVALID_ARG_VALUE', 'stream', from, 'has not sent all that was written to it')
  }
  const allowance = allowanceOf(stream)
  const lent = lend(from)
  if (lent === null) throw codedError('ERR_SOCKET_CLOSED')
  const { handle, unread, ended } = lent
  try {
    return { transport, channel: channelOf(handle, transport), unread, allowance, ended }
  } catch (error) {
    ended()
    throw error
  }
}

/** Owns the handle from now on. Where there is no room for a descriptor, whoever has connected is not turned away. */
function channelOf(handle: StreamHandle, transport: Transport): HandoffChannel {
  const fd = handle.release()
  if (isShortage(fd)) return new LateChannel(handle, transport, fd)
  if (fd < 0) {
    handle.close()
    throw systemError(fd, 'dup')
  }
  try {
    return openChannel(transport, fd)
  } catch (error) {
    transport.descriptors?.close([fd])
    throw error
  }
}

function openChannel(transport: Transport, fd: number): HandoffChannel {
  const channel = transport.descriptors?.channel(fd) ?? UV_ENOTSUP
  if (typeof channel !== 'number') return channel
  throw systemError(channel, 'open')
}
