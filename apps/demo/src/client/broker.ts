// Who listens to which channel and pattern, and how a message finds them. It knows no socket and no command.
import { Glob } from '../resp/glob'
import { message, type Protocol, type Reply } from '../resp/reply'
import type { MessageNumber } from './vector'

/** Someone who gets messages. */
export interface Subscriber {
  readonly protocol: Protocol
  readonly channels: Set<string>
  readonly patterns: Set<string>
  /** False for one that is on its way here, and counted where it is. */
  readonly isHere: boolean
  /**
   * Takes a message. It may drop the subscriber, but must not throw. Returns how many receivers that makes: 1, or 0 for
   * one that it had before; a promise where that shows later (of a client that is on its way here).
   */
  receive(bytes: Reply, number: MessageNumber): number | Promise<number>
}

interface PatternEntry {
  readonly glob: Glob
  readonly subscribers: Set<Subscriber>
}

/** Channels and patterns are latin1 text, one character to a byte. */
export class Broker {
  readonly #channels = new Map<string, Set<Subscriber>>()
  readonly #patterns = new Map<string, PatternEntry>()
  #undecided: Promise<number>[] = []

  get patterns(): string[] {
    return [...this.#patterns.keys()]
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

  /**
   * Delivers to the channel's subscribers, then to those of each matching pattern. Returns the number of deliveries but for
   * those that `takeUndecided` tells of.
   */
  publish(channel: string, payload: Uint8Array, number: MessageNumber): number {
    let deliveries = 0
    const subscribers = this.#channels.get(channel)
    if (subscribers !== undefined) deliveries += this.#deliver(subscribers, channel, payload, number)
    for (const [pattern, entry] of this.#patterns) {
      if (entry.glob.matches(channel))
        deliveries += this.#deliver(entry.subscribers, channel, payload, number, pattern)
    }
    return deliveries
  }

  /** Deliveries of the last `publish` that show later whether they count; null where there are none. */
  takeUndecided(): Promise<number> | null {
    if (this.#undecided.length === 0) return null
    const undecided = this.#undecided
    this.#undecided = []
    return Promise.all(undecided).then(counts => counts.reduce((sum, count) => sum + count, 0))
  }

  subscriberCount(channel: string): number {
    let count = 0
    for (const subscriber of this.#channels.get(channel) ?? []) if (subscriber.isHere) count++
    return count
  }

  /** Channels with a subscriber (patterns do not count), all of them or those that the glob matches. */
  activeChannels(pattern?: string): string[] {
    const channels = [...this.#channels.keys()]
    if (pattern === undefined) return channels
    const glob = new Glob(pattern)
    return channels.filter(channel => glob.matches(channel))
  }

  /** Encodes the message once for each edition of the protocol among the subscribers. */
  #deliver(
    subscribers: ReadonlySet<Subscriber>,
    channel: string,
    payload: Uint8Array,
    number: MessageNumber,
    pattern?: string,
  ): number {
    const encoded: { 2?: Buffer; 3?: Buffer } = {}
    let deliveries = 0
    for (const subscriber of subscribers) {
      const protocol = subscriber.protocol
      encoded[protocol] ??= message(protocol, channel, payload, pattern)
      const receivers = subscriber.receive(encoded[protocol], number)
      if (typeof receivers === 'number') deliveries += receivers
      else this.#undecided.push(receivers)
    }
    return deliveries
  }
}
