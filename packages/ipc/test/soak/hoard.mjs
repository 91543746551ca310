// Peers that make a channel hold as much as they can, each in another way; prints what the memory of the process grew by for
// each, in bytes, beside the limit. It judges nothing.

import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createChannel } from '@x/ipc'
import { Line } from '../fuzz/line.cjs'

setFlagsFromString('--expose_gc')
const gc = runInNewContext('gc')

const FRAME_LIMIT = 1 << 20
const HOLD_LIMIT = 8 << 20
/** What one read brings. */
const CHUNK = 65536
/** How much a peer tries to send. */
const MOST_SENT = 512 << 20

const HELLO = Buffer.from([0x78, 0x63, 0x68, 1, 0, 0, 0, 0, 0, 0, 1, 0])

function frame(kind, encoding, payload, id = 0) {
  const header = Buffer.alloc(12)
  header.writeUInt32LE(payload.length, 0)
  header[4] = kind
  header[5] = encoding
  header.writeUInt32LE(id, 8)
  return Buffer.concat([header, payload])
}

const json = (text, times) => Buffer.from(`[${`${text},`.repeat(times)}0]`)
const FULL = FRAME_LIMIT - 100
const fill = text => json(text, Math.floor(FULL / (text.length + 1)))

function extended(buffers) {
  const head = Buffer.from(JSON.stringify({ value: 0, buffers: Array(buffers).fill(0), handles: [], ack: 0 }))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(head.length)
  return Buffer.concat([length, head])
}

/** A request that is long, and that nobody serves. */
const NOTHING = frame(2, 64 | 2, Buffer.concat([Buffer.from('\x04none'), Buffer.alloc(65_000)]), 1e9)

/** Each makes the bytes that it sends from a count; the same peer sends on until it is made to wait. */
const peers = {
  'messages of a byte': () => frame(1, 2, Buffer.from('x')),
  'messages of nothing': () => frame(1, 0, Buffer.alloc(0)),
  'messages of a whole frame': () => frame(1, 2, Buffer.alloc(FULL)),
  'messages of JSON': () => frame(1, 1, fill('[]')),
  'messages of a byte, each in a read of its own with 64 KiB of nothing': () =>
    Buffer.concat([frame(1, 2, Buffer.from('x')), NOTHING]),
  'requests of a byte, each in a read of its own with 64 KiB of nothing': count =>
    Buffer.concat([frame(2, 2, Buffer.from('x'), count), NOTHING]),
  'requests with a buffer, each in a read of its own with 64 KiB of nothing': count =>
    Buffer.concat([frame(2, 128, extended(1), count), NOTHING]),
  'messages with a thousand buffers': () => frame(1, 128, extended(1000)),
  'requests of nothing': count => frame(2, 0, Buffer.alloc(0), count),
  'requests of bytes': count => frame(2, 2, Buffer.alloc(50_000), count),
  'requests of a byte': count => frame(2, 2, Buffer.from('x'), count),
  'requests of empty objects': count => frame(2, 1, json('{}', 20_000), count),
  'requests of empty arrays': count => frame(2, 1, json('[]', 10_000), count),
  'requests of indexed keys': count => frame(2, 1, json('{"1023":0}', 5000), count),
  'requests of keys of their own': count =>
    frame(2, 1, Buffer.from(`[${Array.from({ length: 5000 }, (_, at) => `{"${count}k${at}":0}`)}]`), count),
  'requests of numbers': count => frame(2, 1, json('1.5,""', 20_000), count),
  'requests of short JSON': count => frame(2, 1, json('{}', 300), count),
  'requests of deep JSON': count => frame(2, 1, Buffer.from('['.repeat(30_000) + ']'.repeat(30_000)), count),
  'requests of text': count => frame(2, 4, Buffer.from(`\u4e2d${'x'.repeat(100_000)}`), count),
  'requests with a thousand buffers': count => frame(2, 128, extended(1000), count),
  'a frame that is announced': () => frame(1, 2, Buffer.alloc(FULL)).subarray(0, 13),
  'a frame byte by byte': () => frame(1, 2, Buffer.alloc(FULL)).subarray(0, FULL - 10),
}

function use() {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

async function collected() {
  for (let times = 0; times < 3; times++) {
    await turn()
    gc()
  }
  return use()
}

/** @param {string} name */
async function hoard(name) {
  const line = new Line()
  const target = createChannel(line, {
    frameLimitBytes: FRAME_LIMIT,
    holdLimitBytes: HOLD_LIMIT,
    inboxLimit: 1e9,
    requestLimit: 1e9,
    patienceMs: 0,
  })
  /** What the program keeps while it answers. @type {unknown[]} */
  const kept = []
  target.serve((value, request) => new Promise(() => kept.push(value, request)))
  line.emit('data', HELLO)
  const before = await collected()
  const size = name.endsWith('byte by byte') ? 16 : CHUNK
  for (let count = 1, sent = 0; !line.isPaused && sent < MOST_SENT && target.isOpen; count++) {
    const bytes = peers[name](count)
    for (let at = 0; at < bytes.length && !line.isPaused; at += size) {
      // Memory of its own, as a read has it.
      const chunk = Buffer.allocUnsafeSlow(Math.min(size, bytes.length - at))
      bytes.copy(chunk, 0, at, at + chunk.length)
      line.emit('data', chunk)
    }
    sent += bytes.length + 64
    if (name.startsWith('a frame')) break
    if (count % 100 === 0) await turn()
  }
  const grown = (await collected()) - before
  const { held, isOpen } = target
  if (kept.length > 0) kept.length = 0
  target.destroy()
  await turn()
  return { name, grown, held, isOpen }
}

await hoard('messages of a byte')
for (const name of Object.keys(peers)) console.log(JSON.stringify(await hoard(name)))
console.log('done')
