// Whether a difference between two versions is one, or noise, in words. It measures nothing.
import { chanceOf, correctForMany, intervalOfMedian, median } from '../statistics.mjs'

/** A difference is believed where chance makes one as large in less than this share of cases. */
const LIMIT = 0.05

/**
 * A figure of both versions, run by run; lower is better.
 *
 * @typedef {object} Pairs
 * @property {string} bench
 * @property {string} figure
 * @property {readonly number[]} a
 * @property {readonly number[]} b
 */

/**
 * @typedef {object} Verdict
 * @property {string} bench
 * @property {string} figure
 * @property {number} a median
 * @property {number} b median
 * @property {number} ratio median of B / A of each pair of runs
 * @property {{ low: number, high: number }} interval of the ratio, 95 %
 * @property {number} chance that noise alone looks like this, among so many comparisons
 * @property {'less' | 'more' | 'noise'} finding what B costs
 * @property {string} words
 */

/** Of two runs that follow each other, on a logarithmic scale, so that twice and half are as far from one. @param {readonly Pairs[]} all @returns {Verdict[]} */
export function judge(all) {
  const differences = all.map(({ a, b }) => a.map((value, run) => Math.log((b[run] ?? Number.NaN) / value)))
  const chances = correctForMany(differences.map(chanceOf))
  return all.map(({ bench, figure, a, b }, at) => {
    const own = differences[at] ?? []
    const { low, high } = intervalOfMedian(own)
    const interval = { low: Math.exp(low), high: Math.exp(high) }
    const ratio = Math.exp(median(own))
    const chance = chances[at] ?? 1
    const isReal = chance < LIMIT && (interval.high < 1 || interval.low > 1)
    const finding = isReal ? (ratio < 1 ? 'less' : 'more') : 'noise'
    const words = wordsOf({ ratio, interval, chance, finding })
    return { bench, figure, a: median(a), b: median(b), ratio, interval, chance, finding, words }
  })
}

/** @param {Pick<Verdict, 'ratio' | 'interval' | 'chance' | 'finding'>} verdict */
function wordsOf({ ratio, interval, chance, finding }) {
  if (finding === 'noise') {
    return `noise: no difference that these runs can tell; if there is one, it is within ${signed(interval.low)} to ${signed(interval.high)}`
  }
  const [near, far] = [interval.low, interval.high]
    .map(bound => Math.abs(bound - 1))
    .sort((x, y) => x - y)
    .map(percent)
  const often = chance < 0.001 ? 'less than once in 1000' : `once in ${Math.floor(1 / chance)}`
  return `B costs ${percent(Math.abs(ratio - 1))} ${finding} (95 % sure of ${near} to ${far}); chance does this ${often}`
}

/** @param {number} share */
function percent(share) {
  return `${(share * 100).toFixed(1)} %`
}

/** @param {number} ratio */
function signed(ratio) {
  return `${ratio < 1 ? '-' : '+'}${percent(Math.abs(ratio - 1))}`
}

/** The fewest runs by which so many comparisons can show anything: with fewer, even the clearest difference could be chance. @param {number} comparisons */
export function runsNeeded(comparisons) {
  return Math.floor(Math.log2((2 * comparisons) / LIMIT)) + 1
}
