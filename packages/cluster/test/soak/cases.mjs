// The counted cases of @x/cluster: what they do is here, how often is the caller's.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { startCluster } from '@x/cluster'

const file = name => fileURLToPath(new URL(name, import.meta.url))

/** @returns {Promise<{ stop(): Promise<Record<string, number>> }>} */
async function startLoad(port, shorts, longs) {
  const child = spawn(process.execPath, [file('load.mjs'), port, shorts, longs].map(String), {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  await lines.next()
  return {
    async stop() {
      child.stdin.end()
      const { value } = await lines.next()
      return JSON.parse(value)
    },
  }
}

async function startEcho(options) {
  let port = 0
  const cluster = await startCluster({
    exec: file('../fixtures/answering-worker.mjs'),
    workers: 2,
    env: { WHERE: JSON.stringify({ port: 0, host: '127.0.0.1' }) },
    ...options,
    onListening: (_worker, info) => {
      port = info.port
    },
  })
  return { cluster, port }
}

function descriptors() {
  return process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0
}

/** Descriptors beyond those of before, once what is under way has settled; what is still there after ten seconds stays. */
async function leftOver(before) {
  const deadline = Date.now() + 10_000
  while (descriptors() > before && Date.now() < deadline)
    await new Promise(resolve => setTimeout(resolve, 20))
  return Math.max(0, descriptors() - before)
}

function noneLost(counts) {
  return ['refused', 'reset', 'lost', 'cut']
    .filter(what => counts[what] !== 0)
    .map(what => `${counts[what]} ${what}`)
}

/** Crowds of a hundred at once, one after the other; `harm` does something to the cluster during each. */
async function crowds(rounds, tell, env, harm = () => {}) {
  let port = 0
  const cluster = await startCluster({
    exec: file('../fixtures/plain-worker.mjs'),
    workers: 2,
    env,
    onListening: (_worker, info) => {
      port = info.port
    },
  })
  const before = descriptors()
  const counts = { connections: 0, answered: 0 }
  const ask = () =>
    new Promise(resolve => {
      counts.connections++
      const socket = connect({ port, host: '127.0.0.1' })
      socket.on('data', () => counts.answered++)
      socket.on('error', () => {})
      socket.on('close', resolve)
    })
  for (let round = 1; round <= rounds; round++) {
    const crowd = Array.from({ length: 100 }, ask)
    harm(cluster)
    await Promise.all(crowd)
    tell(round)
  }
  const left = await leftOver(before)
  await cluster.drain()
  return { crowds: rounds, ...counts, 'descriptors left over': left }
}

function noneUnanswered(counts) {
  const wrong = []
  const silent = counts.connections - counts.answered
  if (silent !== 0) wrong.push(`${silent} connections were not answered`)
  if (counts['descriptors left over'] > 0) wrong.push('descriptors are left over')
  return wrong
}

export const cases = [
  {
    name: 'reload',
    title: 'rolling reloads under constant load of short and long connections lose nothing',
    rounds: 300,
    async run(rounds, tell) {
      const { cluster, port } = await startEcho({ drainTimeoutMs: 60_000 })
      const load = await startLoad(port, 4, 4)
      let forced = 0
      for (let round = 1; round <= rounds; round++) {
        const { drained } = await cluster.reload()
        forced += drained.reduce((sum, report) => sum + report.forced, 0)
        tell(round)
      }
      const counts = await load.stop()
      await cluster.drain()
      return { reloads: rounds, ...counts, forced }
    },
    check(counts) {
      const wrong = noneLost(counts)
      if (counts.forced !== 0) wrong.push(`${counts.forced} ended by a deadline`)
      if (counts.replies === 0) wrong.push('no replies at all')
      return wrong
    },
  },
  {
    name: 'kill',
    title:
      'workers killed at random moments under load: only their own connections end, no descriptor is left over',
    rounds: 500,
    async run(rounds, tell) {
      const { cluster, port } = await startEcho({
        workers: 3,
        restart: { minDelayMs: 1, maxDelayMs: 5, maxFailures: Number.MAX_SAFE_INTEGER },
      })
      const before = descriptors()
      const load = await startLoad(port, 4, 4)
      for (let round = 1; round <= rounds; round++) {
        const { workers } = cluster.status()
        const ready = once(cluster, 'worker:ready')
        await new Promise(resolve => setTimeout(resolve, Math.random() * 20))
        process.kill(workers[Math.floor(Math.random() * workers.length)].pid, 'SIGKILL')
        await ready
        tell(round)
      }
      const counts = await load.stop()
      const left = await leftOver(before)
      await cluster.drain()
      return { kills: rounds, ...counts, 'descriptors left over': left }
    },
    check(counts) {
      const wrong = []
      if (counts.refused !== 0) wrong.push(`${counts.refused} connections were refused`)
      // A worker has at most the connections of the load: eight at a time.
      const ended = counts.reset + counts.lost + counts.cut
      if (ended > counts.kills * 8) wrong.push(`${ended} connections ended with ${counts.kills} workers`)
      if (counts['descriptors left over'] > 0)
        wrong.push(`${counts['descriptors left over']} descriptors are left over`)
      if (counts.replies === 0) wrong.push('no replies at all')
      return wrong
    },
  },
  {
    name: 'throw',
    title: 'listeners that throw, a third of all: every connection is answered',
    rounds: 200,
    run: (rounds, tell) => crowds(rounds, tell, { THROW: '3' }),
    check: noneUnanswered,
  },
  {
    name: 'shortage',
    title: 'crowds larger than the descriptors of the worker: every connection is answered',
    rounds: 100,
    run: (rounds, tell) => crowds(rounds, tell, { LIMIT: '80' }),
    check: noneUnanswered,
  },
  {
    name: 'stop',
    title: 'workers stopped for a moment: every connection is answered, by whichever worker',
    rounds: 200,
    run: (rounds, tell) =>
      crowds(rounds, tell, {}, cluster => {
        const { workers } = cluster.status()
        const { pid } = workers[Math.floor(Math.random() * workers.length)]
        process.kill(pid, 'SIGSTOP')
        setTimeout(() => process.kill(pid, 'SIGCONT'), Math.random() * 50)
      }),
    check: noneUnanswered,
  },
  {
    name: 'node-cluster',
    title: 'the same rolling reload on node:cluster, for comparison',
    rounds: 50,
    async run(rounds, tell) {
      const child = spawn(process.execPath, [file('host-cluster.mjs'), String(rounds)], {
        stdio: ['pipe', 'pipe', 'inherit'],
      })
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
      const port = Number((await lines.next()).value)
      const load = await startLoad(port, 4, 4)
      for (let round = 1; round <= rounds; round++) {
        await lines.next()
        tell(round)
      }
      const counts = await load.stop()
      child.stdin.end()
      await once(child, 'exit')
      return { reloads: rounds, ...counts }
    },
    check: () => [],
  },
]
