// Runs one bench: a server process for each arm, warmed up, then the arms in turns. It prints nothing.
import { ServerProcess } from './child.mjs'

/** The part of a run that warms a server up before it is measured. */
const WARM_UP_SHARE = 0.5

/**
 * @typedef {object} Sample
 * @property {string} arm
 * @property {number} run
 * @property {number} cpuUs server CPU, user and system, for each unit of work; NaN for a bench of memory
 * @property {number} userUs the part of it that is spent outside the kernel
 * @property {number} perSecond units of work
 * @property {number} bytes resident, for each connection; NaN for a bench of work
 */

/**
 * @param {import('./benches.mjs').Bench} bench
 * @param {readonly import('./arms.mjs').Arm[]} arms
 * @param {import('./options.mjs').Options} options
 * @param {(sample: Sample) => void} onSample
 * @returns {Promise<Sample[]>}
 */
export async function measure(bench, arms, options, onSample) {
  return bench.isMemory
    ? measureMemory(bench, arms, options, onSample)
    : measureWork(bench, arms, options, onSample)
}

/** @type {typeof measure} */
async function measureWork(bench, arms, options, onSample) {
  const { load } = bench
  if (load === undefined) throw new TypeError(`${bench.name} has no load`)
  /** @type {Map<string, ServerProcess>} */
  const servers = new Map()
  const samples = []
  try {
    for (const arm of arms) {
      const server = await new ServerProcess(arm, bench.server).ready()
      servers.set(arm.name, server)
      await load(server.port, options, WARM_UP_SHARE)
    }
    for (let run = 0; run < options.runs; run++) {
      for (const arm of inTurns(arms, run)) {
        const server = /** @type {ServerProcess} */ (servers.get(arm.name))
        const before = await server.usage()
        const { count, perSecond } = await load(server.port, options, 1)
        const after = await server.usage()
        const userUs = (after.user - before.user) / count
        const cpuUs = userUs + (after.system - before.system) / count
        const sample = { arm: arm.name, run, cpuUs, userUs, perSecond, bytes: Number.NaN }
        samples.push(sample)
        onSample(sample)
      }
    }
  } finally {
    await Promise.all([...servers.values()].map(server => server.stop()))
  }
  return samples
}

/** A fresh server for each run: memory that was once taken is seldom given back. @type {typeof measure} */
async function measureMemory(bench, arms, options, onSample) {
  const { hold } = bench
  if (hold === undefined) throw new TypeError(`${bench.name} holds nothing`)
  const samples = []
  for (let run = 0; run < options.runs; run++) {
    for (const arm of inTurns(arms, run)) {
      const server = await new ServerProcess(arm, bench.server).ready()
      try {
        const before = await server.memory()
        const load = await hold(server.port, options)
        const after = await server.memory()
        await load.release()
        const bytes = (after.residentBytes - before.residentBytes) / options.idle
        const sample = {
          arm: arm.name,
          run,
          cpuUs: Number.NaN,
          userUs: Number.NaN,
          perSecond: Number.NaN,
          bytes,
        }
        samples.push(sample)
        onSample(sample)
      } finally {
        await server.stop()
      }
    }
  }
  return samples
}

/** Each run begins with another arm, so that none is always the first. @template T @param {readonly T[]} arms @param {number} run @returns {T[]} */
function inTurns(arms, run) {
  const first = run % arms.length
  return [...arms.slice(first), ...arms.slice(0, first)]
}
