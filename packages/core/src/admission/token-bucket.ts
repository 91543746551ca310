// So many in so much time, with bursts: a token bucket. It knows no clock; its caller tells the time.
import type { Rate } from './options'

export class TokenBucket {
  readonly #rate: Rate
  #tokens: number
  #atMs: number

  constructor(rate: Rate, nowMs: number) {
    this.#rate = rate
    this.#tokens = rate.burst
    this.#atMs = nowMs
  }

  hasToken(nowMs: number): boolean {
    this.#fill(nowMs)
    return this.#tokens >= 1
  }

  take(nowMs: number): void {
    this.#fill(nowMs)
    this.#tokens = Math.max(0, this.#tokens - 1)
  }

  /** Milliseconds until there is a token; 0 where there is one. */
  waitMs(nowMs: number): number {
    this.#fill(nowMs)
    return Math.max(0, ((1 - this.#tokens) / this.#rate.perSecond) * 1000)
  }

  #fill(nowMs: number): void {
    // A clock that goes back gives nothing and takes nothing.
    const passedMs = Math.max(0, nowMs - this.#atMs)
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + (passedMs / 1000) * this.#rate.perSecond)
    this.#atMs = nowMs
  }
}
