// Whether the peer is still there, while nothing is read of it: who does not read does not see that the other end is closed,
// but who writes does. It knows no frame.
import { clearTimeout, setTimeout } from '../host'

/** How often the peer is written to. */
const LOOK_MS = 1000

export class Lookout {
  readonly #write: () => void
  #timer: NodeJS.Timeout | null = null

  /** `write` sends the peer something that it ignores. */
  constructor(write: () => void) {
    this.#write = write
  }

  start(): void {
    if (this.#timer !== null) return
    this.#timer = setTimeout(() => {
      this.#timer = null
      this.start()
      this.#write()
    }, LOOK_MS)
    this.#timer.unref()
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }
}
