// Crowds of clients at once, of whom every one is to be answered whatever is done to the cluster meanwhile.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { startCluster } from '@x/cluster'
import { descriptorsOf } from '../support/descriptor-limit.mjs'

const CROWD = 100

/** @param {string} name */
export const file = name => fileURLToPath(new URL(name, import.meta.url))

/** This process's descriptors, with the one that libuv opens for itself with a loop's first stream. */
export async function descriptorsBefore() {
  await new Promise(resolve =>
    connect({ path: '/nowhere' })
      .on('error', () => {})
      .on('close', resolve),
  )
  return descriptorsOf()
}

/** Descriptors beyond those of before, once what is under way has settled; what is still there after ten seconds stays. */
export async function leftOver(before, pid = 'self') {
  const deadline = Date.now() + 10_000
  while (descriptorsOf(pid) > before && Date.now() < deadline)
    await new Promise(resolve => setTimeout(resolve, 20))
  return Math.max(0, descriptorsOf(pid) - before)
}

/** Counts those that connect and those that get an answer. */
export class Crowds {
  counts = { connections: 0, answered: 0 }

  /** One of them; resolves when its connection has closed. @param {number} port */
  ask(port) {
    return new Promise(resolve => {
      this.counts.connections++
      const socket = connect({ port, host: '127.0.0.1' })
      socket.once('data', () => {
        this.counts.answered++
        socket.end()
      })
      socket.on('error', () => {})
      socket.on('close', resolve)
    })
  }

  /** @param {number} port @param {number} [size] */
  askAll(port, size = CROWD) {
    return Promise.all(Array.from({ length: size }, () => this.ask(port)))
  }
}

/** What is wrong where not every one was answered. */
export function noneUnanswered(counts) {
  const wrong = []
  const silent = counts.connections - counts.answered
  if (silent !== 0) wrong.push(`${silent} connections were not answered`)
  if (counts['descriptors left over'] > 0) wrong.push('descriptors are left over')
  return wrong
}

/** Starts the plain worker. @param {object} options of startCluster */
export async function startPlain(options = {}) {
  let port = 0
  const cluster = await startCluster({
    exec: file('../fixtures/plain-worker.mjs'),
    workers: 2,
    ...options,
    onListening: (_worker, info) => {
      port = info.port
    },
  })
  return { cluster, port }
}

/** One crowd after the other; `harm` does something to the cluster during each. */
export async function crowds(rounds, tell, options, harm = () => {}) {
  const { cluster, port } = await startPlain(options)
  cluster.on('warning', () => {})
  const before = await descriptorsBefore()
  const crowd = new Crowds()
  for (let round = 1; round <= rounds; round++) {
    const asked = crowd.askAll(port)
    harm(cluster)
    await asked
    tell(round)
  }
  const left = await leftOver(before)
  await cluster.drain()
  return { crowds: rounds, ...crowd.counts, 'descriptors left over': left }
}

/** The same for a primary in a process of its own. `harm` gets its process number. */
export async function crowdsOfProgram(rounds, tell, harm) {
  const program = spawn(process.execPath, [file('../fixtures/signalled-cluster.mjs')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: program.stdout })[Symbol.asyncIterator]()
  const port = Number((await lines.next()).value)
  const before = descriptorsOf(program.pid)
  const crowd = new Crowds()
  for (let round = 1; round <= rounds; round++) {
    const heal = harm(program.pid)
    await crowd.askAll(port)
    heal()
    tell(round)
  }
  const left = await leftOver(before, program.pid)
  const exited = once(program, 'exit')
  program.kill('SIGTERM')
  const [code] = await exited
  return { crowds: rounds, ...crowd.counts, 'descriptors left over': left, 'exit code': code }
}
