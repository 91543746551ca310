// Which benches there are.
import { benches as bulk } from './benches/bulk.mjs'
import { benches as connections } from './benches/connections.mjs'
import { benches as pings } from './benches/pings.mjs'

/**
 * @typedef {object} Bench
 * @property {string} name
 * @property {string} title
 * @property {string} server the program in `servers/`
 * @property {string} unit of work
 * @property {boolean} [isMemory] it holds connections and is about bytes; the others do work
 * @property {(port: number, options: import('./options.mjs').Options, share: number) => Promise<{ count: number, perSecond: number }>} [load]
 *   does `share` of a run's work
 * @property {(port: number, options: import('./options.mjs').Options) => Promise<{ release(): Promise<void> }>} [hold]
 */

/** @type {readonly Bench[]} */
export const BENCHES = [...pings, ...bulk, ...connections]
export const BENCH_NAMES = BENCHES.map(bench => bench.name)
