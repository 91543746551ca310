// One attempt of a client: a connection, the server's hello, and what has to be said before all else. It tries once.
import type { Socket } from '@x/core'
import { abortError } from '@x/core/internal'
import type { Channel } from '../channel/channel'
import { createChannel } from '../channel/create-channel'
import { connect } from '../connect'
import type { Endpoint } from '../endpoint/endpoint'
import { ipcError } from '../errors/codes'
import { clearTimeout, setTimeout } from '../host'
import type { ClientSettings } from './options'

/** Who wants the channel. */
export interface AttemptSurroundings {
  /** Gives the attempt up. */
  readonly signal: AbortSignal
  /** Hears of the channel before anything has come over it. */
  serve(channel: Channel): void
}

/** The channel, once the server has said hello and `onConnect` is done. Whatever goes wrong leaves nothing open. */
export async function attempt(
  where: Endpoint,
  settings: ClientSettings,
  { signal, serve }: AttemptSurroundings,
): Promise<Channel> {
  const { authorize, anyServer, sharedFolder, transport, connectTimeoutMs } = settings
  const controller = new AbortController()
  const giveUp = () => controller.abort(abortError(signal.reason))
  signal.addEventListener('abort', giveUp, { once: true })
  const isLate = () => {
    const error = ipcError('ERR_X_CHANNEL_SLOW', `it was not ready after ${connectTimeoutMs} ms`)
    controller.abort(error)
  }
  const timer = connectTimeoutMs > 0 ? setTimeout(isLate, connectTimeoutMs) : null
  timer?.unref()
  let socket: Socket | null = null
  let channel: Channel | null = null
  try {
    socket = await connect(where, {
      ...(authorize !== undefined && { authorize }),
      ...(anyServer !== undefined && { anyServer }),
      ...(sharedFolder !== undefined && { sharedFolder }),
      ...(transport !== undefined && { transport }),
      signal: controller.signal,
    })
    channel = createChannel(socket, settings.channel)
    serve(channel)
    await ready(channel, settings, controller.signal)
    return channel
  } catch (error) {
    const reason = controller.signal.aborted ? controller.signal.reason : error
    if (channel === null) socket?.destroy()
    else channel.destroy(reason as Error)
    throw reason
  } finally {
    if (timer !== null) clearTimeout(timer)
    signal.removeEventListener('abort', giveUp)
  }
}

/** Done once the hook is done on a channel that is open. Rejects where the channel ends, or the attempt is given up. */
function ready(channel: Channel, { onConnect }: ClientSettings, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    channel.watch({
      opened: () => {
        Promise.resolve(channel)
          .then(onConnect)
          .then(() => resolve(), reject)
      },
      ended: error => reject(error ?? ipcError('ERR_X_CHANNEL_LOST', 'the server has said goodbye')),
    })
  })
}
