// Who listens to which channel and pattern, and how a message finds them. It knows no socket and no command.
import { Glob } from './resp/glob'
import { message, type Protocol, type Reply } from './resp/reply'

/** Someone who gets messages. `deliver` may drop the subscriber, but must not throw. */
export interface Subscriber {
  readonly protocol: Protocol
  readonly channels: Set<string>
  readonly patterns: Set<string>
  deliver(bytes: Reply): void
}

interface PatternEntry {
  readonly glob: Glob
  readonly subscribers: Set<Subscriber>
}

/** Channels and patterns are latin1 text, one character to a byte. */
export class Broker {
  readonly #channels = new Map<string, Set<Subscriber>>()
  readonly #patterns = new Map<string, PatternEntry>()

  /** How many patterns have a subscriber. */
  get patternCount(): number {
    return this.#patterns.size
  }

  get channelCount(): number {
    return this.#channels.size
  }

  subscribe(subscriber: Subscriber, channel: string): void {
    subscriber.channels.add(channel)
    const subscribers = this.#channels.get(channel)
    if (subscribers === undefined) this.#channels.set(channel, new Set([subscriber]))
    else subscribers.add(subscriber)
  }

  unsubscribe(subscriber: Subscriber, channel: string): void {
    subscriber.channels.delete(channel)
    const subscribers = this.#channels.get(channel)
    if (subscribers?.delete(subscriber) && subscribers.size === 0) this.#channels.delete(channel)
  }

  subscribePattern(subscriber: Subscriber, pattern: string): void {
    subscriber.patterns.add(pattern)
    const entry = this.#patterns.get(pattern)
    if (entry === undefined) {
      this.#patterns.set(pattern, { glob: new Glob(pattern), subscribers: new Set([subscriber]) })
    } else {
      entry.subscribers.add(subscriber)
    }
  }

  unsubscribePattern(subscriber: Subscriber, pattern: string): void {
    subscriber.patterns.delete(pattern)
    const entry = this.#patterns.get(pattern)
    if (entry?.subscribers.delete(subscriber) && entry.subscribers.size === 0) this.#patterns.delete(pattern)
  }

  /** Forgets a subscriber that has gone. */
  remove(subscriber: Subscriber): void {
    for (const channel of subscriber.channels) this.unsubscribe(subscriber, channel)
    for (const pattern of subscriber.patterns) this.unsubscribePattern(subscriber, pattern)
  }

  /** Delivers to the channel's subscribers, then to those of each matching pattern. Returns the number of deliveries. */
  publish(channel: string, payload: Uint8Array): number {
    let deliveries = 0
    const subscribers = this.#channels.get(channel)
    if (subscribers !== undefined) deliveries += deliverToAll(subscribers, channel, payload)
    for (const [pattern, entry] of this.#patterns) {
      if (entry.glob.matches(channel))
        deliveries += deliverToAll(entry.subscribers, channel, payload, pattern)
    }
    return deliveries
  }

  subscriberCount(channel: string): number {
    return this.#channels.get(channel)?.size ?? 0
  }

  /** Channels with a subscriber (patterns do not count), all of them or those that the glob matches. */
  activeChannels(pattern?: string): string[] {
    const channels = [...this.#channels.keys()]
    if (pattern === undefined) return channels
    const glob = new Glob(pattern)
    return channels.filter(channel => glob.matches(channel))
  }
}

/** Encodes the message once for each edition of the protocol among the subscribers. */
function deliverToAll(
  subscribers: ReadonlySet<Subscriber>,
  channel: string,
  payload: Uint8Array,
  pattern?: string,
): number {
  const encoded: { 2?: Buffer; 3?: Buffer } = {}
  let deliveries = 0
  for (const subscriber of subscribers) {
    const protocol = subscriber.protocol
    encoded[protocol] ??= message(protocol, channel, payload, pattern)
    subscriber.deliver(encoded[protocol])
    deliveries++
  }
  return deliveries
}
