// Random programs over two channels of one connection: messages and requests with buffers and handles, handlers that answer late,
// fail, close and destroy, and ends by either side at any time. From a seed. It counts, and judges nothing.
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { selectTransport } from '@x/core/transport'
import { connect, createChannel, createDescriptor, listen } from '@x/ipc'
import { HANG_MS } from '@x/presets/hang-limit'
import { dice } from './dice.mjs'

const hasHandles = selectTransport().transport.descriptors !== null
/** What a request may fail with. */
const OUTCOMES = new Set(
  ['NOT_SENT', 'OUTCOME_UNKNOWN', 'REQUEST_TIMEOUT', 'REQUEST_FAILED', 'HANDLE_REFUSED', 'HANDLE_LOST'].map(
    name => `ERR_X_${name}`,
  ),
)
const OWN = new Error("a listener's own")

/** @typedef {(below: number) => number} Random */

/** @returns {Promise<import('@x/ipc').Descriptor[]>} */
const someHandle = async () => [await createDescriptor(openSync('/dev/null', 'r'))]

/** @param {readonly import('@x/ipc').Descriptor[]} handles */
function closeAll(handles) {
  for (const handle of handles) handle.close()
}

/** What one side does with requests and messages. */
class Side {
  /** @type {Set<number>} */
  executed = new Set()
  closes = 0
  closings = 0
  isWrong = false
  ended

  /** @param {import('@x/ipc').Channel} channel @param {Random} random */
  constructor(channel, random) {
    this.channel = channel
    this.random = random
    this.ended = once(channel, 'close')
    channel.on('close', error => {
      this.closes++
      // The other side speaks the protocol, too.
      if (/PROTOCOL|VERSION|REFUSED/.test(/** @type {any} */ (error)?.code ?? '')) this.isWrong = true
    })
    channel.on('closing', () => {
      this.closings++
      if (this.closes > 0 || channel.isOpen) this.isWrong = true
      if (random(10) === 0) throw OWN
    })
    channel.serve(async (value, request) => {
      try {
        return await this.#answer(/** @type {any} */ (value), request)
      } finally {
        closeAll(request.handles)
      }
    })
    if (random(10) < 7) {
      channel.on('message', ({ value, handles }) => {
        closeAll(handles)
        if (value === 'close') void channel.close()
        if (random(20) === 0) throw OWN
      })
    }
  }

  /** @param {{ id: number, how: string }} value @param {import('@x/ipc').IncomingRequest} request */
  async #answer({ id, how }, { signal, handles, attach }) {
    const { channel } = this
    this.executed.add(id)
    switch (how) {
      case 'fail':
        throw new RangeError('as asked')
      case 'late':
        for (let turns = 0; turns < 3; turns++) await turn()
        break
      case 'hang':
        await new Promise(resolve => signal.addEventListener('abort', resolve))
        break
      case 'close':
        void channel.close({ timeoutMs: 50 })
        break
      case 'close and wait':
        await channel.close({ timeoutMs: 50 })
        break
      case 'destroy':
        channel.destroy()
        break
      case 'attach':
        if (hasHandles) attach({ handles: await someHandle() })
        break
      case 'take':
        for (const handle of handles) closeSync(handle.take())
        break
      case 'much':
        attach({ buffers: [Buffer.alloc(100_000)] })
        return Buffer.alloc(200_000)
      case 'no value':
        return 1n
    }
    return id
  }
}

const USUAL = ['answer', 'fail', 'late']
const UNUSUAL = ['hang', 'close', 'close and wait', 'destroy', 'attach', 'take', 'much', 'no value']

/** What is sent beside a value. @param {Random} random */
async function beside(random) {
  return {
    ...(hasHandles && random(5) === 0 && { handles: await someHandle() }),
    ...(random(4) === 0 && { buffers: [Buffer.alloc(random(150_000))] }),
  }
}

/** @param {Side} from @param {Side} to @param {Random} random @param {number} id @param {Record<string, number>} counts */
async function request(from, to, random, id, counts) {
  const choices = random(5) ? USUAL : UNUSUAL
  const value = { id, how: choices[random(choices.length)] }
  const parts = await beside(random)
  counts.requests++
  return from.channel.request(value, { ...parts, timeoutMs: random(5) ? 5000 : 20 }).then(
    ({ handles }) => closeAll(handles),
    error => {
      closeAll(parts.handles ?? [])
      if (error.code === 'ERR_X_NOT_SENT' && to.executed.has(id))
        counts['told to be never sent, and executed']++
      if (!OUTCOMES.has(error.code)) counts['told something else']++
    },
  )
}

