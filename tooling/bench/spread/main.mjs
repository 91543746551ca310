// `pnpm bench spread`: how evenly the policies spread connections when one of four workers is slow: what each worker took,
// what it held over time, and what the clients waited. Ends with the plot that docs/cluster.md shows.
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startCluster } from '@x/cluster'
import { median } from '../statistics.mjs'

const WORKERS = 4
const SAMPLE_MS = 250
/** @type {readonly import('@x/cluster').Spread[]} */
const POLICIES = ['shared', 'round-robin', 'least-connections']

/** @typedef {{ accepted: number[], held: number[][], waitsMs: number[] }} Outcome */

/** @param {string[]} words */
export async function benchSpread(words) {
  const { values } = parseArgs({
    args: words,
    options: {
      rate: { type: 'string', default: '400' },
      seconds: { type: 'string', default: '6' },
      slow: { type: 'string', default: '250' },
      quick: { type: 'string', default: '10' },
    },
  })
  const [rate, seconds] = [Number(values.rate), Number(values.seconds)]
  const env = { SLOW_MS: values.slow, QUICK_MS: values.quick }
  console.log(
    `${WORKERS} workers, the first answers after ${values.slow} ms, the others after ${values.quick} ms; ` +
      `${rate} connections a second for ${seconds} s\n`,
  )
  const outcomes = []
  for (const policy of POLICIES) {
    const outcome = await run(policy, env, rate, seconds)
    outcomes.push(outcome)
    print(String(policy), outcome)
  }
  console.log(`\n${plot(outcomes, seconds)}`)
}

/** @param {import('@x/cluster').Spread} policy @param {NodeJS.ProcessEnv} env @param {number} rate @param {number} seconds @returns {Promise<Outcome>} */
async function run(policy, env, rate, seconds) {
  let port = 0
  const exec = fileURLToPath(new URL('worker.mjs', import.meta.url))
  const cluster = await startCluster({
    exec,
    env,
    policy,
    workers: WORKERS,
    health: { intervalMs: SAMPLE_MS },
    onListening(_worker, info) {
      port = info.port ?? 0
    },
  })
  const held = []
  /** @type {number[]} */
  const waitsMs = []
  const started = performance.now()
  const pending = []
  let nextSample = SAMPLE_MS
  for (let passed = 0; passed < seconds * 1000; passed = performance.now() - started) {
    while (pending.length < (passed / 1000) * rate) pending.push(ask(port).then(ms => waitsMs.push(ms)))
    if (passed >= nextSample) {
      held.push(cluster.status().workers.map(worker => worker.connections))
      nextSample += SAMPLE_MS
    }
    await new Promise(resolve => setTimeout(resolve, 2))
  }
  await Promise.all(pending)
  const accepted = cluster.status().workers.map(worker => worker.accepted)
  await cluster.drain()
  return { accepted, held, waitsMs }
}

/** @param {number} port @returns {Promise<number>} milliseconds to the answer */
function ask(port) {
  const started = performance.now()
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', reject)
    socket.once('data', () => resolve(performance.now() - started))
  })
}

/** @param {string} policy @param {Outcome} outcome */
function print(policy, { accepted, held, waitsMs }) {
  const of = (/** @type {number} */ place) => median(held.map(sample => sample[place] ?? 0))
  const quick = Math.max(...Array.from({ length: WORKERS - 1 }, (_, at) => of(at + 1)))
  const sorted = [...waitsMs].sort((a, b) => a - b)
  const at = (/** @type {number} */ share) => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(0)
  console.log(`${policy}: the slow worker holds ${of(0)} connections (median), a quick one at most ${quick}`)
  console.log(`  answers after ${at(0.5)} ms (median), ${at(0.9)} ms (90 %)`)
  if (accepted.some(count => count > 0)) {
    const [least, most] = [Math.min(...accepted), Math.max(...accepted)]
    const apart = ((most - least) / (accepted.reduce((sum, count) => sum + count) / WORKERS)) * 100
    console.log(`  taken by each: ${accepted.join(', ')} (${apart.toFixed(1)} % apart)`)
  }
}

/** Lines of the connections that the slow worker holds, as Mermaid draws them. @param {Outcome[]} outcomes @param {number} seconds */
function plot(outcomes, seconds) {
  const lines = outcomes.map(({ held }) => `  line [${held.map(sample => sample[0]).join(', ')}]`)
  return [
    '```mermaid',
    'xychart-beta',
    `  title "Connections that the slow worker holds: ${POLICIES.join(', ')}"`,
    `  x-axis "seconds" 0 --> ${seconds}`,
    '  y-axis "connections"',
    ...lines,
    '```',
  ].join('\n')
}
