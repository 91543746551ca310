// The way between two hosts, one direction of it: how long a packet takes and whether it passes. It knows time and
// chance, and no connection.
import type { Misfortunes } from './misfortunes'
import type { Random } from './random'

/** How a link behaves. Each direction has these for itself. */
export interface LinkOptions {
  /** Milliseconds from one host to the other. Default 1. */
  latencyMs?: number
  /** Up to that many milliseconds more, evenly spread. Default 0. Order is kept, as TCP keeps it. */
  jitterMs?: number
  /** Bytes a second, shared by all connections of the direction. Default: no limit. */
  bytesPerSecond?: number
  /** Probability that a packet is lost, 0 to below 1. TCP sends it again: it shows as delay. Default 0. */
  loss?: number
}

/** What becomes of a packet. */
export interface Passage {
  /** When its last byte has left the sender: what is before it in the queue goes first. */
  readonly leavesAtMs: number
  /** When it is at the other side; null where it is lost. */
  readonly arrivesAtMs: number | null
}

/** Headers of a packet without options: IPv4 20, TCP 20 (RFC 9293). */
const HEADER_BYTES = 40

/** One direction between two hosts. */
export class Link {
  #latencyMs = 1
  #jitterMs = 0
  #bytesPerSecond = Number.POSITIVE_INFINITY
  #loss = 0
  #busyUntilMs = 0
  readonly #misfortunes: Misfortunes
  /** Nothing passes. */
  isCut = false

  constructor(misfortunes: Misfortunes) {
    this.#misfortunes = misfortunes
  }

  /** Changes what is named, and leaves the rest as it is. */
  set(options: LinkOptions): void {
    const { latencyMs, jitterMs, bytesPerSecond, loss } = options
    const isLength = (value: number) => value >= 0 && Number.isFinite(value)
    if (latencyMs !== undefined) this.#latencyMs = checked('latencyMs', latencyMs, isLength(latencyMs))
    if (jitterMs !== undefined) this.#jitterMs = checked('jitterMs', jitterMs, isLength(jitterMs))
    if (bytesPerSecond !== undefined) {
      this.#bytesPerSecond = checked('bytesPerSecond', bytesPerSecond, bytesPerSecond > 0)
    }
    if (loss !== undefined) this.#loss = checked('loss', loss, loss >= 0 && loss < 1)
    if (!this.#misfortunes.allows('loss')) this.#loss = 0
    if (!this.#misfortunes.allows('jitter')) this.#jitterMs = 0
  }

  /** The longest that an empty packet takes on an idle link. */
  get mostMs(): number {
    return this.#latencyMs + this.#jitterMs
  }

  /** Milliseconds until what waits before it has left the sender. */
  queueMs(nowMs: number): number {
    return Math.max(0, this.#busyUntilMs - nowMs)
  }

  /** A packet is sent now. */
  pass(payloadBytes: number, nowMs: number, random: Random): Passage {
    let leavesAtMs = Math.max(nowMs, this.#busyUntilMs)
    if (this.#bytesPerSecond !== Number.POSITIVE_INFINITY) {
      leavesAtMs += ((payloadBytes + HEADER_BYTES) * 1000) / this.#bytesPerSecond
      this.#busyUntilMs = leavesAtMs
    }
    if (this.isCut || random.chance(this.#loss)) return { leavesAtMs, arrivesAtMs: null }
    const jitterMs = this.#jitterMs > 0 ? random.next() * this.#jitterMs : 0
    return { leavesAtMs, arrivesAtMs: leavesAtMs + this.#latencyMs + jitterMs }
  }
}

function checked(name: string, value: number, isRight: boolean): number {
  if (!isRight) throw new RangeError(`${name} cannot be ${value}`)
  return value
}
