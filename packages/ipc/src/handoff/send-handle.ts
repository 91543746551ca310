// Sending a handle in one call. It knows which channel serves a socket; what a handle is and how it travels others know.
import type { Socket } from '@x/core'
import { Channel } from '../channel/channel'
import { createChannel } from '../channel/create-channel'
import { createDescriptor, type Sendable } from '../descriptor/conversions'
import { type HandleError, withHandles } from '../protocol/acknowledgements'

const channels = new WeakMap<Socket, Channel>()

/** The channel with handles of a socket: the same one each time. The socket itself is closed to everybody else from then on. */
export function getHandleChannel(socket: Socket): Channel {
  let known = channels.get(socket)
  if (known === undefined) {
    known = createChannel(socket, { handles: true })
    channels.set(socket, known)
  }
  return known
}

/**
 * Sends a listening server, a connection or a descriptor, or several at once (253 at most), with a message, over a
 * local socket or a channel with handles, to any process. Resolves once the receiver has them; then ours are closed,
 * unless `keep` is set. The other end gets the `'handle'` event of its channel.
 *
 * @throws (rejects) `ERR_X_HANDLE_REFUSED`, or `ERR_X_HANDLE_LOST` where the receiver died first; `ERR_X_NOT_SENT`: in each
 * case `error.handles` are the sender's again, to be sent to another. `ERR_X_UNSUPPORTED`, `ERR_SOCKET_CLOSED`, `ERR_INVALID_ARG_TYPE`.
 */
export async function sendHandle(
  stream: Socket | Channel,
  message: unknown,
  handle: Sendable | readonly Sendable[],
  options: { readonly keep?: boolean } = {},
): Promise<void> {
  const over = stream instanceof Channel ? stream : getHandleChannel(stream)
  const made = await Promise.allSettled([handle].flat().map(each => createDescriptor(each as Sendable)))
  const handles = made.flatMap(each => (each.status === 'fulfilled' ? [each.value] : []))
  const failed = made.find(each => each.status === 'rejected')
  // Sockets are taken from their streams by now: whoever hears that they were not sent gets them back.
  if (failed !== undefined) throw withHandles(failed.reason as Error, handles)
  try {
    await over.send(message, { ...options, handles })
  } catch (error) {
    throw 'handles' in (error as HandleError) ? error : withHandles(error as Error, handles)
  }
}
