// A worker that cannot take connections for want of something (descriptors of its own, or of the user's quota in flight) is
// left in peace for a while, longer each time. A state and a timer; it knows nothing of what was short.
import type { PrimaryOs, Timer } from './os'

const FIRST_MS = 10
const LONGEST_MS = 1000

export class ShortagePause {
  readonly #os: PrimaryOs
  readonly #over: () => void
  #timer: Timer | null = null
  #nextMs = FIRST_MS

  /** `over`: it may be tried again. */
  constructor(os: PrimaryOs, over: () => void) {
    this.#os = os
    this.#over = over
  }

  get isOn(): boolean {
    return this.#timer !== null
  }

  start(): void {
    if (this.#timer) return
    this.#timer = this.#os.setTimeout(() => {
      this.#timer = null
      this.#over()
    }, this.#nextMs)
    this.#nextMs = Math.min(LONGEST_MS, this.#nextMs * 2)
  }

  /** Something was taken: the next pause is short again. */
  reset(): void {
    this.#nextMs = FIRST_MS
  }

  stop(): void {
    if (this.#timer) this.#os.clearTimeout(this.#timer)
    this.#timer = null
  }
}
