// splice(to, gate): bytes that nobody sees, the gate, what the target does not take, ends and errors.
import { createHash, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  errno,
  type ReadSink,
  type SpliceGate,
  type Status,
  UV_EBADF,
  UV_ECONNRESET,
  UV_ENOTCONN,
} from '../../src/transport'
import {
  absent,
  closed,
  descriptorCount,
  ended,
  native,
  pair,
  reading,
  temporaryFolder,
  written,
} from './bed'

const digest = (data: Uint8Array) => createHash('sha256').update(data).digest('hex')
const turn = () => new Promise(resolve => setImmediate(resolve))

/** left -> [a, spliced into b] -> right; what the sink of `a` sees is written to `b`, as a program would. */
async function chain(mayMove: () => boolean | null = () => true) {
  const [left, a] = await pair()
  const [b, right] = await pair({ path: `${temporaryFolder()}/s` })
  const seen = { bytes: 0, asked: 0, ends: 0, errors: [] as Status[] }
  const sink: ReadSink = {
    onData(chunk) {
      seen.bytes += chunk.length
      const status = b.write([chunk], () => a.readStart(sink))
      if (status === 0) a.readStop()
    },
    onEnd() {
      seen.ends++
      b.shutdown(() => {})
    },
    onError: status => seen.errors.push(status),
  }
  const gate: SpliceGate = {
    mayMove() {
      seen.asked++
      return mayMove()
    },
  }
  expect(a.splice(b, gate)).toBe(0)
  expect(a.readStart(sink)).toBe(0)
  return { left, a, b, right, seen, gate }
}

describe.skipIf(absent !== null)('splice', () => {
  it('moves megabytes of small and large chunks, which the sink does not see but for what the target leaves', async () => {
    const { left, a, b, right, seen } = await chain()
    const whole = reading(right).whole
    const hash = createHash('sha256')
    let size = 0
    for (let index = 0; index < 300; index++) {
      const chunk = randomBytes(index % 3 === 0 ? 100 : 1 + index * 300)
      hash.update(chunk)
      size += chunk.length
      await written(left, chunk)
      if (index % 7 === 0) await turn()
    }
    await ended(left)
    expect(digest(await whole)).toBe(hash.digest('hex'))
    expect([a.bytesRead, b.bytesWritten]).toEqual([size, size])
    expect(seen.ends).toBe(1)
    expect(seen.bytes).toBeLessThan(size)
  })

  it('asks before each move: false reads once, null reads from then on', async () => {
    const answers: (boolean | null)[] = [true, false, true, null]
    const { left, right, seen } = await chain(() => answers.shift()!)
    const got = reading(right)
    const seenAfter: number[] = []
    for (let index = 1; index <= 6; index++) {
      await written(left, Buffer.from('x'))
      await got.atLeast(index)
      seenAfter.push(seen.bytes)
    }
    expect(seenAfter).toEqual([0, 1, 1, 2, 3, 4])
    expect(seen.asked).toBe(4)
  })

  it('gives the sink what the target does not take, and loses nothing', async () => {
    const { left, a, b, right, seen } = await chain()
    const data = randomBytes(24 * 1024 * 1024)
    const sent = written(left, data)
    while (b.writeQueueSize === 0) await turn()
    const whole = reading(right).whole
    await sent
    await ended(left)
    expect(digest(await whole)).toBe(digest(data))
    expect(seen.bytes).toBeGreaterThan(0)
    expect([a.bytesRead, b.bytesWritten]).toEqual([data.length, data.length])
  })

  it('moves nothing ahead of what was queued before', async () => {
    const { left, b, right } = await chain()
    const queued = randomBytes(24 * 1024 * 1024)
    expect(b.write([queued], () => {})).toBe(0)
    await written(left, Buffer.from('after'))
    await ended(left)
    const whole = await reading(right).whole
    expect(whole.subarray(-5).toString()).toBe('after')
    expect(digest(whole.subarray(0, -5))).toBe(digest(queued))
  })

  it('tells the sink of a reset, in bulk too', async () => {
    for (const size of [10, 500_000]) {
      const { left, right, seen } = await chain()
      const got = reading(right).atLeast(size)
      await written(left, Buffer.alloc(size))
      await got
      await new Promise<void>(resolve => left.reset(resolve))
      while (seen.errors.length === 0) await turn()
      expect(seen.errors).toEqual([UV_ECONNRESET])
    }
  })

  it('keeps the error of a target that has gone for its next write', async () => {
    const { left, a, b, right } = await chain()
    await closed(right)
    await turn()
    const failed = new Promise<Status>(resolve => {
      const onData = (chunk: Buffer) => resolve(b.write([chunk], () => {}))
      a.readStart({ onData, onEnd() {}, onError() {} })
    })
    await written(left, Buffer.from('x'))
    expect(await failed).toBe(errno('EPIPE'))
  })

  it('goes on as a plain stream once the target has closed', async () => {
    const { left, a, b } = await chain()
    await closed(b)
    const got = new Promise<string>(resolve => {
      a.readStart({ onData: chunk => resolve(String(chunk)), onEnd() {}, onError() {} })
    })
    await written(left, Buffer.from('alone'))
    expect(await got).toBe('alone')
  })

  it('allows one source for a target, and another target for a source', async () => {
    const { a, b, gate } = await chain()
    const [c] = await pair()
    const [d] = await pair()
    expect(c.splice(b, gate)).toBe(errno('EBUSY'))
    expect(a.splice(b, gate)).toBe(0)
    expect(a.splice(d, gate)).toBe(0)
    expect(c.splice(b, gate)).toBe(0)
    expect(native.stream('tcp').splice(b, gate)).toBe(UV_ENOTCONN)
    await closed(d)
    expect(a.splice(d, gate)).toBe(UV_EBADF)
  })

  it('takes what a gate throws for the end of the splice', async () => {
    const { left, right, seen } = await chain(() => {
      throw new Error('on purpose')
    })
    const got = reading(right)
    await written(left, Buffer.from('hello'))
    await got.atLeast(5)
    await written(left, Buffer.from('again'))
    expect(String(await got.atLeast(10))).toBe('helloagain')
    expect(seen.asked).toBe(1)
  })

  it('leaves no descriptor behind', async () => {
    const before = descriptorCount()
    const { left, a, b, right } = await chain()
    const got = reading(right).atLeast(300_000)
    await written(left, Buffer.alloc(300_000))
    await got
    await Promise.all([left, a, b, right].map(closed))
    expect(descriptorCount()).toBe(before)
  })
})
