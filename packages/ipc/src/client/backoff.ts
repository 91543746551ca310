// How long to wait before the next attempt to connect: longer each time, and never quite the same, so that many clients of
// one server do not come back in step. It sets no timer.
import { monotonicMs } from '../host'

export class Backoff {
  readonly #firstMs: number
  readonly #mostMs: number
  #failures = 0
  #upSinceMs = Number.POSITIVE_INFINITY

  constructor(firstMs: number, mostMs: number) {
    this.#firstMs = firstMs
    this.#mostMs = mostMs
  }

  /** It is connected. */
  up(): void {
    this.#upSinceMs = monotonicMs()
  }

  /** It is not connected, or not any more. A connection that has held for a while makes the next wait a short one. */
  nextDelayMs(): number {
    if (monotonicMs() - this.#upSinceMs > this.#mostMs) this.#failures = 0
    this.#upSinceMs = Number.POSITIVE_INFINITY
    const longestMs = Math.min(this.#mostMs, this.#firstMs * 2 ** this.#failures)
    if (longestMs < this.#mostMs) this.#failures++
    return longestMs * (0.5 + Math.random() / 2)
  }
}
