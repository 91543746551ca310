// Channels whose peers speak by the grammar, wrong in some places, against programs of all sorts; what was held for each is
// looked at after each frame. From a seed, so that a peer can be played again. It counts, and judges nothing.
import { setImmediate as turn } from 'node:timers/promises'
import { createChannel } from '@x/ipc'
import { Line } from '../fuzz/line.cjs'
import { dice, pick } from './dice.mjs'
import { change, frame, hello } from './grammar.mjs'

/** Frames that one peer sends at most. */
const FRAMES = 40
/** Frames of a round. */
const EXCHANGES = 10_000
// What a request of the least frame limit is charged at most stays below it, so that no exception is made for one alone.
const FRAME_LIMIT = 4096
const HOLD_LIMIT = 1 << 20

/** What a program does with its channel. @param {import('@x/ipc').Channel} target @param {(below: number) => number} random */
function program(target, random) {
  const waiting = [() => {}]
  /** @type {number[]} */
  const asked = []
  const handlers = [
    value => value,
    async value => value,
    () => new Promise(resolve => waiting.push(() => resolve(1))),
    () => {
      throw new RangeError('as thrown')
    },
    () => Promise.reject(Object.create(null)),
    () => 1n,
    (_value, { attach }) => attach({ handles: 1 }),
  ]
  if (random(3)) target.serve(pick(random, handlers))
  if (random(3))
    target.serve({ echo: value => value, wait: pick(random, handlers), fail: pick(random, handlers) })
  const hears = random(4)
  if (hears === 1) target.on('message', () => {})
  if (hears === 2) {
    target.on('message', () => random(20) || target.removeAllListeners('message'))
  }
  /** @type {(() => void)[]} */
  const acts = [
    () => void target.send({ any: 'thing' }).catch(() => {}),
    () => {
      asked.push(asked.length + 1)
      target.request('asked', { timeoutMs: 0 }).catch(() => {})
    },
    () =>
      void target[Symbol.asyncIterator]()
        .next()
        .catch(() => {}),
    () => waiting.splice(random(waiting.length), 1)[0]?.(),
    () => void target.on('message', () => {}),
    () => void (random(40) || target.close()),
    () => void (random(60) || target.destroy()),
  ]
  return {
    asked,
    act: () => random(3) === 0 && pick(random, acts)(),
    finish() {
      for (const settle of waiting) settle()
    },
  }
}

/** One peer against one program. @param {number} seed @param {Record<string, number>} counts */
async function play(seed, counts) {
  /** @type {import('./grammar.mjs').Random} */
  const random = dice(seed)
  random.errs = random(3) > 0
  const line = new Line()
  line.isStuck = random(10) === 0
  const target = createChannel(/** @type {any} */ (line), {
    frameLimitBytes: FRAME_LIMIT,
    holdLimitBytes: HOLD_LIMIT,
    backlogLimitBytes: 1 << 20,
    inboxLimit: pick(random, [1, 10, 1024]),
    requestLimit: pick(random, [1, 10, 1024]),
    patienceMs: 0,
    clone: random(10) === 0,
  })
  let ends = 0
  target.on('close', () => ends++)
  const { asked, act, finish } = program(target, random)
  let queue = [hello(random)]
  const isChanged = random.errs && random(4) === 0
  for (let sent = 0; sent < FRAMES && target.ending === null; sent++) {
    queue.push(frame(random, asked))
    counts['generated exchanges']++
    if (random(3) === 0) continue
    let bytes = Buffer.concat(queue)
    queue = []
    if (isChanged && random(4) === 0) bytes = change(bytes, random)
    for (let at = 0; at < bytes.length; ) {
      if (line.isPaused) await turn()
      if (line.isPaused || line.destroyed) break
      const size = random(3) ? bytes.length : 1 + random(random(2) ? 20 : 3000)
      line.emit('data', bytes.subarray(at, at + size))
      at += size
      counts['most bytes held for a peer'] = Math.max(counts['most bytes held for a peer'], target.held)
      if (target.held > HOLD_LIMIT) counts['peers for whom more was held than the limit']++
    }
    act()
    if (random(8) === 0) await turn()
    if (line.isPaused && random(3)) break
  }
  if (random(2)) line.emit('end')
  if (random(2)) line.destroy()
  await turn()
  finish()
  target.destroy()
  line.destroy()
  await turn()
  counts['peers']++
  if (ends !== 1) counts['channels that did not end once']++
  counts[`ended: ${target.ending}`] = (counts[`ended: ${target.ending}`] ?? 0) + 1
}

const globals = () =>
  [Object, Array, String, Function].map(each => Object.getOwnPropertyNames(each.prototype).length)

/** Rounds of ten thousand frames. @param {number} rounds @param {(round: number) => void} tell @param {number} [firstSeed] */
export async function generatedPeers(rounds, tell, firstSeed = 1) {
  /** @type {Record<string, number>} */
  const counts = {
    'rounds of generated exchanges': 0,
    'generated exchanges': 0,
    peers: 0,
    'most bytes held for a peer': 0,
    'peers for whom more was held than the limit': 0,
    'channels that did not end once': 0,
    'exceptions in the process': 0,
    'prototypes changed': 0,
  }
  const before = globals().join()
  const heard = () => counts['exceptions in the process']++
  process.prependListener('uncaughtException', heard)
  process.prependListener('unhandledRejection', heard)
  try {
    for (let round = 1, seed = firstSeed; round <= rounds; round++) {
      const enough = round * EXCHANGES
      while (counts['generated exchanges'] < enough) await play(seed++, counts)
      counts['rounds of generated exchanges']++
      tell(round)
    }
  } finally {
    process.off('uncaughtException', heard)
    process.off('unhandledRejection', heard)
  }
  if (globals().join() !== before) counts['prototypes changed']++
  return counts
}
