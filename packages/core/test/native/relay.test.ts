// relay(a, b): bytes both ways, ends passed on, back-pressure, and what cuts it short.
import { createHash, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { errno, type Status, type StreamHandle, UV_ECANCELED, UV_ECONNRESET } from '../../src/transport'
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

const noRelay =
  absent ?? (process.platform === 'linux' ? null : 'relay needs splice(2), which only Linux has')

/** client -> [a relay b] -> server */
async function chain(): Promise<{
  left: StreamHandle
  a: StreamHandle
  b: StreamHandle
  right: StreamHandle
  done: Promise<Status>
}> {
  const [left, a] = await pair()
  const [b, right] = await pair({ path: `${temporaryFolder()}/s` })
  const done = new Promise<Status>(resolve => {
    const status = native.relay(a, b, resolve)
    if (status < 0) resolve(status)
  })
  return { left, a, b, right, done }
}

const digest = (data: Uint8Array) => createHash('sha256').update(data).digest('hex')

describe.skipIf(noRelay !== null)('relay', () => {
  it('moves megabytes both ways at once, and ends with both sides', async () => {
    const { left, a, b, right, done } = await chain()
    const there = randomBytes(6_000_000)
    const back = randomBytes(5_000_000)
    const atRight = reading(right).whole
    const atLeft = reading(left).whole
    await Promise.all([written(left, there), written(right, back)])
    await Promise.all([ended(left), ended(right)])
    expect(digest(await atRight)).toBe(digest(there))
    expect(digest(await atLeft)).toBe(digest(back))
    expect(await done).toBe(0)
    expect([a.bytesRead, b.bytesWritten]).toEqual([there.length, there.length])
    expect([b.bytesRead, a.bytesWritten]).toEqual([back.length, back.length])
  })

  it("passes on one side's end while the other goes on", async () => {
    const { left, right, done } = await chain()
    const atRight = reading(right).whole
    const atLeft = reading(left)
    await written(left, Buffer.from('last words'))
    await ended(left)
    expect((await atRight).toString()).toBe('last words')
    await written(right, Buffer.from('still here'))
    expect((await atLeft.atLeast(10)).toString()).toBe('still here')
    await ended(right)
    await atLeft.whole
    expect(await done).toBe(0)
  })

  it('holds the sender back while the receiver does not read, and loses nothing', async () => {
    const { left, right, done } = await chain()
    const data = randomBytes(24 * 1024 * 1024)
    const sent = written(left, data)
    const other = reading(left).atLeast(4)
    await written(right, Buffer.from('busy'))
    await other
    expect(left.writeQueueSize).toBeGreaterThan(0)
    const whole = reading(right).whole
    await sent
    await ended(left)
    expect(digest(await whole)).toBe(digest(data))
    await ended(right)
    expect(await done).toBe(0)
  })

  it('sends what was queued before it first', async () => {
    const [left, a] = await pair()
    const [b, right] = await pair()
    const queued = randomBytes(24 * 1024 * 1024)
    expect(b.write([queued], () => {})).toBe(0)
    const done = new Promise<Status>(resolve => native.relay(a, b, resolve))
    await written(left, Buffer.from('after'))
    await ended(left)
    const whole = await reading(right).whole
    expect(whole.subarray(-5).toString()).toBe('after')
    expect(digest(whole.subarray(0, -5))).toBe(digest(queued))
    await ended(right)
    expect(await done).toBe(0)
  })

  it('ends with the error of a side that was reset', async () => {
    const { left, a, b, done } = await chain()
    await new Promise<void>(resolve => left.reset(resolve))
    expect(await done).toBe(UV_ECONNRESET)
    await Promise.all([closed(a), closed(b)])
  })

  it('is cancelled by closing a side, before that close is told', async () => {
    const { a, done } = await chain()
    const events: unknown[] = []
    void done.then(status => events.push(status))
    await new Promise<void>(resolve =>
      a.close(() => {
        setImmediate(resolve)
        queueMicrotask(() => events.push('closed'))
      }),
    )
    expect(events).toEqual([UV_ECANCELED, 'closed'])
  })

  it('lets nobody else read or write its streams, and leaves no descriptor behind', async () => {
    const before = descriptorCount()
    const { left, a, b, right, done } = await chain()
    const sink = { onData() {}, onEnd() {}, onError() {} }
    expect(a.readStart(sink)).toBe(errno('EBUSY'))
    expect(a.write([Buffer.from('x')], () => {})).toBe(errno('EBUSY'))
    expect(native.relay(a, b, () => {})).toBe(errno('EBUSY'))
    await closed(b)
    expect(await done).toBe(UV_ECANCELED)
    await Promise.all([left, a, right].map(closed))
    expect(descriptorCount()).toBe(before)
  })
})
