// Clients that come back, of a server that is mute, lies, closes, goes away and dies within any byte: what they were told of each
// request, beside how often it was executed. From a seed. It counts, and judges nothing.
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Duplex } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { createChannel, createClient, listen } from '@x/ipc'
import { dice, pick } from './dice.mjs'

/** Messages and requests of a round. */
const ERRANDS = 60

/** A connection that breaks after so many bytes in and out; infinite: it holds. */
class Fragile extends Duplex {
  #raw
  #in
  #out

  /** @param {import('@x/core').Socket} raw @param {{ in: number, out: number }} left */
  constructor(raw, left) {
    super()
    this.#raw = raw
    this.#in = left.in
    this.#out = left.out
    raw.on('data', chunk => {
      this.push(chunk.subarray(0, this.#in))
      this.#in -= chunk.length
      if (this.#in <= 0) this.destroy()
    })
    raw.on('end', () => this.push(null))
    raw.on('error', () => {})
    raw.on('close', () => this.destroy())
  }

  _read() {}

  /** @param {Buffer} chunk @param {string} _encoding @param {() => void} done */
  _write(chunk, _encoding, done) {
    const part = chunk.subarray(0, Math.max(0, this.#out))
    this.#out -= chunk.length
    this.#raw.write(part, () => {
      if (this.#out <= 0) this.destroy()
      done()
    })
  }

  /** @param {() => void} done */
  _final(done) {
    this.#raw.end(() => done())
  }

  /** @param {Error | null} error @param {(error: Error | null) => void} done */
  _destroy(error, done) {
    this.#raw.destroy()
    done(error)
  }
}

/** What was executed, and what was told of it. */
class Ledger {
  /** How often each was executed. @type {Map<number, number>} */
  #executed = new Map()
  /** @type {{ id: number, isRepeatable: boolean, claim: string }[]} */
  #told = []

  /** @param {number} id */
  executed(id) {
    this.#executed.set(id, this.timesOf(id) + 1)
  }

  /** @param {number} id */
  timesOf(id) {
    return this.#executed.get(id) ?? 0
  }

  /** What was told of a request. @param {number} id @param {boolean} isRepeatable @param {any} error */
  told(id, isRepeatable, error) {
    this.#told.push({ id, isRepeatable, claim: claimOf(error) })
  }

  /** Once nothing can be executed any more. @param {Record<string, number>} counts */
  balance(counts) {
    for (const { id, isRepeatable, claim } of this.#told) {
      const times = this.timesOf(id)
      if (times > 1 && !isRepeatable) counts['executed more than once, though not repeatable']++
      if (claim === 'unknown') counts[`of unknown outcome, and ${times > 0 ? '' : 'not '}executed`]++
      else if (claim === 'executed')
        counts[times > 0 ? 'executed, as was told' : 'told to be executed, and not']++
      else if (claim === 'never sent')
        counts[times > 0 ? 'told to be never sent, and executed' : 'never sent, as was told']++
      else counts['told something else']++
    }
  }
}

/** What is told of a request by its error. @param {any} error */
function claimOf(error) {
  if (error === null || error.code === 'ERR_X_REQUEST_FAILED') return 'executed'
  if (error.code === 'ERR_X_NOT_SENT') return 'never sent'
  if (error.code === 'ERR_X_REQUEST_TIMEOUT') return error.mayHaveRun ? 'unknown' : 'never sent'
  return error.code === 'ERR_X_OUTCOME_UNKNOWN' || error.code === 'ABORT_ERR' ? 'unknown' : String(error.code)
}

/** What a server does with its connections. @param {(below: number) => number} random @param {Ledger} ledger */
function serveAs(random, ledger) {
  /** @param {import('@x/core').Socket} socket */
  return socket => {
    socket.on('error', () => {})
    const mood = random(12)
    if (mood === 0) return
    if (mood === 1) return void socket.end(Buffer.from(Array.from({ length: 40 }, () => random(256))))
    if (mood === 2) return void socket.destroy()
    const holds = mood > 7
    const left = () =>
      holds || random(2) === 0 ? Number.POSITIVE_INFINITY : 1 + random(random(2) ? 200 : 3000)
    const channel = createChannel(new Fragile(socket, { in: left(), out: left() }), { patienceMs: 50 })
    channel.on('message', ({ value }) => ledger.executed(value))
    channel.serve(async (value, { signal }) => {
      ledger.executed(value.id)
      for (let turns = random(4); turns > 0; turns--) await turn()
      if (value.how === 'hang') await new Promise(resolve => signal.addEventListener('abort', resolve))
      if (value.how === 'throw') throw new RangeError('as asked')
      if (value.how === 'end') channel.destroy()
      if (value.how === 'close') void channel.close({ timeoutMs: 20 })
      return value.id
    })
  }
}

/** A server whose connections end with it. @param {string} where @param {(socket: import('@x/core').Socket) => void} serve */
async function startServer(where, serve) {
  /** @type {Set<import('@x/core').Socket>} */
  const sockets = new Set()
  const server = await listen(where, {}, serve)
  server.on('connection', socket => sockets.add(socket))
  return {
    async stop() {
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    },
  }
}

/** One message or request. @param {any} client @param {(below: number) => number} random @param {Ledger} ledger @param {number} id */
function ask(client, random, ledger, id) {
  if (random(6) === 0) return client.send(id).catch(() => {})
  const repeatable = random(5) === 0
  const often = ['answer', 'answer', 'answer', 'answer', 'answer', 'answer', 'answer', 'answer']
  const how = pick(random, [...often, 'hang', 'throw', 'throw', 'end', 'close'])
  const controller = new AbortController()
  if (random(10) === 0) void turn().then(() => controller.abort())
  const value = { id, how, text: 'x'.repeat(random(4) ? random(30) : random(6000)) }
  const options = { timeoutMs: pick(random, [5, 20, 200]), repeatable, signal: controller.signal }
  return client.request(value, options).then(
    () => ledger.told(id, repeatable, null),
    error => ledger.told(id, repeatable, error),
  )
}

/** @param {string} where @param {number} seed @param {Record<string, number>} counts */
async function play(where, seed, counts) {
  const random = dice(seed)
  const ledger = new Ledger()
  const start = () => startServer(where, serveAs(random, ledger))
  let server = random(3) === 0 ? null : await start()
  const client = createClient(where, {
    firstDelayMs: 1,
    mostDelayMs: 2 + random(4),
    connectTimeoutMs: 20,
    queueLimitBytes: pick(random, [4000, 1 << 20]),
    channel: { patienceMs: 50 },
    onConnect: async channel => {
      if (random(4) === 0) await channel.request({ id: -1 })
    },
  })
  client.on('up', () => counts['connections']++)
  const settled = []
  for (let id = 0; id < ERRANDS; id++) {
    settled.push(ask(client, random, ledger, id))
    for (let turns = random(3); turns > 0; turns--) await turn()
    if (random(25) === 0 && server !== null) {
      await server.stop()
      server = null
    }
    if (server === null && random(4) === 0) server = await start()
  }
  const end = random(3)
  if (end === 0) client.destroy()
  if (end === 1) await client.close({ timeoutMs: 10 })
  // Messages have no deadline: they wait for a server.
  if (end === 2 && server === null) server = await start()
  await Promise.all(settled)
  client.destroy()
  await server?.stop()
  ledger.balance(counts)
  counts['errands'] += ERRANDS
  counts['rounds of a client']++
}

/** @param {number} rounds @param {(round: number) => void} tell @param {number} [firstSeed] */
export async function executions(rounds, tell, firstSeed = 1) {
  /** @type {Record<string, number>} */
  const counts = {
    'rounds of a client': 0,
    errands: 0,
    connections: 0,
    'executed, as was told': 0,
    'never sent, as was told': 0,
    'of unknown outcome, and executed': 0,
    'of unknown outcome, and not executed': 0,
    'told to be executed, and not': 0,
    'told to be never sent, and executed': 0,
    'executed more than once, though not repeatable': 0,
    'told something else': 0,
    'exceptions in the process': 0,
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'x-soak-executions-'))
  const heard = () => counts['exceptions in the process']++
  process.prependListener('uncaughtException', heard)
  process.prependListener('unhandledRejection', heard)
  try {
    for (let round = 1; round <= rounds; round++) {
      await play(path.join(folder, 's'), firstSeed + round, counts)
      tell(round)
    }
  } finally {
    process.off('uncaughtException', heard)
    process.off('unhandledRejection', heard)
    rmSync(folder, { recursive: true, force: true })
  }
  return counts
}
