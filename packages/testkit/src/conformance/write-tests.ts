// Writing: the three answers, order, back-pressure, counters, big transfers both ways.
import assert from 'node:assert/strict'
import { createHash, type Hash } from 'node:crypto'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type ReadSink, type Status, type StreamHandle, UV_ECANCELED } from '@x/core/transport'
import { type Bed, closed, outcome, settle } from './bed'
import { flood, pattern } from './bytes'
import { Reader } from './reader'
import type { ConformanceTest } from './test-case'

const mebibyte = 1024 * 1024

export const writeTests: readonly ConformanceTest[] = [
  {
    name: 'a write that the system takes whole answers 1 and calls nobody',
    async run(bed) {
      const { mine, theirs } = await bed.pair()
      const told: Status[] = []
      assert.equal(
        mine.write([Buffer.from('hello')], status => told.push(status)),
        1,
      )
      assert.deepEqual([mine.writeQueueSize, mine.bytesWritten], [0, 5])
      const reader = new Reader()
      theirs.readStart(reader)
      await reader.whenSize(5)
      await settle()
      assert.deepEqual(told, [])
      assert.equal(theirs.bytesRead, 5)
    },
  },
  {
    name: 'a write that the system does not take is called back once, when the last byte is with it',
    async run(bed) {
      const { mine, theirs } = await bed.pair()
      const sent = flood(mine, pattern(100_000), 3)
      assert.ok(mine.writeQueueSize > 0)
      assert.equal(mine.bytesWritten + mine.writeQueueSize, sent.size)
      await settle()
      assert.ok(sent.told.length < sent.queued, 'a write is over though nobody reads')
      const reader = new Reader()
      theirs.readStart(reader)
      await reader.whenSize(sent.size)
      await settle()
      assert.deepEqual(sent.told, [0, 0, 0, 0])
      assert.deepEqual([mine.writeQueueSize, mine.bytesWritten, theirs.bytesRead], [0, sent.size, sent.size])
    },
  },
  {
    name: 'writes arrive and are called back in their order, whatever their sizes and answers',
    async run(bed) {
      const { mine, theirs } = await bed.pair()
      const sizes = [1, 70_000, 3, 2_000_000, 5, 65_536, 2, 900_000, 1]
      const sent: Buffer[] = []
      const order: number[] = []
      const queued: number[] = []
      for (let round = 0; round < 8; round++) {
        for (const size of sizes) {
          const index = sent.length
          const chunk = pattern(size, index + 1)
          sent.push(chunk)
          const answer = mine.write([chunk], status => order.push(status === 0 ? index : -1))
          assert.ok(answer >= 0)
          if (answer === 0) queued.push(index)
        }
      }
      assert.ok(queued.length > 0)
      const reader = new Reader()
      theirs.readStart(reader)
      const all = Buffer.concat(sent)
      await reader.whenSize(all.length)
      await settle()
      assert.deepEqual(order, queued)
      assert.ok(reader.bytes.equals(all))
    },
  },
  {
    name: 'several chunks of one write arrive in order: few, thousands, empty ones, none',
    async run(bed) {
      const { mine, theirs } = await bed.pair()
      const reader = new Reader()
      theirs.readStart(reader)
      const many = Array.from({ length: 3000 }, (_, index) => pattern((index % 7) + 1, index + 1))
      const lists: Uint8Array[][] = [
        [new Uint8Array([1, 2, 3]), Buffer.from('four'), new Uint8Array(pattern(50).buffer).subarray(10, 20)],
        many,
        [Buffer.alloc(0), Buffer.from('a'), Buffer.alloc(0), Buffer.from('b')],
        [],
        [Buffer.alloc(0)],
        [Buffer.from('last')],
      ]
      for (const list of lists) assert.ok((await outcome(done => mine.write(list, done))) >= 0)
      const all = Buffer.concat(lists.flat())
      await reader.whenSize(all.length)
      assert.ok(reader.bytes.equals(all))
      assert.equal(mine.bytesWritten, all.length)
    },
  },
  {
    name: 'several chunks under back-pressure are called back once for all of them',
    async run(bed) {
      const { mine, theirs } = await bed.pair()
      const before = flood(mine, pattern(65536))
      const told: Status[] = []
      const list = Array.from({ length: 50 }, (_, index) => pattern(10_000, index + 1))
      assert.equal(
        mine.write(list, status => told.push(status)),
        0,
      )
      const reader = new Reader()
      theirs.readStart(reader)
      await reader.whenSize(before.size + 500_000)
      await settle()
      assert.deepEqual(told, [0])
      assert.ok(reader.bytes.subarray(before.size).equals(Buffer.concat(list)))
    },
  },
  {
    name: 'shutdown waits until what is queued has gone out, and is called back after it',
    async run(bed) {
      const { mine, theirs } = await bed.pair()
      const events: string[] = []
      const size = flood(mine, pattern(65536)).size
      const last = pattern(500_000)
      assert.equal(
        mine.write([last], status => events.push(`write ${status}`)),
        0,
      )
      assert.equal(
        mine.shutdown(status => events.push(`shutdown ${status}`)),
        0,
      )
      const reader = new Reader()
      theirs.readStart(reader)
      await reader.whenEnd()
      await settle()
      assert.equal(reader.size, size + last.length)
      assert.deepEqual(events, ['write 0', 'shutdown 0'])
    },
  },
  {
    name: 'writing to a peer that has closed fails, by its answer or its done, and a later write does too',
    async run(bed) {
      const { mine, theirs } = await bed.pair()
      await closed(theirs)
      await settle()
      let status: Status = 0
      for (let round = 0; round < 5 && status >= 0; round++) {
        status = await outcome(done => mine.write([pattern(1000)], done))
        await settle()
      }
      assert.ok(status < 0, 'five writes into the void succeeded')
      assert.ok((await outcome(done => mine.write([pattern(10)], done))) < 0)
    },
  },
  {
    name: 'what is queued when the peer resets fails, each write once',
    variants: ['tcp4', 'tcp6'],
    async run(bed) {
      const { mine, theirs } = await bed.pair()
      const sent = flood(mine, pattern(65536), 2)
      const reader = new Reader()
      mine.readStart(reader)
      await outcome(done => theirs.reset(() => done(0)) || 0)
      await reader.whenOver()
      await settle()
      assert.equal(sent.told.length, 3)
      // The system may have taken the first of them before.
      assert.ok(
        sent.told.slice(1).every(status => status < 0),
        `told ${sent.told}`,
      )
    },
  },
  {
    name: 'a stream may be closed inside the done of a write',
    async run(bed) {
      const { mine, theirs } = await bed.pair()
      const events: string[] = []
      const size = flood(mine, pattern(65536)).size
      assert.equal(
        mine.write([pattern(10)], () => {
          events.push('first')
          mine.close(() => events.push('closed'))
        }),
        0,
      )
      assert.equal(
        mine.write([pattern(4 * mebibyte)], status =>
          events.push(status === UV_ECANCELED ? 'canceled' : 'over'),
        ),
        0,
      )
      const reader = new Reader()
      theirs.readStart(reader)
      await reader.whenSize(size)
      await reader.whenOver()
      await closed(mine)
      assert.equal(events[0], 'first')
      assert.equal(events.length, 3)
      assert.equal(events[2], 'closed')
    },
  },
  {
    name: '64 MB each way at once arrive whole, with no more memory than the buffers',
    variants: ['tcp4', 'path'],
    once: true,
    async run(bed) {
      await exchange(bed, 64 * mebibyte)
    },
  },
]

