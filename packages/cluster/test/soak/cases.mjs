// The counted cases of @x/cluster: what they do is here, how often is the caller's.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { startCluster } from '@x/cluster'
import { descriptorsOf, limitDescriptors } from '../support/descriptor-limit.mjs'
import { crowds, crowdsOfProgram, file, leftOver, noneUnanswered } from './crowds.mjs'
import { failingStarts } from './failing-starts.mjs'

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

function noneLost(counts) {
  return ['refused', 'reset', 'lost', 'cut']
    .filter(what => counts[what] !== 0)
    .map(what => `${counts[what]} ${what}`)
}

/** Why the quota of descriptors in flight cannot be used up here; null where it can. */
export function whyNoQuota() {
  if (process.platform !== 'linux') return 'Linux alone has such a quota'
  if (process.getuid() !== 0) return 'only root can run programs as other users'
  const setpriv = spawnSync('setpriv', [...asNobody, process.execPath, '-e', ''])
  return setpriv.status === 0 ? null : 'no setpriv (util-linux), or Node is not readable for others'
}

/** A user of its own, so that nobody else's descriptors count, without the privileges that the quota does not hold for. */
const asNobody = [
  '--reuid=64017',
  '--regid=64017',
  '--clear-groups',
  '--inh-caps=-all',
  '--bounding-set=-all',
]

async function withoutQuota(rounds) {
  const limited = [
    '--nofile=256:256',
    'setpriv',
    ...asNobody,
    process.execPath,
    file('in-flight.mjs'),
    rounds,
  ]
  const child = spawn('prlimit', limited.map(String), { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.on('data', more => {
    text += more
  })
  await once(child, 'close')
  return JSON.parse(text)
}

export const cases = [
  {
    name: 'reload',
    title: 'rolling reloads under constant load of short and long connections lose nothing',
    rounds: 1000,
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
    rounds: 1000,
    async run(rounds, tell) {
      const { cluster, port } = await startEcho({
        workers: 3,
        restart: { minDelayMs: 1, maxDelayMs: 5, maxFailures: Number.MAX_SAFE_INTEGER },
      })
      const before = descriptorsOf()
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
    run: (rounds, tell) => crowds(rounds, tell, { env: { THROW: '3' } }),
    check: noneUnanswered,
  },
  {
    name: 'policy',
    title: 'a policy that throws, or answers nobody, or somebody unknown: every connection is answered',
    rounds: 200,
    run: (rounds, tell) => {
      let turn = 0
      const policy = candidates => {
        turn++
        if (turn % 5 === 0) throw new Error('of a policy')
        if (turn % 7 === 0) return null
        return turn % 3 === 0 ? { ...candidates[0] } : candidates[turn % candidates.length]
      }
      return crowds(rounds, tell, { policy })
    },
    check: noneUnanswered,
  },
  {
    name: 'start',
    title:
      'workers that cannot be started, at the start, at a restart, in a reload: told, and then all is as before',
    rounds: 90,
    run: failingStarts,
    check(counts) {
      const wrong = noneUnanswered(counts)
      if (counts.wrong > 0) wrong.push(`${counts.wrong} promises settled as they must not`)
      return wrong
    },
  },
  {
    name: 'primary-shortage',
    title: 'crowds larger than the descriptors of the primary: every connection is answered',
    rounds: 100,
    run: (rounds, tell) =>
      crowdsOfProgram(rounds, tell, pid => {
        const before = limitDescriptors(pid, descriptorsOf(pid) + 4)
        return () => limitDescriptors(pid, before)
      }),
    check(counts) {
      const wrong = noneUnanswered(counts)
      if (counts['exit code'] !== 0) wrong.push('the primary did not end by itself')
      return wrong
    },
  },
  {
    name: 'in-flight',
    title: "the user's quota of descriptors in flight is used up for a while: every connection is answered",
    rounds: 100,
    async run(rounds) {
      const why = whyNoQuota()
      if (why === null) return withoutQuota(rounds)
      console.log(`  left out: ${why}`)
      return { connections: 0, answered: 0 }
    },
    check(counts) {
      const wrong = noneUnanswered(counts)
      if (counts['answered without quota'] > 0) wrong.push('the quota was not used up')
      return wrong
    },
  },
  {
    name: 'shortage',
    title: 'crowds larger than the descriptors of the worker: every connection is answered',
    rounds: 100,
    run: (rounds, tell) => crowds(rounds, tell, { env: { LIMIT: '80' } }),
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
