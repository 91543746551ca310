// The command line of the bench's runs.
import { parseArgs } from 'node:util'
import { ARM_NAMES } from './arms.mjs'
import { BENCH_NAMES, BENCHES, benchesOf, GROUP_NAMES } from './benches.mjs'

/**
 * @typedef {object} Options
 * @property {string[]} benches
 * @property {string[]} arms
 * @property {number} runs measured runs of each arm
 * @property {number} requests for one run of `ping`; four times as many for `pipelined-ping`
 * @property {number} clients connections at one time
 * @property {number} connections for one run of an `accept-echo` bench
 * @property {number} gigabytes for one run of `bulk-receive`, `proxy` and `relay`
 * @property {number} idle connections for `idle-connections`; a fifth of them is open before it measures
 * @property {number} rate requests a second in the benches at a fixed rate
 * @property {number} seconds that those and `http` take
 * @property {boolean} pin server and load have a processor each
 * @property {string} node runs the servers
 * @property {string | undefined} bun
 * @property {string | undefined} deno
 * @property {string | undefined} json file for the figures
 */

/** The words by which the first argument may name something else than a bench. */
export const COMMANDS = ['compare', 'profile', 'report', 'crossing', 'ipc', 'spread']

/** What a run does: all of it, or with `--quick`. @satisfies {Record<string, readonly [string, string]>} */
const DEFAULTS = /** @type {const} */ ({
  arms: [ARM_NAMES.join(','), 'net,native,portable'],
  runs: ['5', '3'],
  requests: ['100000', '20000'],
  clients: ['50', '50'],
  connections: ['5000', '1000'],
  gigabytes: ['1', '0.2'],
  idle: ['10000', '4000'],
  rate: ['20000', '10000'],
  seconds: ['2', '0.3'],
})

const AMOUNTS = /** @type {const} */ ([
  ...['runs', 'requests', 'clients', 'connections', 'gigabytes', 'idle', 'rate', 'seconds'],
])

/** What `parseArgs` is told of a run's options; other commands take most of them, too. */
export const RUN_OPTIONS = /** @type {const} */ ({
  arms: { type: 'string' },
  quick: { type: 'boolean', default: false },
  runs: { type: 'string' },
  requests: { type: 'string' },
  clients: { type: 'string' },
  connections: { type: 'string' },
  gigabytes: { type: 'string' },
  idle: { type: 'string' },
  rate: { type: 'string' },
  seconds: { type: 'string' },
  'no-pin': { type: 'boolean', default: false },
  node: { type: 'string' },
  bun: { type: 'string' },
  deno: { type: 'string' },
  json: { type: 'string' },
  help: { type: 'boolean', default: false, short: 'h' },
})

/** @param {keyof typeof DEFAULTS} name */
function usual(name) {
  const [full, quick] = DEFAULTS[name]
  return full === quick ? `(${full})` : `(${full}; quick ${quick})`
}

export const HELP = `What @x/core costs beside node:net, Bun, Deno and C: CPU of the server, throughput, latency, memory.

Usage: pnpm bench [bench or group ...] [options]
       pnpm bench --quick                      all benches in about a minute: does it work, and is anything far off?
       pnpm bench compare A B [bench ...]      two commits, built on this machine, in turns; says what is noise
       pnpm bench profile [bench ...]          where the time goes: shares by perf, system calls by strace
       pnpm bench report                       measures Node 20 and 26; writes docs/benchmarks.md and its plots
       pnpm bench COMMAND --help               the options of compare, profile and report
       pnpm bench crossing [--runs N] [--count N]                            a call into C and an event out of it
       pnpm bench ipc [--runs N] [--messages N] [--trips N]                  messages, against process.send
       pnpm bench spread [--rate N] [--seconds N] [--slow MS] [--quick MS]   policies with a slow worker

Benches (all):
${BENCHES.map(({ name, title }) => `  ${name.padEnd(24)} ${title}`).join('\n')}
Groups: ${GROUP_NAMES.join(', ')}

Who runs
  --arms LIST          of ${ARM_NAMES.join(',')}  ${usual('arms')}
                       net is always run: the ratios are to it. Bun and Deno come from npm, at one version each
  --node FILE          the Node that runs the servers of net, native, portable  (this one)
  --bun FILE           another Bun than npm's
  --deno FILE          another Deno than npm's
  --no-pin             lets the system choose processors; else server and load have one each, where there are two (taskset)

How much
  --quick              little work, few runs, the arms net, native and portable
  --runs NUMBER        measured runs of each arm, in turns            ${usual('runs')}
  --clients NUMBER     connections at one time                        ${usual('clients')}
  --requests NUMBER    commands of a run; pipelined four times        ${usual('requests')}
  --connections NUMBER connections of an accept-echo run              ${usual('connections')}
  --gigabytes NUMBER   bytes of a bulk run                            ${usual('gigabytes')}
  --idle NUMBER        idle connections                               ${usual('idle')}
  --rate NUMBER        requests a second of latency and among-*       ${usual('rate')}
  --seconds NUMBER     how long a run of those and of http takes      ${usual('seconds')}

  --json FILE          writes all samples there, too
  --help
`

/** @param {readonly string[]} words @returns {Options | 'help'} */
export function parseOptions(words) {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: RUN_OPTIONS,
  })
  return values.help ? 'help' : readOptions(values, positionals)
}

/**
 * @param {Partial<ReturnType<typeof parseArgs<{ options: typeof RUN_OPTIONS }>>['values']>} values
 * @param {readonly string[]} names of benches and groups; none for all
 * @returns {Options}
 */
export function readOptions(values, names) {
  const which = values.quick ? 1 : 0
  const known = [...BENCH_NAMES, ...GROUP_NAMES]
  const benches =
    names.length === 0 ? BENCH_NAMES : benchesOf(checkNames('bench', names, known)).map(({ name }) => name)
  const arms = (values.arms ?? DEFAULTS.arms[which]).split(',')
  const amounts = Object.fromEntries(
    AMOUNTS.map(name => [name, positive(`--${name}`, values[name] ?? DEFAULTS[name][which])]),
  )
  if (!Number.isInteger(amounts['runs']))
    throw new RangeError(`--runs takes a whole number, not "${values.runs}"`)
  return /** @type {Options} */ ({
    benches,
    arms: [...new Set(checkNames('arm', ['net', ...arms], ARM_NAMES))],
    ...amounts,
    pin: !values['no-pin'],
    node: values.node ?? process.execPath,
    bun: values.bun,
    deno: values.deno,
    json: values.json,
  })
}

/** @param {string} what @param {readonly string[]} names @param {readonly string[]} all */
export function checkNames(what, names, all) {
  const unknown = names.find(name => !all.includes(name))
  if (unknown !== undefined) {
    const commands = what === 'bench' ? `, and the commands ${COMMANDS.join(', ')}` : ''
    throw new RangeError(`no ${what} "${unknown}"; there are ${all.join(', ')}${commands}`)
  }
  return [...names]
}

/** @param {string} option @param {string} text */
export function positive(option, text) {
  const value = Number(text)
  if (!(value > 0 && value < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`${option} takes a number above 0, not "${text}"`)
  }
  return value
}
