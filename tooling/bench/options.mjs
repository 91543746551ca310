// The command line of the bench.
import { parseArgs } from 'node:util'
import { ARM_NAMES } from './arms.mjs'
import { BENCH_NAMES } from './benches.mjs'

/**
 * @typedef {object} Options
 * @property {string[]} benches
 * @property {string[]} arms
 * @property {number} runs measured runs of each arm
 * @property {number} requests for one run of `ping`; four times as many for `pipelined-ping`
 * @property {number} clients connections at one time
 * @property {number} connections for one run of an `accept-echo` bench
 * @property {number} gigabytes for one run of `bulk-receive`
 * @property {number} idle connections for `idle-connections`
 * @property {string} node runs the servers
 * @property {string} bun
 * @property {string | undefined} json file for the figures
 */

export const HELP = `What @x/core costs beside node:net, as ratios: server CPU and throughput.

Usage: pnpm bench [bench ...] [options]
       pnpm bench ipc [--runs N] [--messages N] [--trips N]   messages between processes, against process.send
       pnpm bench spread [--rate N] [--seconds N] [--slow MS] [--quick MS]   policies with a slow worker

Benches: ${BENCH_NAMES.join(', ')} (all)

  --arms LIST          ${ARM_NAMES.join(',')}   (net,native,portable); net is always run
  --runs NUMBER        measured runs of each arm, in turns  (5)
  --requests NUMBER    commands of a run                    (100000)
  --clients NUMBER     connections at one time              (50)
  --connections NUMBER connections of a run                 (5000)
  --gigabytes NUMBER   bytes of a bulk run                  (1)
  --idle NUMBER        idle connections                     (2000)
  --node FILE          the Node that runs the servers       (this one)
  --bun FILE           the Bun of the arm "bun"             (bun)
  --json FILE          writes the figures there, too
  --help
`

/** @param {readonly string[]} words @returns {Options | 'help'} */
export function parseOptions(words) {
  const { values, positionals } = parseArgs({
    args: words.filter(word => word !== '--'),
    allowPositionals: true,
    options: {
      arms: { type: 'string', default: 'net,native,portable' },
      runs: { type: 'string', default: '5' },
      requests: { type: 'string', default: '100000' },
      clients: { type: 'string', default: '50' },
      connections: { type: 'string', default: '5000' },
      gigabytes: { type: 'string', default: '1' },
      idle: { type: 'string', default: '2000' },
      node: { type: 'string', default: process.execPath },
      bun: { type: 'string', default: 'bun' },
      json: { type: 'string' },
      help: { type: 'boolean', default: false, short: 'h' },
    },
  })
  if (values.help) return 'help'
  const arms = values.arms.split(',')
  return {
    benches: known('bench', positionals.length > 0 ? positionals : BENCH_NAMES, BENCH_NAMES),
    arms: known('arm', ['net', ...arms.filter(arm => arm !== 'net')], ARM_NAMES),
    runs: positive('--runs', values.runs),
    requests: positive('--requests', values.requests),
    clients: positive('--clients', values.clients),
    connections: positive('--connections', values.connections),
    gigabytes: positive('--gigabytes', values.gigabytes),
    idle: positive('--idle', values.idle),
    node: values.node,
    bun: values.bun,
    json: values.json,
  }
}

/** @param {string} what @param {readonly string[]} names @param {readonly string[]} all */
function known(what, names, all) {
  const unknown = names.find(name => !all.includes(name))
  if (unknown !== undefined) throw new RangeError(`no ${what} "${unknown}"; there are ${all.join(', ')}`)
  return [...names]
}

/** @param {string} option @param {string} text */
function positive(option, text) {
  const value = Number(text)
  if (!(value > 0)) throw new RangeError(`${option} takes a number above 0, not "${text}"`)
  return value
}
