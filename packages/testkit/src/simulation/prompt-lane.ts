// A lane between hosts whose links may take no time: what arrives at once has arrived when a call returns, as on loopback.
// It knows nothing of how a segment travels.
import type { KeepAlive, Lane, Segment } from '../network/fabric'

/** Does something, and then all that arrives at once because of it. */
export type Promptly = (act: () => void) => void

/** A lane that its end calls. */
export class PromptLane implements Lane {
  readonly #lane: Lane
  readonly #promptly: Promptly

  constructor(lane: Lane, promptly: Promptly) {
    this.#lane = lane
    this.#promptly = promptly
  }

  get segmentBytes(): number {
    return this.#lane.segmentBytes
  }

  get isRepeating(): boolean {
    return this.#lane.isRepeating
  }

  send(segment: Segment): void {
    this.#promptly(() => this.#lane.send(segment))
  }

  reset(): void {
    this.#promptly(() => this.#lane.reset())
  }

  room(): number {
    return this.#lane.room()
  }

  consumed(): void {
    this.#promptly(() => this.#lane.consumed())
  }

  keepAlive(settings: KeepAlive | null): void {
    this.#lane.keepAlive(settings)
  }

  abandon(): void {
    this.#lane.abandon()
  }
}

/** What arrives at once, in order, while something is done. */
export class Arrivals {
  readonly #waiting: (() => void)[] = []
  readonly #failed: (error: unknown) => void
  #isOpen = false

  /** `failed`: what an arrival throws is no failure of the call that sent it. */
  constructor(failed: (error: unknown) => void) {
    this.#failed = failed
  }

  /** False where nobody waits for it: it is to come by itself. */
  add(arrival: () => void): boolean {
    if (this.#isOpen) this.#waiting.push(arrival)
    return this.#isOpen
  }

  readonly promptly: Promptly = act => {
    if (this.#isOpen) return act()
    this.#isOpen = true
    try {
      act()
    } finally {
      this.#takeIn()
      this.#isOpen = false
    }
  }

  #takeIn(): void {
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      try {
        next()
      } catch (error) {
        this.#failed(error)
      }
    }
  }
}
