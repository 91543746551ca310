// Choices from a seed: the same seed gives the same choices on every machine. It knows nothing of what is chosen.

/** A generator of 32-bit numbers with the choices that a program is made of. */
export class Random {
  #state

  /** @param {number} seed */
  constructor(seed) {
    // Neighbouring seeds would begin with like numbers.
    this.#state = (Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ (seed >>> 3)) >>> 0
    for (let i = 0; i < 4; i++) this.next()
  }

  /** The next number, 0 to 2^32 - 1 (mulberry32). */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }

  /** A whole number from 0 to `below` - 1. @param {number} below */
  int(below) {
    return this.next() % below
  }

  /** True so often. @param {number} probability 0 to 1 */
  chance(probability) {
    return this.next() / 2 ** 32 < probability
  }

  /** @template T @param {readonly T[]} list @returns {T} */
  pick(list) {
    return /** @type {T} */ (list[this.int(list.length)])
  }

  /** A key of the table, each as often as its weight says. @template {string} K @param {Readonly<Record<K, number>>} table @returns {K} */
  weighted(table) {
    const entries = /** @type {[K, number][]} */ (Object.entries(table))
    let left = this.int(entries.reduce((sum, [, weight]) => sum + weight, 0))
    for (const [key, weight] of entries) {
      left -= weight
      if (left < 0) return key
    }
    throw new Error('a table of weights without a weight')
  }
}
