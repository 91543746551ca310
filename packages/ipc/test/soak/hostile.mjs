// Peers that send a channel what its protocol does not have: bytes of a real exchange changed at random, descriptors
// that do not fit their frames. From a seed, so that a round can be run again. It counts, and judges nothing.
import { once } from 'node:events'
import { closeSync, openSync, readdirSync } from 'node:fs'
import { Duplex } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { selectTransport } from '@x/core/transport'
import { createChannel } from '@x/ipc'
import { HANG_MS } from '@x/presets/hang-limit'
import { dice } from './dice.mjs'
import { change } from './grammar.mjs'

const { transport } = selectTransport()
const PEERS_A_ROUND = 20
const PATIENCE_MS = HANG_MS / 10

/** Twenty peers a round, one after the other; what their channels ended with. */
async function attack(rounds, tell, one) {
  const counts = {
    'rounds of twenty hostile peers': 0,
    'ended by the protocol': 0,
    'ended as in order': 0,
    'ended otherwise': 0,
    'exceptions in the process': 0,
  }
  const heard = () => counts['exceptions in the process']++
  process.prependListener('uncaughtException', heard)
  process.prependListener('unhandledRejection', heard)
  try {
    for (let peer = 0; peer < rounds * PEERS_A_ROUND; peer++) {
      const error = await one(dice(peer + 1))
      if (error === null) counts['ended as in order']++
      else counts[/^ERR_X_(CHANNEL|FRAME)/.test(error.code) ? 'ended by the protocol' : 'ended otherwise']++
      if ((peer + 1) % PEERS_A_ROUND === 0) tell(++counts['rounds of twenty hostile peers'])
    }
    await turn()
  } finally {
    process.off('uncaughtException', heard)
    process.off('unhandledRejection', heard)
  }
  return counts
}

async function endOf(target) {
  const signal = AbortSignal.timeout(PATIENCE_MS)
  const [error] = await once(target, 'close', { signal }).catch(late => [late])
  return error
}

const hello = (flags, frameLimit) => Buffer.from([0x78, 0x63, 0x68, 1, flags, 0, 0, 0, 0, 0, frameLimit, 0])

function pipe(write) {
  return new Duplex({ read() {}, write, final: done => done() })
}

/** What a channel sends of all sorts. */
async function realBytes(clone) {
  const chunks = []
  const stream = pipe((chunk, _encoding, done) => {
    chunks.push(Buffer.from(chunk))
    done()
  })
  const from = createChannel(stream, { clone })
  stream.push(hello(clone ? 1 : 0, 1))
  await turn()
  const long = { at: 1, body: 'x'.repeat(300), tags: [1, { deep: null }], other: 'é'.repeat(300) }
  for (const value of [long, 'text é', Buffer.from('bytes'), undefined, null, long]) void from.send(value)
  void from.send({ beside: 1 }, { buffers: [Buffer.from('buffer'), Buffer.alloc(0)] })
  for (const value of ['one', { two: 2 }]) void from.request(value)
  await turn()
  from.destroy()
  return Buffer.concat(chunks)
}

const globals = () => [Object, Array, String].map(each => Object.getOwnPropertyNames(each.prototype).length)

/** A real exchange, changed in one to four places, in pieces of any size. */
export async function changedBytes(rounds, tell) {
  const real = [await realBytes(false), await realBytes(true)]
  const before = globals().join()
  const counts = await attack(rounds, tell, async random => {
    const clone = random(8) === 0
    let bytes = Buffer.from(real[clone ? 1 : 0])
    for (let times = 1 + random(4); times > 0; times--) bytes = change(bytes, random)
    const stream = pipe((_chunk, _encoding, done) => done())
    const target = createChannel(stream, { clone, frameLimitBytes: 1 << 20, inboxLimit: random(2) ? 2 : 100 })
    if (random(2)) target.serve(value => value)
    const ended = endOf(target)
    if (random(2)) target.on('message', () => {})
    else
      void target[Symbol.asyncIterator]()
        .next()
        .catch(() => {})
    for (let at = 0; at < bytes.length; ) {
      const size = 1 + random(random(4) ? 2000 : 5)
      stream.push(bytes.subarray(at, at + size))
      at += size
      if (random(4) === 0) await turn()
    }
    stream.push(null)
    await turn()
    target.on('message', () => {})
    return await ended
  })
  return { ...counts, 'prototypes changed': globals().join() === before ? 0 : 1 }
}

/** A frame with handles: how many it says it has, in its header and in its description. */
function handleFrame(kind, id, said, described, ack) {
  const handles = Array.from({ length: described }, () => ({ kind: 'fd', unread: 0 }))
  const meta = Buffer.from(JSON.stringify({ value: 2, buffers: [], handles, ack }))
  const header = Buffer.alloc(16)
  header.writeUInt32LE(4 + meta.length + 2, 0)
  header[4] = kind
  header[5] = 0x81
  header.writeUInt16LE(said, 6)
  header.writeUInt32LE(id, 8)
  header.writeUInt32LE(meta.length, 12)
  return Buffer.concat([header, meta, Buffer.from('{}')])
}

/** Frames with other descriptors than they announce, cut off, or followed by more than there is. */
export async function strayDescriptors(rounds, tell) {
  const before = readdirSync('/proc/self/fd').length
  let taken = 0
  const counts = await attack(rounds, tell, async random => {
    const [near, far] = transport.descriptors.socketPair()
    const target = createChannel(near, { handleLimit: random(3) ? 1024 : 2 })
    const peer = transport.descriptors.channel(far)
    peer.receive({ onMessage() {}, onEnd() {}, onError() {} })
    const take = handles => {
      taken += handles.length
      for (const handle of handles) random(2) ? handle.close() : closeSync(handle.take())
    }
    if (random(2)) target.on('handle', (_value, ...handles) => take(handles))
    target.serve((_value, { handles }) => take(handles))
    const ended = endOf(target)
    peer.send(hello(2, 1), [], () => {})
    for (let id = 1; id <= 5; id++) {
      const count = random(5)
      const said = random(5) ? count : random(5)
      const fds = Array.from({ length: count }, () => openSync('/dev/null'))
      let bytes = handleFrame(1 + random(2), id, said, random(8) ? said : random(5), random(9))
      if (random(12) === 0) bytes = change(bytes, random)
      const status = peer.send(bytes, fds, () => {})
      for (const fd of fds) closeSync(fd)
      if (status < 0) break
      if (random(3) === 0) await turn()
    }
    await turn()
    peer.close(() => {})
    const error = await ended
    // What waited for a reader is its own to close.
    target.on('handle', (_value, ...handles) => take(handles))
    return error
  })
  await turn()
  return {
    ...counts,
    'descriptors taken': taken,
    'descriptors left open': readdirSync('/proc/self/fd').length - before,
  }
}
