// The way between two hosts, one direction of it: how long a segment takes and whether anything passes. It knows time
// and chance, and no connection.
import type { Random } from './random'

/** How a link behaves. Each direction has these for itself. */
export interface LinkOptions {
  /** Milliseconds from one host to the other. Default 1. */
  latencyMs?: number
  /** Up to that many milliseconds more, evenly spread. Default 0. Order is kept, as TCP keeps it. */
  jitterMs?: number
  /** Bytes a second, shared by all connections of the direction. Default: no limit. */
  bytesPerSecond?: number
  /** Probability that a segment is lost, 0 to below 1. TCP sends it again: it shows as delay. Default 0. */
  loss?: number
}

/** First retransmission, where the way is shorter than that (Linux's TCP_RTO_MIN; RFC 6298). */
const LEAST_RETRY_MS = 200
/** Headers of a segment without options: IPv4 20, TCP 20 (RFC 9293). */
const HEADER_BYTES = 40

/** One direction between two hosts. */
export class Link {
  #latencyMs = 1
  #jitterMs = 0
  #bytesPerSecond = Number.POSITIVE_INFINITY
  #loss = 0
  #busyUntil = 0
  /** Nothing passes. */
  isCut = false

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
  }

  /** Milliseconds until a lost segment is sent again for the first time. */
  get retryMs(): number {
    return Math.max(LEAST_RETRY_MS, 3 * (this.#latencyMs + this.#jitterMs))
  }

  /** When a segment that is sent now arrives, the times that it is lost on the way included. */
  arrivalOf(bytes: number, nowMs: number, random: Random): number {
    let sentMs = Math.max(nowMs, this.#busyUntil)
    if (this.#bytesPerSecond !== Number.POSITIVE_INFINITY) {
      sentMs += ((bytes + HEADER_BYTES) * 1000) / this.#bytesPerSecond
      this.#busyUntil = sentMs
    }
    let retryMs = this.retryMs
    while (random.chance(this.#loss)) {
      sentMs += retryMs
      retryMs *= 2
    }
    return sentMs + this.#latencyMs + (this.#jitterMs > 0 ? random.next() * this.#jitterMs : 0)
  }
}

function checked(name: string, value: number, isRight: boolean): number {
  if (!isRight) throw new RangeError(`${name} cannot be ${value}`)
  return value
}
