// Random numbers from a seed, so that whatever was thrown can be thrown again. It knows no peer.

/** mulberry32: a function that answers a whole number from 0 to `below` less one. @param {number} seed */
export function dice(seed) {
  let state = seed >>> 0
  /** @param {number} below */
  return below => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

/** One of several. @template T @param {(below: number) => number} random @param {readonly T[]} choices @returns {T} */
export function pick(random, choices) {
  return /** @type {T} */ (choices[random(choices.length)])
}

/**
 * Whether something is to be wrong here: once in `times`, for a peer that errs.
 *
 * @param {((below: number) => number) & { errs?: boolean }} random @param {number} times
 */
export function isOdd(random, times) {
  return random.errs !== false && random(times) === 0
}
