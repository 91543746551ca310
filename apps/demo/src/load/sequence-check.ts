// What one subscriber had of one publisher, whose messages are numbered from 0: what is lost, came twice, or too late.

export class SequenceCheck {
  doubled = 0
  outOfOrder = 0
  received = 0
  #next = 0
  /** Numbers below `#next` that have not come. */
  readonly #missing = new Set<number>()

  take(number: number): void {
    this.received++
    if (number >= this.#next) {
      for (let skipped = this.#next; skipped < number; skipped++) this.#missing.add(skipped)
      this.#next = number + 1
    } else if (this.#missing.delete(number)) this.outOfOrder++
    else this.doubled++
  }

  /** How many numbers, from one up to (not with) another, were skipped and have not come since. */
  missing(from = 0, to = Number.POSITIVE_INFINITY): number {
    if (from === 0 && to >= this.#next) return this.#missing.size
    return [...this.#missing].filter(number => number >= from && number < to).length
  }

  /** How many of so many messages have not come. */
  lost(published: number): number {
    return this.#missing.size + Math.max(0, published - this.#next)
  }
}
