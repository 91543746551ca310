// Workers that cannot be started: at the start, at a restart, in a reload; for want of a folder, of the program, of descriptors.
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { takeDescriptors } from '../support/descriptor-limit.mjs'
import { Crowds, descriptorsBefore, file, leftOver, startPlain } from './crowds.mjs'

/** Each takes away what a start needs, and answers what gives it back. */
const wants = [
  async folder => moveAway(path.join(folder, 'cwd')),
  async folder => moveAway(path.join(folder, 'worker.mjs')),
  async () => takeDescriptors(),
]

function moveAway(name) {
  renameSync(name, `${name}.away`)
  return async () => renameSync(`${name}.away`, name)
}

function makeFolder() {
  const folder = mkdtempSync(path.join(tmpdir(), 'x-cluster-'))
  mkdirSync(path.join(folder, 'cwd'))
  writeFileSync(
    path.join(folder, 'worker.mjs'),
    `await import(${JSON.stringify(file('../fixtures/plain-worker.mjs'))})\n`,
  )
  return folder
}

/** The code that a promise rejects with; null where it resolves. */
function rejection(promise) {
  return promise.then(
    () => null,
    error => error.code,
  )
}

/** Three rounds are one of each moment; nine are every moment with every want. */
export async function failingStarts(rounds, tell) {
  const folder = makeFolder()
  const options = {
    exec: path.join(folder, 'worker.mjs'),
    cwd: path.join(folder, 'cwd'),
    // What a worker without its program prints is expected.
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    restart: { minDelayMs: 1, maxDelayMs: 20, maxFailures: Number.POSITIVE_INFINITY },
  }
  const crowd = new Crowds()
  const counts = { 'starts refused': 0, 'restarts refused': 0, 'reloads refused': 0, wrong: 0 }
  const before = await descriptorsBefore()
  const moments = {
    async start(take) {
      const giveBack = await take()
      const code = await rejection(startPlain(options))
      await giveBack()
      if (code === 'ERR_X_WORKER_START') counts['starts refused']++
      else counts.wrong++
      return startPlain(options)
    },
    async restart(take) {
      const running = await startPlain(options)
      const { cluster } = running
      const giveBack = await take()
      // The first restart is of the one that is killed, the second of the one that could not be started.
      const failed = twice(cluster, 'restart')
      process.kill(cluster.status().workers[0].pid, 'SIGKILL')
      await failed
      counts['restarts refused']++
      const ready = once(cluster, 'worker:ready')
      await giveBack()
      await ready
      return running
    },
    async reload(take) {
      const running = await startPlain(options)
      const giveBack = await take()
      const code = await rejection(running.cluster.reload())
      await giveBack()
      if (code === 'ERR_X_RELOAD_FAILED') counts['reloads refused']++
      else counts.wrong++
      if ((await rejection(running.cluster.reload())) !== null) counts.wrong++
      return running
    },
  }
  for (let round = 0; round < rounds; round++) {
    const moment = Object.values(moments)[round % 3]
    const want = wants[Math.floor(round / 3) % 3]
    const { cluster, port } = await moment(() => want(folder))
    await crowd.askAll(port, 20)
    await cluster.stop()
    tell(round + 1)
  }
  const left = await leftOver(before)
  rmSync(folder, { recursive: true })
  return { rounds, ...counts, ...crowd.counts, 'descriptors left over': left }
}

function twice(emitter, event) {
  return new Promise(resolve => {
    let count = 0
    emitter.on(event, () => ++count === 2 && resolve())
  })
}
