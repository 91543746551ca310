// `pnpm bench compare A B`: two commits, built on this machine, each run in a fresh process, in turns; says for each bench
// whether B costs less or more than A, or whether the difference is noise.
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { onNode } from '../arms.mjs'
import { BENCH_NAMES, benchesOf, GROUP_NAMES } from '../benches.mjs'
import { measure } from '../measure.mjs'
import { checkNames, RUN_OPTIONS, readOptions } from '../options.mjs'
import { ANYWHERE, describeMachine, placeApart } from '../processors.mjs'
import { createProgress } from '../progress.mjs'
import { checkWritable } from '../run.mjs'
import { versionOf } from '../runtimes.mjs'
import { align } from '../summary.mjs'
import { build, findVersion } from './builds.mjs'
import { judge, runsNeeded } from './verdict.mjs'

const USUAL = ['pings', 'accept-echo', 'bulk-receive', 'proxy', 'relay', 'idle-connections']
const TRANSPORTS = ['native', 'portable']
const { arms: _arms, bun: _bun, deno: _deno, ...OPTIONS } = RUN_OPTIONS

export const HELP = `Whether one commit costs more than another, or whether it is noise.

Usage: pnpm bench compare A B [bench or group ...] [options]

A and B name commits as git does; "." is the working tree. Each is built in a worktree of its own, which is removed
afterwards. Each run has a fresh server process; A and B take turns, and each run of B is held against the run of A beside
it. The verdict is a permutation test of these pairs (their signs are flipped in all ways), corrected for the number of
comparisons by Holm's method, and the bootstrap interval of the median ratio: B costs less or more where both agree at 5 %,
else it is noise. \`pnpm bench compare HEAD HEAD\` shows what noise looks like.

Benches: as of \`pnpm bench --help\`  (${USUAL.join(', ')})

  --transport NAME     ${TRANSPORTS.join(' or ')}  (native)
  --runs NUMBER        pairs of runs; ten can tell up to 25 comparisons apart from chance  (12)
  --quick              little work in each run
  --node, --no-pin, --clients, --requests, --connections, --gigabytes, --idle, --rate, --seconds, --json, --help
                       as of \`pnpm bench --help\`
`

/** @param {string[]} words */
export async function compare(words) {
  const { values, positionals } = parseArgs({
    args: words,
    allowPositionals: true,
    options: {
      ...OPTIONS,
      runs: { type: 'string', default: '12' },
      transport: { type: 'string', default: 'native' },
    },
  })
  if (values.help) return void process.stdout.write(HELP)
  const [a, b, ...names] = positionals
  if (a === undefined || b === undefined)
    throw new RangeError('compare takes two commits, such as: compare main .')
  checkNames('bench', names, [...BENCH_NAMES, ...GROUP_NAMES])
  const [transport = ''] = checkNames('transport', [values.transport], TRANSPORTS)
  const options = readOptions(values, names.length > 0 ? names : USUAL)
  const versions = [findVersion(a), findVersion(b)]
  if (options.json !== undefined) checkWritable(options.json)
  const arms = await makeArms(versions, options.node, transport)
  const { verdicts, samples } = await runAll(arms, options)
  if (options.json === undefined) return
  const named = versions.map(({ id, subject }) => ({ id, subject }))
  const facts = { machine: describeMachine(), node: versionOf(options.node), transport, versions: named }
  writeFileSync(options.json, `${JSON.stringify({ ...facts, verdicts, samples }, null, 2)}\n`)
}

/** @param {readonly import('./builds.mjs').Version[]} versions @param {string} node @param {string} transport */
async function makeArms(versions, node, transport) {
  const progress = createProgress()
  /** @type {Map<string, NodeJS.ProcessEnv>} */
  const builds = new Map()
  for (const version of versions) {
    if (!builds.has(version.id)) builds.set(version.id, await build(version, text => progress.say(text)))
  }
  progress.clear()
  return versions.map(({ id, subject }, at) => {
    const name = at === 0 ? 'A' : 'B'
    console.log(`${name} is ${id} ${subject}`)
    return onNode(name, `${name} (${id})`, node, { ...builds.get(id), X_NET_TRANSPORT: transport })
  })
}

/** @param {readonly import('../arms.mjs').Arm[]} arms @param {import('../options.mjs').Options} options */
async function runAll(arms, options) {
  const { runs } = options
  const benches = []
  for (const bench of benchesOf(options.benches)) {
    const reason = (await bench.whyNot?.(options)) ?? null
    if (reason === null) benches.push(bench)
    else console.log(`Left out: ${bench.name} (${reason})`)
  }
  const needed = runsNeeded(benches.length)
  console.log(
    `Node ${versionOf(options.node)}, ${describeMachine()}; ${runs} pairs of runs, a fresh process for each`,
  )
  if (runs < needed)
    console.log(`So few runs can show no difference in ${benches.length} benches: take --runs ${needed}`)
  const progress = createProgress()
  progress.expect(benches.length * arms.length * runs)
  const placement = options.pin ? placeApart() : ANYWHERE
  const samples = []
  /** @type {import('./verdict.mjs').Pairs[]} */
  const pairs = []
  for (const bench of benches) {
    const onRun = (/** @type {string} */ arm, /** @type {number} */ run) =>
      progress.step(`${bench.name}: pair ${run + 1} of ${runs}, ${arm}`)
    const own = await measure(bench, arms, { options, placement, isFresh: true, onRun })
    samples.push(...own.map(sample => ({ bench: bench.name, ...sample })))
    pairs.push(pairsOf(bench, own))
  }
  progress.clear()
  const verdicts = judge(pairs)
  console.log(`\n${formatVerdicts(verdicts)}`)
  return { verdicts, samples }
}

/** @param {import('../benches.mjs').Bench} bench @param {readonly import('../measure.mjs').Sample[]} samples @returns {import('./verdict.mjs').Pairs} */
function pairsOf(bench, samples) {
  const isMemory = bench.hold !== undefined
  const of = (/** @type {string} */ name) =>
    samples
      .filter(({ arm }) => arm === name)
      .sort((x, y) => x.run - y.run)
      .map(({ cpuUs, bytes }) => (isMemory ? bytes : cpuUs) ?? Number.NaN)
  const figure = isMemory ? `bytes/${bench.unit}` : `CPU us/${bench.unit}`
  return { bench: bench.name, figure, a: of('A'), b: of('B') }
}

/** @param {readonly import('./verdict.mjs').Verdict[]} verdicts */
function formatVerdicts(verdicts) {
  const digits = (/** @type {number} */ value) => value.toFixed(value < 100 ? 2 : 0)
  const table = align([
    ['', '', 'A', 'B', 'B/A', '95 %'],
    ...verdicts.map(({ bench, figure, a, b, ratio, interval }) => [
      bench,
      figure,
      digits(a),
      digits(b),
      ratio.toFixed(3),
      `${interval.low.toFixed(3)}-${interval.high.toFixed(3)}`,
    ]),
  ])
  return `${table}\n\n${verdicts.map(({ bench, words }) => `  ${bench}: ${words}`).join('\n')}`
}
