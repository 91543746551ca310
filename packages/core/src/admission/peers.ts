// What is known of the peers of a server by address: open connections and rates, by key. It does not know how an address
// becomes a key. Its memory is bounded: counts by the connections that are open, rates by a number of keys.
import type { Rate } from './options'
import { TokenBucket } from './token-bucket'

/** An address or a network. */
export type PeerKey = number | string

export class Peers {
  readonly #max: number
  readonly #rate: Rate | null
  readonly #maxRemembered: number
  readonly #open = new Map<PeerKey, number>()
  /** Those seen last stand last. */
  readonly #buckets = new Map<PeerKey, TokenBucket>()

  constructor(max: number, rate: Rate | null, maxRemembered: number) {
    this.#max = max
    this.#rate = rate
    this.#maxRemembered = maxRemembered
  }

  /** How many keys are remembered. */
  get size(): number {
    return Math.max(this.#open.size, this.#buckets.size)
  }

  isFull(key: PeerKey): boolean {
    return (this.#open.get(key) ?? 0) >= this.#max
  }

  isTooFast(key: PeerKey, nowMs: number): boolean {
    if (this.#rate === null) return false
    const bucket = this.#buckets.get(key)
    return bucket !== undefined && !bucket.hasToken(nowMs)
  }

  opened(key: PeerKey, nowMs: number): void {
    if (this.#max !== Number.POSITIVE_INFINITY) this.#open.set(key, (this.#open.get(key) ?? 0) + 1)
    if (this.#rate === null) return
    const bucket = this.#buckets.get(key) ?? new TokenBucket(this.#rate, nowMs)
    bucket.take(nowMs)
    this.#buckets.delete(key)
    this.#buckets.set(key, bucket)
    if (this.#buckets.size <= this.#maxRemembered) return
    const [oldest] = this.#buckets.keys()
    this.#buckets.delete(oldest!)
  }

  closed(key: PeerKey): void {
    const open = this.#open.get(key) ?? 0
    if (open <= 1) this.#open.delete(key)
    else this.#open.set(key, open - 1)
  }
}
