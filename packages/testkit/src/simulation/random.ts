// Chance that repeats: a seeded generator. It knows nothing of what its numbers decide.
import { codedError, validateInteger, validateNumber } from '@x/core/internal'
import { validateList, validateSeed } from '../arguments'

/** A seeded source of numbers: the same seed gives the same numbers, on every platform. */
export class Random {
  #a: number
  #b: number
  #c: number
  #d = 1

  /** The seed's text decides, so that `1` and `'1'` are the same. */
  constructor(seed: number | string) {
    validateSeed(seed, 'seed')
    const hash = hashSeed(String(seed))
    this.#a = hash()
    this.#b = hash()
    this.#c = hash()
    for (let warmUp = 0; warmUp < 15; warmUp++) this.next()
  }

  /** A number from 0 up to and without 1 (sfc32 by Chris Doty-Humphrey, PractRand). */
  next(): number {
    const sum = (this.#a + this.#b + this.#d) | 0
    this.#d = (this.#d + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum
    this.#c |= 0
    return (sum >>> 0) / 4294967296
  }

  /** An integer from `least` to `most`, both included. */
  integer(least: number, most: number): number {
    validateInteger(least, 'least')
    validateInteger(most, 'most', least)
    return least + Math.floor(this.next() * (most - least + 1))
  }

  /** True with the given probability, 0 to 1. Draws nothing at 0 and 1. */
  chance(probability: number): boolean {
    validateNumber(probability, 'probability', 0, 1)
    if (probability <= 0) return false
    return probability >= 1 || this.next() < probability
  }

  /** One of the items. Throws `ERR_INVALID_ARG_VALUE` if there are none. */
  pick<T>(items: readonly T[]): T {
    validateList(items, 'items', () => {})
    if (items.length === 0) throw codedError('ERR_INVALID_ARG_VALUE', 'items', items, 'has none')
    return items[Math.floor(this.next() * items.length)] as T
  }

  /** A copy of the items in another order. */
  shuffle<T>(items: readonly T[]): T[] {
    validateList(items, 'items', () => {})
    const mixed = [...items]
    for (let index = mixed.length - 1; index > 0; index--) {
      const other = this.integer(0, index)
      const item = mixed[index] as T
      mixed[index] = mixed[other] as T
      mixed[other] = item
    }
    return mixed
  }

  /** Random bytes. */
  bytes(length: number): Buffer {
    validateInteger(length, 'length', 0)
    const bytes = Buffer.allocUnsafe(length)
    for (let at = 0; at < length; at++) bytes[at] = this.next() * 256
    return bytes
  }
}

/** Spreads a text over 32-bit words (xmur3). */
function hashSeed(text: string): () => number {
  let state = 1779033703 ^ text.length
  for (let at = 0; at < text.length; at++) {
    state = Math.imul(state ^ text.charCodeAt(at), 3432918353)
    state = (state << 13) | (state >>> 19)
  }
  return () => {
    state = Math.imul(state ^ (state >>> 16), 2246822507)
    state = Math.imul(state ^ (state >>> 13), 3266489909)
    state ^= state >>> 16
    return state
  }
}
