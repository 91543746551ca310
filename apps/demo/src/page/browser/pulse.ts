/// <reference lib="dom" />
// What clients notice, measured by clients: the page publishes numbered messages to a channel of its own, and its subscribers
// hold what comes against the numbers. It draws nothing.
import { SequenceCheck } from '../../load/sequence-check'
import { Line } from './line'

const SUBSCRIBERS = 6
const EVERY_MS = 100
/** The time that percentiles are of. */
const WINDOW_MS = 10_000

/** Sums over all subscribers, since the page was opened. */
export interface Tally {
  readonly received: number
  readonly lost: number
  readonly doubled: number
  readonly outOfOrder: number
  /** Connections of subscribers that ended. */
  readonly broken: number
}

class Subscriber {
  readonly line: Line
  readonly check = new SequenceCheck()
  /** The number of the last message. */
  last = -1
  broken = 0

  constructor(line: Line) {
    this.line = line
  }
}

export class Pulse {
  /** Hears how long each message took, from the page to the page. */
  onLatency: (ms: number) => void = () => {}
  /** A subscriber has got something, or has come back. */
  onProgress: () => void = () => {}
  readonly #subscribers: readonly Subscriber[]
  readonly #publisher: Line
  #next = 0
  #timer: number | null = null
  #window: { readonly atMs: number; readonly ms: number }[] = []

  constructor(token: string) {
    const channel = `page:${Array.from(crypto.getRandomValues(new Uint8Array(8)), byte => byte.toString(36)).join('')}`
    this.#publisher = new Line('publisher', channel, token)
    this.#subscribers = Array.from(
      { length: SUBSCRIBERS },
      () => new Subscriber(new Line('subscriber', channel, token)),
    )
    this.#publisher.onOpen = () => this.#beginOnceAllAreOpen()
    for (const subscriber of this.#subscribers) {
      const { line } = subscriber
      line.onOpen = () => {
        this.#beginOnceAllAreOpen()
        this.onProgress()
      }
      line.onBreak = () => subscriber.broken++
      line.onMessage = text => this.#take(subscriber, text)
    }
  }

  open(): void {
    for (const { line } of [{ line: this.#publisher }, ...this.#subscribers]) line.open()
  }

  get subscribers(): { readonly open: number; readonly all: number } {
    return { open: this.#subscribers.filter(({ line }) => line.isOpen).length, all: SUBSCRIBERS }
  }

  /** The number of the message that is published next. */
  get next(): number {
    return this.#next
  }

  get tally(): Tally {
    const sum = (of: (subscriber: Subscriber) => number) =>
      this.#subscribers.reduce((total, subscriber) => total + of(subscriber), 0)
    return {
      received: sum(({ check }) => check.received),
      lost: sum(({ check }) => check.missing()),
      doubled: sum(({ check }) => check.doubled),
      outOfOrder: sum(({ check }) => check.outOfOrder),
      broken: sum(({ broken }) => broken),
    }
  }

  /** For each subscriber, the number of the message that it gets next, if all goes well. */
  get expected(): readonly number[] {
    return this.#subscribers.map(({ last }) => last + 1)
  }

  /** How many messages subscribers have not got, of those from a number for each on up to (not with) another. */
  lost(from: readonly number[], to: number): number {
    return this.#subscribers.reduce((total, { check }, index) => total + check.missing(from[index], to), 0)
  }

  /** Of the last ten seconds; null where nothing came. */
  percentiles(): { readonly p50: number; readonly p99: number } | null {
    const since = performance.now() - WINDOW_MS
    this.#window = this.#window.filter(({ atMs }) => atMs >= since)
    return percentilesOf(this.#window.map(({ ms }) => ms))
  }

  /** Whether every subscriber is connected, and has got this message or a later one. */
  hasReached(number: number): boolean {
    return this.#subscribers.every(({ line, last }) => line.isOpen && last >= number)
  }

  /** What is published before all are there would count as lost. */
  #beginOnceAllAreOpen(): void {
    if (this.#timer !== null || !this.#publisher.isOpen) return
    if (!this.#subscribers.every(({ line }) => line.isOpen)) return
    this.#timer = window.setInterval(() => this.#publish(), EVERY_MS)
    this.#publish()
  }

  #publish(): void {
    if (!this.#publisher.isOpen) return
    this.#publisher.send(`${this.#next} ${performance.now().toFixed(1)}`)
    this.#next++
  }

  #take(subscriber: Subscriber, text: string): void {
    const [number, sentMs] = text.split(' ').map(Number) as [number, number]
    const atMs = performance.now()
    const ms = Math.max(0, atMs - sentMs)
    subscriber.check.take(number)
    subscriber.last = Math.max(subscriber.last, number)
    this.#window.push({ atMs, ms })
    this.onLatency(ms)
    this.onProgress()
  }
}

export function percentilesOf(
  values: readonly number[],
): { readonly p50: number; readonly p99: number } | null {
  if (values.length === 0) return null
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!
  return { p50: at(0.5), p99: at(0.99) }
}
