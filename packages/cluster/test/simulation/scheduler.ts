// Time and chance of a simulated primary: events run one after the other, in an order that a seed decides. Between two of
// them everything that the host has queued (ticks, promises, immediates) runs out.
import type { Timer } from '../../src/primary/os'

interface Event {
  readonly at: number
  readonly order: number
  readonly run: () => void
  isCancelled: boolean
}

export class Scheduler {
  #now = 0
  #order = 0
  #state: number
  #events: Event[] = []

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  now = (): number => this.#now

  /** From 0 up to 1 (mulberry32). */
  random = (): number => {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }

  chance(share: number): boolean {
    return this.random() < share
  }

  upTo(most: number): number {
    return Math.floor(this.random() * most)
  }

  after(ms: number, run: () => void): Timer & { cancel(): void } {
    const event: Event = { at: this.#now + ms, order: ++this.#order, run, isCancelled: false }
    this.#events.push(event)
    return {
      unref() {},
      cancel() {
        event.isCancelled = true
      },
    }
  }

  /** Runs all events up to a time from now. */
  async run(ms: number): Promise<void> {
    const end = this.#now + ms
    for (;;) {
      await settle()
      let next: Event | null = null
      for (const event of this.#events) {
        if (event.at <= end && (next === null || comesBefore(event, next))) next = event
      }
      if (next === null) break
      this.#events.splice(this.#events.indexOf(next), 1)
      if (next.isCancelled) continue
      this.#now = next.at
      next.run()
    }
    this.#now = end
  }
}

function comesBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}

function settle(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
