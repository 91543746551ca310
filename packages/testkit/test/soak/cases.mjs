// Testkit's counted cases: leases across processes, seeds that find bugs and seeds that must not, replays, an hour of
// traffic, and the laws under each fault. Each runs the built package in processes of their own.
import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { stories } from './closing.mjs'
import { differences, hasTaskset, SystemPlayer } from './system-player.mjs'

const home = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', '..')
const workers = Math.max(1, Math.min(4, availableParallelism()))

/** Runs node in the package's folder; what it printed. */
function node(args, env = {}, program = process.execPath) {
  const child = spawn(program, args, {
    cwd: home,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.on('data', data => {
    said += data
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      // A test run that found something fails, and has still said what.
      if (said === '') reject(new Error(`${args[0]} said nothing, and ended with ${signal ?? code}`))
      else resolve(said)
    })
  })
}

/** Seeds 1 to `rounds`, spread over the processors. */
async function seeds(rounds, bug, tell) {
  const batch = 100
  const totals = { seeds: 0, failed: 0, 'virtual seconds': 0, events: 0, 'values acknowledged': 0 }
  let next = 1
  const work = async () => {
    while (next <= rounds) {
      const from = next
      next += batch
      const count = Math.min(batch, rounds - from + 1)
      const args = ['--seeds', String(count), '--from', String(from), '--bug', bug, '--json']
      const part = JSON.parse(await node(['examples/replicated/run.mjs', ...args]))
      totals.seeds += part.seeds
      totals.failed += part.failed.length
      totals['virtual seconds'] += Math.round(part.virtualMs / 1000)
      totals.events += part.events
      totals['values acknowledged'] += part.acknowledged
      tell(totals.seeds)
    }
  }
  await Promise.all(Array.from({ length: workers }, work))
  return totals
}

const LEASES = `const { leasePorts } = require('@x/testkit')
  Promise.all([leasePorts(100), leasePorts(50, { contiguous: true }), leasePorts(50, { contiguous: true })])
    .then(leases => {
      process.send(leases.flat().map(lease => lease.port))
      process.on('message', () => process.exit())
    })
    .catch(error => process.send({ error: error.code }))`

/** Ten processes with 200 leases each at once. */
async function leaseRound() {
  const children = Array.from({ length: 10 }, () =>
    spawn(process.execPath, ['-e', LEASES], { cwd: home, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }),
  )
  const told = await Promise.all(
    children.map(child => new Promise(resolve => child.once('message', resolve))),
  )
  const ends = children.map(child => new Promise(resolve => child.once('exit', resolve)))
  children.forEach((child, index) => {
    // Half of them die without a word: the system gives their ports back.
    if (index % 2 === 0) child.kill('SIGKILL')
    else child.send('end')
  })
  await Promise.all(ends)
  const ports = told.flatMap(each => (Array.isArray(each) ? each : []))
  return {
    leases: ports.length,
    collisions: ports.length - new Set(ports).size,
    errors: told.length * 200 - ports.length,
  }
}

/** Stories of closing, spread over all of them where there are more than rounds. */
async function closing(rounds, tell) {
  const all = stories()
  const totals = { stories: 0, 'that differ from the system': 0 }
  const system = new SystemPlayer()
  for (let round = 0; round < rounds; round++) {
    const found = await differences(system, all[Math.floor((round * all.length) / rounds) % all.length])
    for (const text of found) console.error(text)
    if (found.length > 0) totals['that differ from the system']++
    totals.stories++
    tell(round + 1)
  }
  await system.close()
  return totals
}

/** The supported versions of Node, oldest first: where each is. */
async function supportedNodes() {
  const lines = (await node(['../../tooling/run/node-versions.mjs'])).trim().split('\n')
  return lines.map(line => line.slice(line.indexOf(' ') + 1))
}

/** Hashes of the seeds from 1 on, on that Node. */
async function hashesOn(program, rounds) {
  const args = ['examples/replicated/run.mjs', '--seeds', String(rounds), '--json', '--hashes']
  return JSON.parse(await node(args, {}, program)).hashes
}

