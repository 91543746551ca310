// When a worker that fell may be started again, and when to give up. Pure: time and chance are passed in.

/** How soon a worker that died is started again, and when to give up. */
export interface RestartOptions {
  /** Delay before the first restart, in milliseconds. Default: 100. */
  readonly minDelayMs?: number
  /** Longest delay, in milliseconds. Default: 30,000. */
  readonly maxDelayMs?: number
  /** Random variation of each delay, as a share from 0 to 1. Default: 0.2. */
  readonly jitter?: number
  /** Failures within `windowMs` after which no more workers are started in this place. Default: 10. */
  readonly maxFailures?: number
  /** Window of `maxFailures`, in milliseconds. Default: 60,000. */
  readonly windowMs?: number
}

/** When the worker of one place may be started again. */
export class BackOff {
  readonly #options: Required<RestartOptions>
  readonly #now: () => number
  readonly #random: () => number
  #failures: number[] = []
  /** Consecutive starts that failed because the system lacked resources. */
  #shortages = 0

  constructor(options: Required<RestartOptions>, now: () => number, random: () => number) {
    this.#options = options
    this.#now = now
    this.#random = random
  }

  /** Failures inside the window. */
  get failures(): number {
    return this.#failures.length
  }

  /** A worker ended unexpectedly: milliseconds to wait before the next start, or null to give up. Doubles with each failure in the window. */
  fail(): number | null {
    const { maxFailures, windowMs } = this.#options
    const now = this.#now()
    this.#failures = [...this.#failures.filter(at => now - at < windowMs), now]
    this.#shortages = 0
    return this.#failures.length > maxFailures ? null : this.#delay(this.#failures.length)
  }

  /** The system lacked resources to start it: milliseconds to wait. This does not count as a failure. */
  fallShort(): number {
    this.#shortages++
    return this.#delay(this.#shortages)
  }

  #delay(times: number): number {
    const { minDelayMs, maxDelayMs, jitter } = this.#options
    const delay = Math.min(maxDelayMs, minDelayMs * 2 ** (times - 1))
    return Math.round(delay * (1 + jitter * (this.#random() * 2 - 1)))
  }
}
