// Descriptors of pipes: those that go both ways, and those that go one way.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs'
import path from 'node:path'
import type { StreamHandle } from '@x/core/transport'
import { adopted } from './adopted'
import { type Bed, outcome, settle } from './bed'
import { pattern } from './bytes'
import { Reader } from './reader'
import type { ConformanceTest } from './test-case'

export const pipeTests: readonly ConformanceTest[] = [
  {
    name: 'a FIFO can be adopted as a stream and read',
    needs: ['adopt'],
    once: true,
    variants: ['path'],
    system: true,
    async run(bed) {
      const file = path.join(bed.folder(), 'fifo')
      execFileSync('mkfifo', [file])
      const reading = openSync(file, 'r+')
      const stream = adopted<StreamHandle>(bed, bed.subject.adopt(reading, 'stream'))
      assert.equal(stream.kind, 'pipe')
      const reader = new Reader()
      assert.equal(stream.readStart(reader), 0)
      const writing = openSync(file, 'w')
      writeSync(writing, 'through')
      closeSync(writing)
      await reader.whenSize(7)
      assert.equal(String(reader.bytes), 'through')
    },
  },
  {
    name: 'a descriptor that can only be written to takes all that is written, and reads nothing',
    needs: ['adopt'],
    once: true,
    variants: ['path'],
    system: true,
    async run(bed) {
      const { file, reading } = fifo(bed)
      const stream = adopted<StreamHandle>(bed, bed.subject.adopt(openSync(file, 'w'), 'stream'))
      assert.ok(stream.readStart(unheard) < 0, 'it can be read')
      const sent = pattern(300_000)
      const written = outcome(done => stream.write([sent.subarray(0, 100), sent.subarray(100)], done))
      const chunks: Buffer[] = []
      for (let size = 0; size < sent.length; ) {
        const chunk = Buffer.alloc(65_536)
        const length = await readSome(reading, chunk)
        size += length
        chunks.push(chunk.subarray(0, length))
      }
      assert.ok(Buffer.concat(chunks).equals(sent))
      assert.ok((await written) >= 0)
      assert.equal(stream.bytesWritten, sent.length)
      assert.equal(await outcome(done => stream.shutdown(done)), 0, 'its end')
      closeSync(reading)
    },
  },
  {
    name: 'a descriptor that can only be read refuses a write, and reads on',
    needs: ['adopt'],
    once: true,
    variants: ['path'],
    system: true,
    async run(bed) {
      const { file, reading } = fifo(bed)
      const stream = adopted<StreamHandle>(
        bed,
        bed.subject.adopt(openSync(file, constants.O_RDONLY | constants.O_NONBLOCK), 'stream'),
      )
      const writing = openSync(file, 'w')
      closeSync(reading)
      const reader = new Reader()
      assert.equal(stream.readStart(reader), 0)
      const refuse = () => assert.fail('a refused call was called back')
      assert.ok(stream.write([Buffer.from('x')], refuse) < 0, 'it can be written to')
      assert.ok(stream.shutdown(refuse) < 0, 'its other side can be ended')
      assert.equal(stream.bytesWritten, 0)
      writeSync(writing, 'through')
      await reader.whenSize(7)
      closeSync(writing)
      await reader.whenEnd()
      assert.equal(String(reader.bytes), 'through')
    },
  },
]

/** A FIFO, open for reading and writing so that neither side waits for the other. */
function fifo(bed: Bed): { file: string; reading: number } {
  const file = path.join(bed.folder(), 'fifo')
  execFileSync('mkfifo', [file])
  return { file, reading: openSync(file, constants.O_RDWR | constants.O_NONBLOCK) }
}

const unheard = { onData() {}, onEnd() {}, onError() {} }

/** Reads what is there, in the turn in which there is something. */
async function readSome(fd: number, into: Buffer): Promise<number> {
  for (;;) {
    try {
      return readSync(fd, into)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      await settle(1)
    }
  }
}
