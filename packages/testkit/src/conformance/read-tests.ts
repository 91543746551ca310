// Reading and ending: buffers of the receiver's own, new sinks, half-close, reset, errors, closing while reading.
import assert from 'node:assert/strict'
import { type ReadSink, UV_EBADF, UV_ECONNRESET } from '@x/core/transport'
import { closed, outcome, settle } from './bed'
import { flood, pattern } from './bytes'
import { Reader } from './reader'
import type { ConformanceTest } from './test-case'

/** A sink that reads into one small buffer and copies out of it what each read brought. */
class IntoReader extends Reader {
  readonly target = Buffer.alloc(1000)
  strays = 0

  into(): Uint8Array {
    return this.target
  }

  override onData(chunk: Buffer): void {
    const isView = chunk.buffer === this.target.buffer && chunk.byteOffset === this.target.byteOffset
    if (!isView || chunk.length > this.target.length) this.strays++
    super.onData(Buffer.from(chunk))
  }
}

export const readTests: readonly ConformanceTest[] = [
  {
    name: 'no chunk is ever empty, and bytesRead is what was handed over',
    async run(bed) {
      const { mine, theirs } = await bed.pair()
      const reader = new Reader()
      const counts: boolean[] = []
      reader.hook = () => counts.push(mine.bytesRead === reader.size)
      mine.readStart(reader)
      const sent = pattern(300_000)
      await outcome(done => theirs.write([sent], done))
      await outcome(done => theirs.shutdown(done))
      await reader.whenEnd()
      assert.ok(reader.bytes.equals(sent))
      assert.ok(reader.chunks.every(chunk => chunk.length > 0))
      assert.ok(counts.every(Boolean))
    },
  },
  {
    name: 'with `into`, each read lands at the start of the buffer that it gave',
    async run(bed) {
      const { mine, theirs } = await bed.pair()
      const reader = new IntoReader()
      mine.readStart(reader)
      const sent = pattern(123_456)
      await outcome(done => theirs.write([sent], done))
      await outcome(done => theirs.shutdown(done))
      await reader.whenEnd()
      assert.ok(reader.bytes.equals(sent))
      assert.equal(reader.strays, 0)
      assert.equal(mine.bytesRead, sent.length)
    },
  },
  {
    name: 'with `into`, readStop and close are exact as well',
    async run(bed) {
      const { mine, theirs } = await bed.pair()
      const sent = pattern(50_000)
      await outcome(done => theirs.write([sent], done))
      await settle()
      const first = new IntoReader()
      first.hook = () => mine.readStop()
      mine.readStart(first)
      await first.whenSize(1)
      await settle()
      assert.equal(first.calls, 1)
      const rest = new Reader()
      rest.hook = () => {
        if (rest.size >= 10_000) mine.close()
      }
      mine.readStart(rest)
      await rest.whenSize(10_000)
      const got = Buffer.concat([first.bytes, rest.bytes])
      assert.ok(got.equals(sent.subarray(0, got.length)))
      const calls = rest.calls
      await closed(mine)
      assert.equal(rest.calls, calls)
    },
  },
  {
    name: 'a second readStart brings a new sink, which hears the rest',
    async run(bed) {
      const { mine, theirs } = await bed.pair()
      const [first, second] = [new Reader(), new Reader()]
      assert.equal(mine.readStart(first), 0)
      theirs.write([Buffer.from('one')], () => {})
      await first.whenSize(3)
      assert.equal(mine.readStart(second), 0)
      theirs.write([Buffer.from('two')], () => {})
      await outcome(done => theirs.shutdown(done))
      await second.whenEnd()
      assert.deepEqual([first.calls, String(second.bytes)], [1, 'two'])
    },
  },
  {
    name: 'readStop without reading, and readStop twice, answer 0',
    async run(bed) {
      const { mine } = await bed.pair()
      assert.equal(mine.readStop(), 0)
      assert.equal(mine.readStart(new Reader()), 0)
      assert.equal(mine.readStop(), 0)
      assert.equal(mine.readStop(), 0)
    },
  },
  {
    name: 'either side may end first, and the other still sends 1 MB',
    async run(bed) {
      for (const first of ['mine', 'theirs'] as const) {
        const pair = await bed.pair()
        const [early, late] = first === 'mine' ? [pair.mine, pair.theirs] : [pair.theirs, pair.mine]
        const [atEarly, atLate] = [new Reader(), new Reader()]
        early.readStart(atEarly)
        late.readStart(atLate)
        assert.ok((await outcome(done => early.write([Buffer.from('request')], done))) >= 0)
        assert.equal(await outcome(done => early.shutdown(done)), 0)
        await atLate.whenEnd()
        assert.equal(String(atLate.bytes), 'request')
        const reply = pattern(1_000_000)
        assert.ok((await outcome(done => late.write([reply], done))) >= 0)
        assert.equal(await outcome(done => late.shutdown(done)), 0)
        await atEarly.whenEnd()
        assert.ok(atEarly.bytes.equals(reply))
        assert.deepEqual([atEarly.ends, atLate.ends], [1, 1])
      }
    },
  },
  {
    name: 'reset is ECONNRESET to a reading TCP peer, told once, and its done comes once',
    variants: ['tcp4', 'tcp6'],
    async run(bed) {
      for (const resets of ['mine', 'theirs'] as const) {
        const pair = await bed.pair()
        const [by, to] = resets === 'mine' ? [pair.mine, pair.theirs] : [pair.theirs, pair.mine]
        const reader = new Reader()
        to.readStart(reader)
        let dones = 0
        assert.equal(
          by.reset(() => dones++),
          0,
        )
        assert.equal(dones, 0)
        await reader.whenOver()
        await closed(by)
        await settle()
        assert.deepEqual([reader.errors, reader.ends, dones], [[UV_ECONNRESET], 0, 1])
        assert.ok(by.reset(() => dones++) < 0)
        assert.equal(by.sockname(), UV_EBADF)
        await settle()
        assert.equal(dones, 1)
      }
    },
  },
  {
    name: 'reset of a local connection closes it',
    variants: ['path', 'abstract'],
    async run(bed) {
      const { mine, theirs } = await bed.pair()
      const reader = new Reader()
      theirs.readStart(reader)
      let dones = 0
      assert.equal(
        mine.reset(() => dones++),
        0,
      )
      await reader.whenOver()
      await closed(mine)
      await settle()
      assert.equal(dones, 1)
    },
  },
  {
    name: 'reset drops what is queued, and calls it back first',
    async run(bed) {
      const { mine } = await bed.pair()
      const sent = flood(mine, pattern(65536), 1)
      let toldAtDone = -1
      await new Promise<void>(resolve => {
        const answer = mine.reset(() => {
          toldAtDone = sent.told.length
          resolve()
        })
        assert.equal(answer, 0)
        assert.deepEqual(sent.told, [])
      })
      assert.equal(toldAtDone, 2)
      assert.ok(sent.told.every(status => status < 0))
    },
  },
  {
    name: 'a stream may be closed inside onEnd',
    async run(bed) {
      const { mine, theirs } = await bed.pair()
      const reader = new Reader()
      const done = new Promise<void>(resolve => {
        reader.hook = () => mine.close(resolve)
      })
      mine.readStart(reader)
      await outcome(shut => theirs.shutdown(shut))
      await done
      await settle()
      assert.deepEqual([reader.ends, reader.calls], [1, 1])
    },
  },
  {
    name: 'close ends the connection for the peer after all that was sent',
    async run(bed) {
      const { mine, theirs } = await bed.pair()
      const reader = new Reader()
      assert.equal(
        mine.write([pattern(1000)], () => {}),
        1,
      )
      await closed(mine)
      theirs.readStart(reader)
      await reader.whenEnd()
      assert.equal(reader.size, 1000)
    },
  },
  {
    name: 'many connections at once read each their own bytes',
    async run(bed) {
      const pairs = await bed.pairs(40)
      const readers = pairs.map(({ mine }) => {
        const reader = new Reader()
        mine.readStart(reader)
        return reader
      })
      pairs.forEach(({ theirs }, index) => {
        theirs.write([pattern(5000, index + 1)], () => {})
      })
      await Promise.all(readers.map(reader => reader.whenSize(5000)))
      readers.forEach((reader, index) => {
        assert.ok(reader.bytes.equals(pattern(5000, index + 1)))
      })
    },
  },
  {
    name: 'stopping and starting at every chunk loses nothing',
    async run(bed) {
      const { mine, theirs } = await bed.pair()
      const sent = pattern(2_000_000)
      const reader = new Reader()
      const sink: ReadSink = reader
      reader.hook = event => {
        if (event !== 'data') return
        mine.readStop()
        setImmediate(() => mine.readStart(sink))
      }
      mine.readStart(sink)
      const written = outcome(done => theirs.write([sent], done))
      await reader.whenSize(sent.length)
      assert.ok((await written) >= 0)
      assert.ok(reader.bytes.equals(sent))
    },
  },
]
