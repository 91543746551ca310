// Sending a handle in one call. It knows which channel serves a socket; what a handle is and how it travels others know.
import type { Socket } from '@x/core'
import { Channel } from '../channel/channel'
import { channel } from '../channel/open'
import { descriptorOf, type Sendable } from './handles'

const channels = new WeakMap<Socket, Channel>()

/** The channel with handles of a socket: the same one each time. The socket itself is closed to everybody else from then on. */
export function handleChannel(socket: Socket): Channel {
  let known = channels.get(socket)
  if (known === undefined) {
    known = channel(socket, { handles: true })
    channels.set(socket, known)
  }
  return known
}

/**
 * Sends a listening server, a connection or a descriptor, or several at once (253 at most), with a message, over a local
 * socket or a channel with handles, to any process. Done once the receiver has them; ours are closed then, unless
 * `keep`. The other end hears of them by its channel's `'handle'` event.
 *
 * @throws (rejects) `ERR_X_HANDLE_REFUSED`, or `ERR_X_HANDLE_LOST` where the receiver died first: `error.handles` are the
 * sender's again, to be sent to another. `ERR_X_UNSUPPORTED`, `ERR_SOCKET_CLOSED`, `ERR_INVALID_ARG_TYPE`.
 */
export async function sendHandle(
  stream: Socket | Channel,
  message: unknown,
  handle: Sendable | readonly Sendable[],
  options: { readonly keep?: boolean } = {},
): Promise<void> {
  const over = stream instanceof Channel ? stream : handleChannel(stream)
  const handles = await Promise.all([handle].flat().map(each => descriptorOf(each as Sendable)))
  await over.send(message, { ...options, handles })
}