/** @param {import('@x/core').Server} server @param {string} where @param {number} seed @param {Record<string, number>} counts */
async function play(server, where, seed, counts) {
  const random = dice(seed)
  const accepted = once(server, 'connection')
  const sockets = [await connect(where), (await accepted)[0]]
  const options = {
    handles: hasHandles,
    patienceMs: 400,
    frameLimitBytes: 1 << 20,
    requestLimit: 1 + random(6),
    inboxLimit: 1 + random(6),
    holdLimitBytes: (1 << 20) + 4096 * (1 + random(100)),
  }
  const sides = sockets.map(socket => new Side(createChannel(socket, options), random))
  const steps = 5 + random(40)
  const closesAt = random(steps + (steps >> 1))
  /** @type {Promise<unknown>[]} */
  const settled = []
  for (let step = 0; step < steps; step++) {
    const at = random(2)
    const [from, to] = /** @type {[Side, Side]} */ ([sides[at], sides[1 - at]])
    if (step === closesAt) settled.push(from.channel.close({ timeoutMs: random(2) ? 100 : 30 }))
    const what = random(10)
    if (what < 5) settled.push(request(from, to, random, step, counts))
    else if (what < 8) {
      const parts = await beside(random)
      const sent = from.channel.send(random(20) ? { step } : 'close', parts)
      settled.push(sent.catch(() => closeAll(parts.handles ?? [])))
    } else if (what === 8) await turn()
    else if (random(10) === 0) from.channel.destroy()
    if (random(3) === 0) await turn()
  }
  if (closesAt >= steps) settled.push(/** @type {Side} */ (sides[random(2)]).channel.close({ timeoutMs: 60 }))
  const signal = AbortSignal.timeout(HANG_MS / 10)
  const late = once(signal, 'abort').then(() => true)
  const done = Promise.all([...settled, ...sides.map(({ ended }) => ended)]).then(() => false)
  if (await Promise.race([done, late])) counts['programs that did not end']++
  for (const { channel, closes, closings, isWrong } of sides) {
    if (closes !== 1 || closings > 1) counts['channels that did not end once']++
    if (isWrong) counts['channels that ended as if the other had broken the protocol']++
    if (channel.unacknowledged > 0) counts['handles whose fate nobody told']++
    counts[`ended: ${channel.ending}`] = (counts[`ended: ${channel.ending}`] ?? 0) + 1
  }
}

/** @param {number} rounds @param {(round: number) => void} tell @param {number} [firstSeed] */
export async function pairs(rounds, tell, firstSeed = 1) {
  /** @type {Record<string, number>} */
  const counts = {
    'programs of two channels': 0,
    requests: 0,
    'told to be never sent, and executed': 0,
    'told something else': 0,
    'programs that did not end': 0,
    'channels that did not end once': 0,
    'channels that ended as if the other had broken the protocol': 0,
    'handles whose fate nobody told': 0,
    'exceptions in the process': 0,
    'descriptors left open': 0,
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'x-soak-pairs-'))
  const where = path.join(folder, 's')
  const server = await listen(where)
  const open = () => readdirSync('/proc/self/fd').length
  // The only listener while it runs: what the channels' listeners throw is theirs.
  const others = process.rawListeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  const heard = (/** @type {unknown} */ error) => {
    if (error !== OWN) counts['exceptions in the process']++
  }
  process.on('uncaughtException', heard)
  process.prependListener('unhandledRejection', heard)
  try {
    let before = 0
    for (let round = 0; round <= rounds; round++) {
      await play(server, where, firstSeed + round, counts)
      await turn()
      // The first warms up: what is opened once stays.
      if (round === 0) before = open()
      else {
        counts['programs of two channels']++
        tell(round)
      }
    }
    server.close()
    await once(server, 'close')
    // The listener's own has gone, too.
    counts['descriptors left open'] = Math.max(0, open() - before + 1)
  } finally {
    process.off('uncaughtException', heard)
    process.off('unhandledRejection', heard)
    for (const each of others) process.on('uncaughtException', /** @type {any} */ (each))
    rmSync(folder, { recursive: true, force: true })
  }
  return counts
}
