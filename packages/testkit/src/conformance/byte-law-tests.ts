// Laws 5 to 8 of the contract, on connected pairs: whose bytes they are, and when they and the end may come.
import assert from 'node:assert/strict'
import type { ReadSink } from '@x/core/transport'
import { outcome, settle } from './bed'
import { pattern } from './bytes'
import { Reader } from './reader'
import type { ConformanceTest } from './test-case'

const _silent: ReadSink = { onData() {}, onEnd() {}, onError() {} }

export const byteLawTests: readonly ConformanceTest[] = [
  {
    name: 'law 5: chunks belong to the caller again once the write is over',
    async run(bed) {
      const { mine, theirs } = await bed.pair()
      const sent = pattern(3000)
      const chunk = Buffer.from(sent)
      await outcome(done => mine.write([chunk.subarray(0, 1000), chunk.subarray(1000)], done))
      assert.ok(chunk.equals(sent), 'the chunks were changed')
      chunk.fill(0)
      const reader = new Reader()
      theirs.readStart(reader)
      await reader.whenSize(sent.length)
      assert.ok(reader.bytes.equals(sent), 'the bytes sent were not those at the time of write')
    },
  },
  {
    name: "law 5: bytes that were read are the receiver's, and are not written again",
    async run(bed) {
      const { mine, theirs } = await bed.pair()
      const reader = new Reader()
      mine.readStart(reader)
      const sent = pattern(400_000)
      for (let at = 0; at < sent.length; at += 1000) {
        await outcome(done => theirs.write([sent.subarray(at, at + 1000)], done))
        await reader.whenSize(at + 1000)
      }
      assert.ok(reader.bytes.equals(sent))
    },
  },
  {
    name: 'law 6: after readStop nothing is read until readStart, which then reads all of it',
    async run(bed) {
      const { mine, theirs } = await bed.pair()
      const first = new Reader()
      first.hook = () => assert.equal(mine.readStop(), 0)
      mine.readStart(first)
      const sent = pattern(500_000)
      const written = outcome(done => theirs.write([sent], done))
      await first.whenSize(1)
      const before = first.size
      await settle()
      assert.deepEqual([first.calls, first.size], [1, before])
      const rest = new Reader()
      assert.equal(mine.readStart(rest), 0)
      assert.ok((await written) >= 0)
      await outcome(done => theirs.shutdown(done))
      await rest.whenEnd()
      assert.equal(first.calls, 1)
      assert.ok(Buffer.concat([first.bytes, rest.bytes]).equals(sent))
    },
  },
  {
    name: 'law 6: readStop in the call after readStart reads nothing, not even the end',
    async run(bed) {
      const { mine, theirs } = await bed.pair()
      theirs.write([pattern(10)], () => {})
      await outcome(done => theirs.shutdown(done))
      await settle()
      const reader = new Reader()
      mine.readStart(reader)
      mine.readStop()
      await settle()
      assert.equal(reader.calls, 0)
      mine.readStart(reader)
      await reader.whenSize(10)
      mine.readStop()
      await settle()
      mine.readStart(reader)
      await reader.whenEnd()
      assert.deepEqual([reader.size, reader.ends], [10, 1])
    },
  },
  {
    name: 'law 6: a stopped stream hears neither the end nor an error of its peer',
    async run(bed) {
      const { mine, theirs } = await bed.pair()
      const reader = new Reader()
      mine.readStart(reader)
      assert.equal(mine.readStop(), 0)
      await outcome(done => theirs.shutdown(done))
      await settle()
      assert.equal(reader.calls, 0)
      mine.readStart(reader)
      await reader.whenEnd()
    },
  },
  {
    name: 'law 7: the end is told once, and writing goes on',
    async run(bed) {
      const { mine, theirs } = await bed.pair()
      const reader = new Reader()
      mine.readStart(reader)
      await outcome(done => theirs.shutdown(done))
      await reader.whenEnd()
      const sent = pattern(300_000)
      const back = new Reader()
      theirs.readStart(back)
      assert.ok((await outcome(done => mine.write([sent], done))) >= 0)
      await back.whenSize(sent.length)
      assert.ok(back.bytes.equals(sent))
      mine.readStop()
      mine.readStart(reader)
      await settle()
      assert.deepEqual([reader.ends, reader.errors], [1, []])
    },
  },
  {
    name: 'law 8: an accepted stream delivers nothing before its readStart, and then all of it',
    async run(bed) {
      const [near, far] = bed.role === 'connects' ? [bed.subject, bed.peer] : [bed.peer, bed.subject]
      const sent = pattern(5000)
      const reader = new Reader()
      let took = () => {}
      const accepting = new Promise<void>(resolve => {
        took = resolve
      })
      let accepted: ReturnType<typeof bed.stream> | undefined
      const { at } = await bed.listen(far, (_status, stream) => {
        if (stream) accepted = bed.own(stream)
        took()
      })
      const connected = await bed.connect(near, at)
      assert.ok((await outcome(done => connected.write([sent], done))) >= 0)
      await outcome(done => connected.shutdown(done))
      await accepting
      await settle()
      assert.equal(accepted!.bytesRead, 0)
      assert.equal(accepted!.readStart(reader), 0)
      await reader.whenEnd()
      assert.ok(reader.bytes.equals(sent))
      assert.equal(accepted!.bytesRead, sent.length)
    },
  },
]
