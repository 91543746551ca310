// The host's functions as they were at load, and whose process.nextTick is in place when.
import { afterEach, describe, expect, it, vi } from 'vitest'
import * as host from '../../src/host'

const real = process.nextTick
const users = (() => {}) as typeof process.nextTick

afterEach(() => {
  process.nextTick = real
  vi.useRealTimers()
})

describe('the functions of the host', () => {
  it('are those of the load while fake timers are installed', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'setImmediate', 'queueMicrotask'] })
    process.nextTick = users
    await new Promise<void>(resolve => host.nextTick(resolve))
    await new Promise<void>(resolve => host.setImmediate(() => resolve()))
    await new Promise<void>(resolve => host.setTimeout(() => resolve(), 1))
    await new Promise<void>(resolve => host.queueMicrotask(resolve))
    await new Promise<void>(resolve => host.hostClock.setTimeout(resolve, 1))
  })

  it('put the host’s nextTick in the place of a user’s for a call, and back again, though the call throws', () => {
    process.nextTick = users
    const seen: boolean[] = []
    const look = () => {
      seen.push(host.hasHostTicks())
      return 5
    }
    expect(host.withHostTicks(() => host.withHostTicks(look))).toBe(5)
    expect(seen).toEqual([true])
    expect(process.nextTick).toBe(users)
    const thrown = new Error('thrown')
    const fail = () => {
      throw thrown
    }
    expect(() => host.withHostTicks(fail)).toThrow(thrown)
    expect(process.nextTick).toBe(users)
    process.nextTick = real
    expect(host.withHostTicks(look)).toBe(5)
  })

  it('leave alone what nobody has replaced', () => {
    host.withHostTicks(() => expect(process.nextTick).toBe(real))
    expect(process.nextTick).toBe(real)
  })
})
