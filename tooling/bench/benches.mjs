// Which benches there are.
import { benches as bulk } from './benches/bulk.mjs'
import { benches as connections } from './benches/connections.mjs'
import { benches as http } from './benches/http.mjs'
import { benches as pings } from './benches/pings.mjs'
import { benches as rated } from './benches/rated.mjs'

/**
 * @typedef {object} Work
 * @property {number} count units that were done
 * @property {number} perSecond
 * @property {Latency} [latencyUs]
 */

/**
 * Microseconds from the time that a request was planned for to its answer.
 *
 * @typedef {object} Latency
 * @property {number} p50
 * @property {number} p99
 * @property {number} p999
 * @property {number} max
 * @property {number} sentLateP99 how late the load itself sent: latencies near to this are the load's
 */

/**
 * What a load has to know.
 *
 * @typedef {object} Site
 * @property {number} port of the server
 * @property {string | null} processors for the load
 * @property {import('./options.mjs').Options} options
 */

/** @typedef {{ work(): Promise<Work>, release(): Promise<void> }} Standing */

/**
 * @typedef {object} Bench
 * @property {string} name
 * @property {string} title
 * @property {string} server the program in `servers/`
 * @property {string} unit of work
 * @property {readonly string[]} [groups] names by which several are chosen at once
 * @property {readonly string[]} [arms] the only ones that have this server; without it, all
 * @property {boolean} [needsSink] its server passes connections on to a sink
 * @property {boolean} [isSpread] its server has several processes: it gets all processors but one
 * @property {number} [warmUpShare] how many runs' work warms its server up, where half a run does not
 * @property {number} [connections] that it holds, where it differs from others by this alone
 * @property {(options: import('./options.mjs').Options) => string | null | Promise<string | null>} [whyNot] it cannot run here
 * @property {() => Promise<string>} [by] which program is the load, where there are two
 * @property {(site: Site, share: number) => Promise<Work>} [load] does `share` of a run's work, from connecting to the end
 * @property {(site: Site, share: number) => Promise<Standing>} [stand] connects; only `work` is measured
 * @property {(site: Site, count: number) => Promise<{ release(): Promise<void> }>} [hold] connects so many, for a bench of memory
 */

/** @type {readonly Bench[]} */
export const BENCHES = [...pings, ...connections, ...bulk, ...http, ...rated]
export const BENCH_NAMES = BENCHES.map(({ name }) => name)
export const GROUP_NAMES = [...new Set(BENCHES.flatMap(({ groups = [] }) => groups))]

/** The benches of these names and groups, in the order of `BENCHES`. @param {readonly string[]} names */
export function benchesOf(names) {
  return BENCHES.filter(
    ({ name, groups = [] }) => names.includes(name) || groups.some(group => names.includes(group)),
  )
}
