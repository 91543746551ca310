// When the end of our side is told, against the other phases of the loop: as libuv tells it, which is what programs of
// node:net see.
import { describe, expect, it } from 'vitest'
import type { StreamHandle } from '../../src/transport'
import { absent, closed, ended, pair, reading, temporaryFolder, written } from './bed'

/** Runs in the named phase of the loop. */
const phases: Record<string, (action: () => void) => void> = {
  timers: action => void setTimeout(action, 1),
  check: action => void setImmediate(action),
}

/** Bytes that the kernel has delivered to `to` when this returns; the loop has not turned. */
function inFlight(from: StreamHandle): void {
  expect(from.write([Buffer.from('bytes')], () => {})).toBe(1)
}

describe.skipIf(absent !== null)('end of our side', () => {
  for (const [phase, inPhase] of Object.entries(phases)) {
    it(`is told before the next poll and before immediates, where it is asked for in the ${phase} phase`, async () => {
      const [a, b] = await pair()
      const events: string[] = []
      const all = new Promise<void>(resolve => {
        a.readStart({
          onData: () => {
            events.push('data')
            setImmediate(resolve)
          },
          onEnd() {},
          onError() {},
        })
        inPhase(() => {
          inFlight(b)
          expect(a.shutdown(() => events.push('ended'))).toBe(0)
          setImmediate(() => events.push('immediate'))
          events.push('asked')
        })
      })
      await all
      expect(events.indexOf('ended')).toBe(1)
      expect(events.indexOf('ended')).toBeLessThan(events.indexOf('data'))
      expect(events.indexOf('ended')).toBeLessThan(events.indexOf('immediate'))
    })
  }

  it('is told after the other events of a poll and before immediates, where it is asked for in that poll', async () => {
    const [a, b] = await pair()
    const [c, d] = await pair()
    const events: string[] = []
    await new Promise<void>(resolve => {
      const onData = (stream: StreamHandle) => () => {
        events.push('data')
        stream.shutdown(() => events.push('ended'))
        setImmediate(() => {
          events.push('immediate')
          if (events.filter(event => event === 'immediate').length === 2) resolve()
        })
      }
      for (const stream of [a, c]) stream.readStart({ onData: onData(stream), onEnd() {}, onError() {} })
      inFlight(b)
      inFlight(d)
    })
    expect(events).toEqual(['data', 'data', 'ended', 'ended', 'immediate', 'immediate'])
  })

  it('is told after what is queued has gone out', async () => {
    const [a, b] = await pair()
    const events: string[] = []
    expect(a.write([Buffer.alloc(24 * 1024 * 1024)], () => events.push('written'))).toBe(0)
    const ended = new Promise<void>(resolve =>
      a.shutdown(status => {
        events.push(`ended ${status}`)
        resolve()
      }),
    )
    expect((await reading(b).whole).length).toBe(24 * 1024 * 1024)
    await ended
    expect(events).toEqual(['written', 'ended 0'])
  })

  it('is refused a second time, and cancelled by a close in the same turn', async () => {
    const [a] = await pair()
    const events: unknown[] = []
    expect(a.shutdown(status => events.push(status))).toBe(0)
    expect(a.shutdown(() => events.push('second'))).toBeLessThan(0)
    await closed(a)
    expect(events).toEqual([expect.any(Number)])
    const [c, d] = await pair()
    expect(await written(c, Buffer.from('x'))).toBe(1)
    expect((await reading(d).atLeast(1)).toString()).toBe('x')
  })

  it('follows bytes that were said to be the last, which leave in that turn', async () => {
    const [a, b] = await pair()
    const [c, d] = await pair({ path: `${temporaryFolder()}/last` })
    for (const [from, to] of [
      [a, b],
      [c, d],
    ] as const) {
      const { whole } = reading(to)
      expect(from.write([Buffer.from('first ')], () => {})).toBe(1)
      expect(from.write([Buffer.from('last')], () => {}, true)).toBe(1)
      expect(await ended(from)).toBe(0)
      expect((await whole).toString()).toBe('first last')
      expect(await written(from, Buffer.from('more'))).toBeLessThan(0)
    }
  })

  it('follows last bytes that the system does not take at once', async () => {
    const [a, b] = await pair()
    const large = Buffer.alloc(16 * 1024 * 1024, 'x')
    const outcomes: number[] = []
    expect(a.write([large], status => outcomes.push(status))).toBe(0)
    expect(a.write([Buffer.from('last')], status => outcomes.push(status), true)).toBe(0)
    const end = ended(a)
    const all = await reading(b).whole
    expect(await end).toBe(0)
    expect(outcomes).toEqual([0, 0])
    expect(all.length).toBe(large.length + 4)
    expect(all.subarray(-5).toString()).toBe('xlast')
  })

  it('is told where last bytes were sent and the peer has reset the connection', async () => {
    const [a, b] = await pair()
    await new Promise<void>(resolve => b.reset(resolve))
    const status = a.write([Buffer.from('last')], () => {}, true)
    const end = a.shutdown(() => {})
    expect(status).toBeLessThan(0)
    expect(end).toBeLessThanOrEqual(0)
    await closed(a)
  })
})
