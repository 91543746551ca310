// `pnpm bench report`: runs all benches on each Node, keeps the samples as JSON, draws the plots, and writes the tables of
// docs/benchmarks.md and of the README.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { isDeepStrictEqual, parseArgs } from 'node:util'
import { nodeOf } from '@x/run/node-versions'
import { root } from '@x/run/workspace'
import { ARM_NAMES } from '../arms.mjs'
import { BENCH_NAMES, benchesOf } from '../benches.mjs'
import { RUN_OPTIONS, readOptions } from '../options.mjs'
import { describeMachine } from '../processors.mjs'
import { formatProfiles, PROFILED, PROFILED_ARMS, runProfiles } from '../profile/main.mjs'
import { whyNoTracers } from '../profile/tracers.mjs'
import { runBenches, workOf } from '../run.mjs'
import { versionOf } from '../runtimes.mjs'
import { formatTable, summarize } from '../summary.mjs'
import { drawAmong, drawLatency, drawRatios } from './charts.mjs'
import {
  amongResults,
  fill,
  majorOf,
  plainResults,
  profileBlock,
  ratioOf,
  readmeBlock,
  section,
  titleOf,
} from './pages.mjs'

/** Long enough that short connections run compiled code, and both Nodes take less than 25 minutes. */
const WORK = { runs: '5', connections: '10000', seconds: '1.5' }

const { json: _json, node: _node, ...OPTIONS } = RUN_OPTIONS

export const HELP = `Measures what docs/benchmarks.md says, and writes it.

Usage: pnpm bench report [bench or group ...] [options]

Writes docs/benchmarks/node-NN.json (all samples), the plots and profiles beside it, and the tables between the marks in
docs/benchmarks.md and README.md. Both Nodes take about 25 minutes, in which the machine should do nothing else. Of benches
that are named, the figures replace the old ones, and all others stay.

  --nodes LIST     versions, of npm where they are not the running one  (26,20)
  --profile        of the first Node, too, where some benches are named; with all, it always does
  --redraw         measures nothing: writes plots and tables of the samples that are there
  --out FOLDER     in the place of the repository: its README.md and docs/benchmarks.md must have the marks
  --runs NUMBER    (${WORK.runs})     --connections NUMBER  (${WORK.connections})     --seconds NUMBER  (${WORK.seconds})
  --quick, --arms, --bun, --deno, --no-pin, --clients, --requests, --gigabytes, --idle, --rate, --help
                   as of \`pnpm bench --help\`
`

/** @typedef {import('../run.mjs').Outcome} Outcome */

/** @param {string[]} words */
export async function report(words) {
  const { values, positionals } = parseArgs({
    args: words,
    allowPositionals: true,
    options: {
      ...OPTIONS,
      nodes: { type: 'string', default: '26,20' },
      redraw: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      out: { type: 'string', default: root },
    },
  })
  if (values.help) return void process.stdout.write(HELP)
  const folder = path.join(values.out, 'docs/benchmarks')
  mkdirSync(folder, { recursive: true })
  if (!values.redraw) {
    const chosen = values.quick ? values : { ...WORK, ...values }
    const options = readOptions(chosen, positionals)
    for (const [at, version] of versionsOf(values.nodes).entries()) {
      const node = await nodeOf(version)
      const old = readOutcome(path.join(folder, `node-${majorOf(versionOf(node) ?? '')}.json`))
      const isAll = options.benches.length === BENCH_NAMES.length
      if (!isAll && old !== null) checkSetting(old, { ...options, node })
      keep(folder, await runNode({ ...options, node }), isAll ? null : old)
      // One profile shows enough: that of the first Node.
      if (at === 0 && (isAll || values.profile)) await keepProfiles(folder, { ...options, node })
    }
  }
  write(values.out, folder)
}

/** @param {string} list */
function versionsOf(list) {
  return list.split(',').map(version => {
    if (!/^\d+(\.\d+\.\d+)?$/.test(version))
      throw new RangeError(`--nodes takes versions such as 26,20.20.2, not "${version}"`)
    return version.includes('.') ? version : Number(version)
  })
}

/** @param {import('../options.mjs').Options} options */
function runNode(options) {
  return runBenches(options, {
    label: `Node ${majorOf(versionOf(options.node) ?? '')}, `,
    onResult: result => console.log(formatTable(result, result.rows)),
  })
}

/** Figures of one table must have been measured alike. @param {Outcome} old @param {import('../options.mjs').Options} options */
function checkSetting(old, options) {
  const own = { machine: describeMachine(), node: versionOf(options.node), ...workOf(options) }
  const its = { machine: old.machine, node: old.node, ...old.work }
  if (isDeepStrictEqual(own, its)) return
  throw new RangeError(
    `the figures of Node ${old.node} were measured in another way: measure all benches, or do as they did: ${JSON.stringify(its)}`,
  )
}

/** Writes the samples, beside those of `old` that were not measured again. @param {string} folder @param {Outcome} outcome @param {Outcome | null} old */
function keep(folder, outcome, old) {
  const measured = new Set(outcome.results.map(({ bench }) => bench))
  const kept = (old?.results ?? []).filter(({ bench }) => !measured.has(bench))
  const results = [...outcome.results, ...kept].sort(
    (a, b) => BENCH_NAMES.indexOf(a.bench) - BENCH_NAMES.indexOf(b.bench),
  )
  const arms = ARM_NAMES.flatMap(
    name => [...outcome.arms, ...(old?.arms ?? [])].find(arm => arm.name === name) ?? [],
  )
  const file = path.join(folder, `node-${majorOf(outcome.node)}.json`)
  writeFileSync(file, stringify({ ...outcome, arms, results }))
}

