// When a worker that fell may be started again, and when to give up. Pure: time and chance are passed in.

/** How soon a worker that died is started again, and when to give up. */
export interface RestartOptions {
  /** Delay before the first restart, in milliseconds; 100 unless told. */
  readonly minDelayMs?: number
  /** Longest delay; 30,000 unless told. */
  readonly maxDelayMs?: number
  /** Share by which a delay varies at random, 0 to 1; 0.2 unless told. */
  readonly jitter?: number
  /** Failures within `windowMs` after which no worker is started any more; 10 unless told. */
  readonly maxFailures?: number
  /** 60,000 unless told. */
  readonly windowMs?: number
}

/** When the worker of one place may be started again. */
export class BackOff {
  readonly #options: Required<RestartOptions>
  readonly #now: () => number
  readonly #random: () => number
  #failures: number[] = []
  /** Starts in a row that the system was too short of something for. */
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

  /** A worker fell: milliseconds to wait before the next start, or null to give up. Doubles with each failure in the window. */
  fail(): number | null {
    const { maxFailures, windowMs } = this.#options
    const now = this.#now()
    this.#failures = [...this.#failures.filter(at => now - at < windowMs), now]
    this.#shortages = 0
    return this.#failures.length > maxFailures ? null : this.#delay(this.#failures.length)
  }

  /** The system was too short of something to start it: milliseconds to wait. That is no failure, and nobody gives up for it. */
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