export const cases = [
  {
    name: 'ports',
    title: 'ten processes lease 200 ports each at once, half of them in blocks, and half of them are killed',
    rounds: 10,
    async run(rounds, tell) {
      const totals = { leases: 0, collisions: 0, errors: 0 }
      for (let round = 1; round <= rounds; round++) {
        const part = await leaseRound()
        for (const key of Object.keys(totals)) totals[key] += part[key]
        tell(round)
      }
      return totals
    },
    check: ({ leases, collisions, errors }, rounds) => [
      ...(leases === rounds * 2000 ? [] : [`${leases} leases in place of ${rounds * 2000}`]),
      ...(collisions === 0 ? [] : [`${collisions} ports were leased twice`]),
      ...(errors === 0 ? [] : [`${errors} leases failed`]),
    ],
  },
  ...['early-ack', 'forgotten-vote'].map(bug => ({
    name: bug,
    title: `seeds with partitions and crashes find the planted bug "${bug}"`,
    rounds: 1000,
    run: (rounds, tell) => seeds(rounds, bug, tell),
    check: ({ failed }) => (failed > 0 ? [] : ['no seed found it']),
  })),
  {
    name: 'seeds',
    title: 'seeds without the bug pass',
    rounds: 10_000,
    run: (rounds, tell) => seeds(rounds, 'none', tell),
    check: ({ failed }) => (failed === 0 ? [] : [`${failed} seeds failed`]),
  },
  {
    name: 'replays',
    title: 'two runs of a seed, in two processes, are the same to the last byte',
    rounds: 100,
    async run(rounds, tell) {
      const args = ['examples/replicated/run.mjs', '--seeds', String(rounds), '--json', '--hashes']
      const [one, other] = (await Promise.all([node(args), node(args)])).map(said => JSON.parse(said))
      tell(rounds)
      const same = one.hashes.filter((hash, index) => hash === other.hashes[index]).length
      return { 'same hashes': same, 'different traces among the seeds': new Set(one.hashes).size }
    },
    check: (counts, rounds) => (counts['same hashes'] === rounds ? [] : ['a replay differed']),
  },
  {
    name: 'versions',
    title: 'a run of a seed is the same to the last byte on the oldest Node and the newest',
    rounds: 1000,
    async run(rounds, tell) {
      const programs = await supportedNodes()
      const ends = [programs.at(0), programs.at(-1)]
      const [one, other] = await Promise.all(ends.map(program => hashesOn(program, rounds)))
      tell(rounds)
      return { 'same hashes': one.filter((hash, index) => hash === other[index]).length }
    },
    check: (counts, rounds) =>
      counts['same hashes'] === rounds ? [] : [`${rounds - counts['same hashes']} seeds differ`],
  },
  {
    name: 'pool',
    title: 'virtual time waits for work of the thread pool, on each supported Node',
    rounds: 20,
    async run(rounds, tell) {
      const totals = { works: 0, late: 0, leaks: 0 }
      for (const program of await supportedNodes()) {
        const part = JSON.parse(await node(['test/programs/waits-for-pool.mjs', String(rounds)], {}, program))
        for (const key of Object.keys(totals)) totals[key] += part[key]
        tell(totals.works)
      }
      return totals
    },
    check: ({ works, late, leaks }) => [
      ...(works > 0 && late === 0 ? [] : [`virtual time went on beside ${late} of ${works}`]),
      ...(leaks === 0 ? [] : [`${leaks} operations that were over were told as leaks`]),
    ],
  },
  ...(hasTaskset
    ? [
        {
          name: 'closing',
          title: 'connections that are closed in all ways look in memory and simulated as on the system',
          rounds: stories().length,
          run: closing,
          check: counts =>
            counts['that differ from the system'] === 0
              ? []
              : [`${counts['that differ from the system']} stories differ`],
        },
      ]
    : []),
  {
    name: 'hour',
    title: 'virtual minutes of traffic of ten clients',
    rounds: 60,
    async run(rounds) {
      const { answered, virtualMs, events, seconds } = JSON.parse(
        await node(['examples/hour.mjs', String(rounds)]),
      )
      return {
        answered,
        'virtual seconds': Math.round(virtualMs / 1000),
        events,
        'real milliseconds': seconds * 1000,
      }
    },
    check: (counts, rounds) => (counts.answered > rounds * 285 ? [] : ['too few answers']),
  },
  {
    name: 'laws',
    title: 'the conformance suite under each fault alone',
    rounds: 1,
    async run() {
      const vitest = path.join(home, '..', '..', 'node_modules', 'vitest', 'vitest.mjs')
      const args = [vitest, 'run', 'test/conformance.test.ts', '--reporter=json']
      const said = await node(args, { X_TESTKIT_SOAK: '1', X_TEST_REPORT: '' })
      const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(said.slice(said.indexOf('{')))
      return { passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests }
    },
    check: ({ passed, failed }) => (failed === 0 && passed > 0 ? [] : [`${failed} failed`]),
  },
]
