// Keeps node:net's own sockets and servers, on which this transport stands, from subscribers of diagnostics_channel: they
// hear of each connection once, by the class that the program uses. It knows the channels' names, and no socket's work.
import { type Channel, channel } from 'node:diagnostics_channel'

/** Source: https://nodejs.org/api/diagnostics_channel.html#built-in-channels */
const channelNames = [
  'net.client.socket',
  'net.server.socket',
  'tracing:net.server.listen:asyncStart',
  'tracing:net.server.listen:asyncEnd',
  'tracing:net.server.listen:error',
]

interface Message {
  readonly error?: Error
  readonly socket?: { readonly server?: unknown } | undefined
  readonly server?: unknown
}

type Refused = (error: Error) => void

const inner = new WeakMap<object, Refused | null>()

/**
 * Marks a socket or server of node:net, and with a server the sockets that it accepts, as nobody's but ours. `refused`
 * hears of a `listen` that failed, within the call, where node:net would tell subscribers of it.
 */
export function hideFromDiagnostics(innerObject: object, refused: Refused | null = null): void {
  inner.set(innerObject, refused)
}

function isHidden(message: unknown): boolean {
  const { socket, server } = (message ?? {}) as Message
  return [socket, socket?.server, server].some(
    one => typeof one === 'object' && one !== null && inner.has(one),
  )
}

/** Those that pass over what is marked. They are held, since a channel that nobody holds is made anew. */
const channels: Channel[] = []

/** Has the channels pass over what is marked; of several calls the first does it. */
export function filterDiagnostics(): void {
  if (channels.length > 0) return
  for (const name of channelNames) {
    const own: Channel = channel(name)
    // A channel changes its class with its first and its last subscriber: the class is asked at each message.
    const publish = (message: unknown): void => {
      if (isHidden(message)) {
        const { server, error } = message as Message
        if (error && server) inner.get(server as object)?.(error)
        return
      }
      const { publish } = Object.getPrototypeOf(own) as Channel
      publish.call(own, message)
    }
    Object.defineProperty(own, 'publish', { value: publish, configurable: true, writable: true })
    channels.push(own)
  }
}
