// How long a channel waits for something. It knows what is waited for in words only.
import { clearImmediate, clearTimeout, setImmediate, setTimeout } from '../host'

export class Patience {
  readonly #ms: number
  readonly #over: (what: string, ms: number) => void
  #timer: NodeJS.Timeout | null = null
  #lastLook: NodeJS.Immediate | null = null

  /** `ms` of 0: it waits for ever. */
  constructor(ms: number, over: (what: string, ms: number) => void) {
    this.#ms = ms
    this.#over = over
  }

  /** Waits from now on, in place of what it waited for. */
  waitFor(what: string, ms = this.#ms): void {
    this.stop()
    if (ms === 0) return
    this.#timer = setTimeout(() => {
      // Where it was this process that was late, what the peer sent in time is still to be read: timers come before I/O. One
      // without a reference would not come before the loop has something else to do.
      this.#lastLook = setImmediate(() => this.#over(what, ms))
    }, ms)
    this.#timer.unref()
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    if (this.#lastLook !== null) clearImmediate(this.#lastLook)
    this.#timer = null
    this.#lastLook = null
  }
}
