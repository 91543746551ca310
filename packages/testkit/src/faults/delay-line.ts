// Things that happen one after the other, some of them later or not before they are released. It knows time and order.
import type { Outcome } from './rule'

/** One thing in a line. */
export interface LineItem {
  /** `performance.now()` from which it may happen. */
  readonly dueAtMs: number
  /** Waits for a change of the rules. */
  readonly isHeld: boolean
}

/** When an item may happen, after a decision. */
export function timing(delayMs: number, outcome: Outcome, nowMs = performance.now()): LineItem {
  return { dueAtMs: delayMs > 0 ? nowMs + delayMs : 0, isHeld: outcome === 'hold' }
}

/** A queue with delays; order is kept. */
export class DelayLine<Item extends LineItem> {
  readonly #onDue: () => void
  #items: Item[] = []
  #timer: NodeJS.Timeout | null = null
  #isReferenced = true

  /** `onDue`: the head, which was not due when it was asked for, is due now. */
  constructor(onDue: () => void) {
    this.#onDue = onDue
  }

  get items(): readonly Item[] {
    return this.#items
  }

  push(...items: Item[]): void {
    this.#items.push(...items)
  }

  /** Puts an item before all others. */
  unshift(item: Item): void {
    this.#items.unshift(item)
  }

  /** Takes the head off where it may happen now; else sees to it that `onDue` is called. */
  take(nowMs = performance.now()): Item | null {
    const head = this.#items[0]
    if (!head || head.isHeld) return null
    const waitMs = head.dueAtMs - nowMs
    if (waitMs > 0) {
      this.#wait(waitMs)
      return null
    }
    this.#items.shift()
    return head
  }

  /** Puts others in the place of what is held. */
  replaceHeld(again: (item: Item) => Item[]): void {
    this.#items = this.#items.flatMap(item => (item.isHeld ? again(item) : [item]))
  }

  /** Takes out all items that a test names. */
  remove(isRemoved: (item: Item) => boolean): void {
    this.#items = this.#items.filter(item => !isRemoved(item))
  }

  /** Takes out everything. */
  clear(): Item[] {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    return this.#items.splice(0)
  }

  reference(isReferenced: boolean): void {
    this.#isReferenced = isReferenced
    if (isReferenced) this.#timer?.ref()
    else this.#timer?.unref()
  }

  #wait(ms: number): void {
    if (this.#timer) return
    this.#timer = setTimeout(() => {
      this.#timer = null
      this.#onDue()
    }, Math.ceil(ms))
    if (!this.#isReferenced) this.#timer.unref()
  }
}
