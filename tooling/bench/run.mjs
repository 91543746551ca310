// Runs the chosen benches on the chosen arms, one after the other.
import { appendFileSync } from 'node:fs'
import { chooseArms } from './arms.mjs'
import { benchesOf } from './benches.mjs'
import { measure } from './measure.mjs'
import { ANYWHERE, describeMachine, placeApart } from './processors.mjs'
import { createProgress } from './progress.mjs'
import { versionOf } from './runtimes.mjs'
import { summarize } from './summary.mjs'

/**
 * @typedef {object} Result
 * @property {string} bench
 * @property {string} title
 * @property {string} unit
 * @property {number} [connections]
 * @property {import('./summary.mjs').Row[]} rows
 * @property {import('./measure.mjs').Sample[]} samples
 */

/**
 * What a run has found; it names the processor and the versions, and no machine.
 *
 * @typedef {object} Outcome
 * @property {string} machine
 * @property {string} system
 * @property {boolean} isPinned server and load had a processor each
 * @property {string} node
 * @property {string} date
 * @property {Record<string, number>} work how much of it
 * @property {{ name: string, title: string }[]} arms
 * @property {{ name: string, reason: string }[]} missing arms and benches that are not here
 * @property {{ bench: string, arm: string }[]} failed arms that began a bench and did not end it
 * @property {Result[]} results
 */

/**
 * An arm that fails in a bench takes no part in the rest of it, and makes the process end as a failure.
 *
 * @param {import('./options.mjs').Options} options
 * @param {{ onResult?: (result: Result) => void, label?: string }} [heard]
 * @returns {Promise<Outcome>}
 */
export async function runBenches(options, { onResult, label = '' } = {}) {
  const { arms, missing } = await chooseArms(options.arms, options)
  const benches = []
  for (const bench of benchesOf(options.benches)) {
    const reason = (await bench.whyNot?.(options)) ?? null
    if (reason === null) benches.push({ bench, arms: armsFor(bench, arms) })
    else missing.push({ name: bench.name, reason })
  }
  const placement = options.pin ? placeApart() : ANYWHERE
  const { runs } = options
  /** @type {Outcome} */
  const outcome = {
    machine: describeMachine(),
    system: process.platform,
    isPinned: placement.server !== null,
    node: versionOf(options.node) ?? 'unknown',
    date: new Date().toISOString().slice(0, 10),
    work: workOf(options),
    arms: arms.map(({ name, title }) => ({ name, title })),
    missing,
    failed: [],
    results: [],
  }
  tellStart(outcome)
  const progress = createProgress()
  progress.expect(benches.reduce((sum, { bench, arms }) => sum + stepsOf(bench, arms.length, runs), 0))
  try {
    for (const { bench, arms } of benches) {
      const onRun = (/** @type {string} */ arm, /** @type {number} */ run) =>
        progress.step(`${label}${bench.name}: ${run < 0 ? 'warm-up' : `run ${run + 1} of ${runs}`}, ${arm}`)
      const onFailure = (/** @type {string} */ arm, /** @type {unknown} */ error) => {
        outcome.failed.push({ bench: bench.name, arm })
        progress.clear()
        console.error(
          `bench: ${arm} failed in ${bench.name}: ${error instanceof Error ? error.message : error}`,
        )
        process.exitCode = 1
      }
      const samples = await measure(bench, arms, { options, placement, onRun, onFailure })
      const names = arms.map(({ name }) => name).filter(name => samples.some(({ arm }) => arm === name))
      // Without node:net there is nothing to hold the others against.
      if (names[0] !== arms[0]?.name) continue
      const rows = summarize(samples, names)
      const { name, unit } = bench
      const title = bench.by === undefined ? bench.title : `${bench.title}, by ${await bench.by()}`
      const result = { bench: name, title, unit, connections: bench.connections, rows, samples }
      outcome.results.push(result)
      progress.clear()
      onResult?.(result)
    }
  } finally {
    progress.clear()
  }
  return outcome
}

/** @param {import('./benches.mjs').Bench} bench @param {readonly import('./arms.mjs').Arm[]} arms */
function armsFor(bench, arms) {
  return arms.filter(({ name }) => bench.arms?.includes(name) ?? true)
}

/** @param {import('./benches.mjs').Bench} bench @param {number} arms @param {number} runs */
function stepsOf(bench, arms, runs) {
  return arms * (bench.hold === undefined ? runs + 1 : runs)
}

/** How much of it a run does. @param {import('./options.mjs').Options} options */
export function workOf({ runs, clients, requests, connections, gigabytes, idle, rate, seconds }) {
  return { runs, clients, requests, connections, gigabytes, idle, rate, seconds }
}

/** Throws before anything is measured where the figures could not be written. @param {string} file */
export function checkWritable(file) {
  appendFileSync(file, '')
}

/** Says what it runs on, and once what is not here. @param {Outcome} outcome */
function tellStart({ node, machine, isPinned, missing, work }) {
  const where = isPinned ? ', server and load on one each' : ''
  console.log(
    `Node ${node}, ${machine}${where}; ${work['runs']} runs in turns, ${work['clients']} clients, medians`,
  )
  for (const { name, reason } of missing) console.log(`Left out: ${name} (${reason})`)
  console.log()
}
