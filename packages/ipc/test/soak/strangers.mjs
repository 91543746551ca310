// A peer in another language that speaks by the grammar and breaks it over many connections, against a server in a process of
// its own with small limits. Counts what the server was made to hold beyond what it has declared; judges nothing.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createClient } from '@x/ipc'

export const hasPython = spawnSync('python3', ['-c', 'import socket; socket.send_fds']).status === 0

const programs = fileURLToPath(new URL('../programs/', import.meta.url))
const CONNECTIONS = 16
const LIMITS = {
  // Those that came and went at once may still be counted.
  maxConnections: 2 * CONNECTIONS,
  frameLimitBytes: 65_536,
  // More than the values of this peer are charged with one by one: one alone would be taken whatever it is.
  holdLimitBytes: 1 << 19,
  backlogLimitBytes: 1 << 19,
  inboxLimit: 64,
  requestLimit: 64,
  handleLimit: 20,
  patienceMs: 2000,
}
/** Beside the limits, for each connection: what one read brings, the last reply that was made, and the objects of a channel. */
const ROOM = 192 << 10
const MOST_BYTES = CONNECTIONS * (LIMITS.holdLimitBytes + LIMITS.backlogLimitBytes + ROOM)
/** What the heap may differ by when nobody is there. */
const IDLE_BYTES = 2 << 20

/** A program that answers each line with one line. */
class Responder {
  #process
  #lines

  /** @param {string} command @param {string[]} args */
  constructor(command, args) {
    this.#process = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]()
  }

  async line() {
    const { value, done } = await this.#lines.next()
    if (done) throw new Error('a program of the case has ended')
    return value
  }

  /** @param {string} line */
  ask(line) {
    this.#process.stdin.write(`${line}\n`)
    return this.line()
  }

  stop() {
    this.#process.kill('SIGKILL')
  }
}

/** @param {number} rounds @param {(round: number) => void} tell @param {number} [firstSeed] */
export async function strangers(rounds, tell, firstSeed = 1) {
  const counts = {
    'rounds of sixteen connections': 0,
    connections: 0,
    'channels that were open at once, in all rounds': 0,
    'bytes sent': 0,
    'most bytes that the server grew by': 0,
    'rounds in which it grew by more than is declared': 0,
    'rounds in which a channel held more than its limit': 0,
    'most descriptors of peers open at once': 0,
    'rounds with more of them than declared': 0,
    'most connections open at once': 0,
    'rounds with connections of peers that had just left': 0,
    'rounds with more connections than declared': 0,
    'bytes left after them, beyond what the heap differs by': 0,
    'descriptors left open after them': 0,
    'requests of an honest client that were not answered': 0,
    'exceptions in the process': 0,
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'x-soak-strangers-'))
  const where = path.join(folder, 's')
  const server = new Responder(process.execPath, [
    path.join(programs, 'bounded.mjs'),
    where,
    JSON.stringify(LIMITS),
  ])
  const peer = new Responder('python3', [path.join(programs, 'hostile-random.py'), where])
  const ask = async (/** @type {string} */ line) => JSON.parse(await server.ask(line))
  try {
    await server.line()
    /** @type {any} */
    let idle = null
    for (let round = 0; round <= rounds; round++) {
      const { peers, sent: bytes } = JSON.parse(await peer.ask(`${firstSeed + round} ${CONNECTIONS}`))
      const during = await ask('state')
      await peer.ask('leave')
      const after = await ask('quiet')
      await honest(where, counts)
      // The first warms up: what code and buffers take that stay.
      if (idle === null) {
        idle = await ask('quiet')
        continue
      }
      const grown = during.bytes - idle.bytes
      const sent = during.open.sent - idle.open.sent
      const connections = during.open.sockets - idle.open.sockets
      counts['rounds of sixteen connections']++
      counts['connections'] += peers
      counts['channels that were open at once, in all rounds'] += during.channels
      counts['bytes sent'] += bytes
      raise(counts, 'most bytes that the server grew by', grown)
      raise(counts, 'most descriptors of peers open at once', sent)
      raise(counts, 'most connections open at once', connections)
      raise(
        counts,
        'bytes left after them, beyond what the heap differs by',
        after.bytes - idle.bytes - IDLE_BYTES,
      )
      raise(counts, 'descriptors left open after them', after.open.all - idle.open.all)
      if (grown > MOST_BYTES) counts['rounds in which it grew by more than is declared']++
      if (sent > LIMITS.handleLimit) counts['rounds with more of them than declared']++
      if (connections > CONNECTIONS) counts['rounds with connections of peers that had just left']++
      if (connections > LIMITS.maxConnections) counts['rounds with more connections than declared']++
      if (during.held > LIMITS.holdLimitBytes) counts['rounds in which a channel held more than its limit']++
      counts['exceptions in the process'] = after.uncaught
      tell(round)
    }
  } finally {
    server.stop()
    peer.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  return counts
}

/** @param {Record<string, number>} counts @param {string} what @param {number} value */
function raise(counts, what, value) {
  counts[what] = Math.max(counts[what] ?? 0, value)
}

/** A client that does nothing wrong. @param {string} where @param {Record<string, number>} counts */
async function honest(where, counts) {
  const client = createClient(where, { firstDelayMs: 1, mostDelayMs: 10 })
  const answer = await client.request('honest', { name: 'echo' }).catch(() => null)
  if (answer?.value !== 'honest') counts['requests of an honest client that were not answered']++
  await client.close()
}
