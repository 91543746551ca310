// Medians, ranges, and how much of a difference is chance. It knows no bench.

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

/**
 * The median with the least and the most. Of n values that are drawn alike, the range holds the true median with a
 * probability of 1 - 2^(1-n): 94 % of five, 98 % of seven.
 *
 * @typedef {{ median: number, least: number, most: number }} Spread
 * @param {readonly number[]} values
 * @returns {Spread}
 */
export function spread(values) {
  return { median: median(values), least: Math.min(...values), most: Math.max(...values) }
}

/**
 * The 95 % interval of the median by the bootstrap (percentiles of the medians of resampled values). The seed is fixed, so
 * the same values always give the same interval.
 *
 * @param {readonly number[]} values
 * @returns {{ low: number, high: number }}
 */
export function intervalOfMedian(values) {
  const resamples = 4000
  const random = numbersFrom(1)
  const medians = Array.from({ length: resamples }, () =>
    median(values.map(() => values[Math.floor(random() * values.length)] ?? Number.NaN)),
  ).sort((a, b) => a - b)
  return { low: at(medians, 0.025), high: at(medians, 0.975) }
}

/**
 * How often chance alone makes the mean of paired differences as far from 0 as theirs is: the sign of each difference is
 * flipped in all ways (a permutation test of pairs), or in 20,000 random ways where there are more.
 *
 * @param {readonly number[]} differences
 */
export function chanceOf(differences) {
  const size = differences.length
  const own = Math.abs(total(differences)) * (1 - 1e-12)
  const random = numbersFrom(2)
  const isExact = size <= 14
  const ways = isExact ? 2 ** size : 20_000
  let asFar = 0
  for (let way = 0; way < ways; way++) {
    let sum = 0
    for (let n = 0; n < size; n++) {
      const isFlipped = isExact ? (way >> n) & 1 : random() < 0.5
      sum += isFlipped ? -(differences[n] ?? 0) : (differences[n] ?? 0)
    }
    if (Math.abs(sum) >= own) asFar++
  }
  return isExact ? asFar / ways : (asFar + 1) / (ways + 1)
}

/**
 * Holm's correction: of many comparisons some look good by chance. Answers the p-values, each raised so that it can be held
 * against the same limit as one alone, in the order of `chances`.
 *
 * @param {readonly number[]} chances
 */
export function correctForMany(chances) {
  const order = chances.map((_, index) => index).sort((a, b) => (chances[a] ?? 0) - (chances[b] ?? 0))
  /** @type {number[]} */
  const corrected = []
  let highest = 0
  for (const [rank, index] of order.entries()) {
    highest = Math.max(highest, Math.min(1, (chances[index] ?? 1) * (chances.length - rank)))
    corrected[index] = highest
  }
  return corrected
}

/** @param {readonly number[]} values */
function total(values) {
  return values.reduce((sum, value) => sum + value, 0)
}

/** @param {readonly number[]} sorted @param {number} share */
function at(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

/** Numbers from 0 to 1 that look random, the same for the same seed (mulberry32). @param {number} seed */
function numbersFrom(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