async function exchange(bed: Bed, size: number): Promise<void> {
  const { mine, theirs } = await bed.pair()
  const chunk = pattern(256 * 1024, 7)
  const expected = createHash('sha1')
  for (let sent = 0; sent < size; sent += chunk.length) expected.update(chunk)
  const digest = expected.digest('hex')
  const memory = new MemoryWatch()
  const results = await Promise.all([
    receive(mine, memory),
    receive(theirs, memory),
    send(mine, chunk, size),
    send(theirs, chunk, size),
  ])
  assert.deepEqual(results.slice(0, 2), [
    { size, digest },
    { size, digest },
  ])
  const growth = memory.peak - memory.start
  assert.ok(growth < 24 * mebibyte, `memory grew by ${Math.round(growth / mebibyte)} MB`)
}

async function send(stream: StreamHandle, chunk: Buffer, size: number): Promise<void> {
  for (let sent = 0; sent < size; sent += chunk.length) {
    const status = await outcome(done => stream.write([chunk], done))
    assert.ok(status >= 0, `write: ${status}`)
  }
  assert.equal(await outcome(done => stream.shutdown(done)), 0)
}

function receive(stream: StreamHandle, memory: MemoryWatch): Promise<{ size: number; digest: string }> {
  return new Promise((resolve, reject) => {
    const hash: Hash = createHash('sha1')
    let size = 0
    const sink: ReadSink = {
      onData(bytes) {
        hash.update(bytes)
        size += bytes.length
        memory.look(bytes.length)
      },
      onEnd: () => resolve({ size, digest: hash.digest('hex') }),
      onError: status => reject(new Error(`read: ${status}`)),
    }
    assert.equal(stream.readStart(sink), 0)
  })
}

/** Memory that is still held after a collection, looked at every few megabytes. */
class MemoryWatch {
  readonly start: number
  peak = 0
  #since = 0
  readonly #collect: () => void

  constructor() {
    this.#collect = collector()
    this.start = this.#held()
  }

  look(size: number): void {
    this.#since += size
    if (this.#since < 16 * mebibyte) return
    this.#since = 0
    this.peak = Math.max(this.peak, this.#held())
  }

  #held(): number {
    // What a collection finds in buffers is swept beside it, and counted until the next begins.
    this.#collect()
    this.#collect()
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  }
}

interface BunGlobal {
  readonly Bun?: { gc(isSynchronous: boolean): void }
}

/** Collects garbage now, on a host that was not started with a flag for it. */
function collector(): () => void {
  const { Bun } = globalThis as BunGlobal
  if (Bun !== undefined) return () => Bun.gc(true)
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
}