/** @param {string} folder @param {import('../options.mjs').Options} options */
async function keepProfiles(folder, options) {
  const reason = whyNoTracers()
  if (reason !== null) return void console.log(`Left out: profiles (${reason})`)
  const chosen = { ...options, arms: PROFILED_ARMS, benches: benchesOf(PROFILED).map(({ name }) => name) }
  const print = (
    /** @type {string} */ title,
    /** @type {import('../profile/main.mjs').Profile[]} */ profiles,
  ) => console.log(`${title}\n${formatProfiles(profiles)}\n`)
  try {
    const profiles = await runProfiles(chosen, print, 'report: ')
    const file = path.join(folder, `profile-node-${majorOf(versionOf(options.node) ?? '')}.json`)
    writeFileSync(file, `${JSON.stringify(profiles, rounded, 1)}\n`)
  } catch (error) {
    // The figures are worth more than the profile.
    console.error(`bench: no profiles: ${error instanceof Error ? error.message : error}`)
    process.exitCode = 1
  }
}

/** @param {string} top @param {string} folder */
function write(top, folder) {
  const outcomes = readdirSync(folder)
    .filter(name => /^node-\d+\.json$/.test(name))
    .map(name => /** @type {Outcome} */ (readOutcome(path.join(folder, name))))
    .sort((a, b) => Number(majorOf(b.node)) - Number(majorOf(a.node)))
  for (const outcome of outcomes) drawAll(folder, outcome)
  edit(path.join(top, 'docs/benchmarks.md'), 'figures', outcomes.map(section).join('\n\n'))
  const profiles = outcomes.flatMap(outcome => {
    const file = path.join(folder, `profile-node-${majorOf(outcome.node)}.json`)
    return existsSync(file) ? [profileBlock(JSON.parse(readFileSync(file, 'utf8')), outcome)] : []
  })
  if (profiles.length > 0) edit(path.join(top, 'docs/benchmarks.md'), 'profiles', profiles.join('\n\n'))
  edit(path.join(top, 'README.md'), 'costs', readmeBlock(outcomes))
}

/** @param {string} folder @param {Outcome} outcome */
function drawAll(folder, outcome) {
  const { arms, node, machine, work } = outcome
  const major = majorOf(node)
  const save = (/** @type {string} */ name, /** @type {string} */ svg) =>
    writeFileSync(path.join(folder, `${name}-node-${major}.svg`), svg)
  const where = `Node ${node}, ${machine}`
  const lines = plainResults(outcome).map(result => ({
    title: titleOf(result),
    ratios: Object.fromEntries(
      result.rows.flatMap(row => (ratioOf(row) === undefined ? [] : [[row.arm, ratioOf(row)]])),
    ),
  }))
  const others = arms.filter(({ name }) => name !== 'net')
  save('costs', drawRatios(`Cost beside node:net: ${where}`, /** @type {any} */ (lines), others))
  const latency = outcome.results.find(({ bench }) => bench === 'latency')
  const rate = `${(work['rate'] ?? 0).toLocaleString('en')} requests a second`
  if (latency !== undefined) {
    const rows = latency.rows.flatMap(({ arm, latencyUs }) =>
      latencyUs === undefined
        ? []
        : [{ arm: arms.find(({ name }) => name === arm) ?? { name: arm, title: arm }, latencyUs }],
    )
    const how = `${rate} over ${work['clients']} connections, from the planned time of sending; medians of ${work['runs']} runs`
    save('latency', drawLatency(`Latency at a fixed rate: ${where}`, how, rows))
  }
  const among = amongResults(outcome)
  if (among.length > 0) {
    const how = `CPU of the server for a request, by the number of open connections; ${rate} over all`
    save('among', drawAmong(`Many connections: ${where}`, how, arms, among))
  }
}

/** @param {string} file @returns {Outcome | null} with rows, which the file leaves out */
function readOutcome(file) {
  /** @type {string} */
  let text
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    return null
  }
  const outcome = JSON.parse(text)
  for (const result of outcome.results) {
    const arms = [...new Set(result.samples.map((/** @type {any} */ sample) => sample.arm))]
    result.rows = summarize(
      result.samples,
      outcome.arms
        .map((/** @type {any} */ arm) => arm.name)
        .filter((/** @type {string} */ name) => arms.includes(name)),
    )
  }
  return outcome
}

/** A line for each sample; the rows follow from the samples. @param {Outcome} outcome */
function stringify(outcome) {
  const text = JSON.stringify(
    outcome,
    (key, value) => {
      if (key === 'rows') return undefined
      return key === 'samples'
        ? value.map((/** @type {object} */ sample) => JSON.stringify(sample, rounded))
        : rounded(key, value)
    },
    2,
  )
  // The lines of samples are strings in there: take their quotes off.
  const lines = /^( +)("\{.*\}")(,?)$/gm
  return `${text.replaceAll(lines, (_all, indent, line, comma) => `${indent}${JSON.parse(line)}${comma}`)}\n`
}

/** @param {string} _key @param {unknown} value */
function rounded(_key, value) {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value
}

/** @param {string} file @param {string} name @param {string} text */
function edit(file, name, text) {
  writeFileSync(file, fill(readFileSync(file, 'utf8'), name, text))
}
