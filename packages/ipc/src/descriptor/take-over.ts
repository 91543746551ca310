// From a connected local socket, or the number of one, to a channel that carries descriptors. It sends nothing.
import { Socket } from '@x/core'
import { codedError, detach, streamOf, systemError, validateInteger } from '@x/core/internal'
import { defaultTransport, type HandoffChannel, type Transport, UV_ENOTSUP } from '@x/core/transport'
import type { DescriptorStream } from '../wire/descriptor-wire'
import { allowanceOf } from './allowances'

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
    return { transport, channel: openChannel(transport, from), unread: [], allowance: allowanceOf(null) }
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
  const taken = detach(from)
  if (taken === null) throw codedError('ERR_SOCKET_CLOSED')
  const fd = taken.handle.release()
  if (fd < 0) throw systemError(fd, 'dup')
  return { transport, channel: openChannel(transport, fd), unread: taken.unread, allowance }
}

function openChannel(transport: Transport, fd: number): HandoffChannel {
  const channel = transport.descriptors?.channel(fd) ?? UV_ENOTSUP
  if (typeof channel !== 'number') return channel
  throw systemError(channel, 'open')
}
