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

  it('put the host’s nextTick in the place of a user’s for a call, and the user’s again for a callback inside it', () => {
    process.nextTick = users
    const seen: boolean[] = []
    const answer = host.withHostTicks(() => {
      seen.push(host.hasHostTicks())
      host.withUsersTicks(() => {
        seen.push(process.nextTick === users)
        host.withHostTicks(() => seen.push(host.hasHostTicks()))
        seen.push(process.nextTick === users)
      })
      seen.push(host.hasHostTicks())
      return 5
    })
    expect(answer).toBe(5)
    expect(seen).toEqual([true, true, true, true, true])
    expect(process.nextTick).toBe(users)
  })

  it('put it back where the call throws, and what a callback has put there', () => {
    process.nextTick = users
    const thrown = new Error('thrown')
    const fail = () => {
      throw thrown
    }
    expect(() => host.withHostTicks(fail)).toThrow(thrown)
    expect(process.nextTick).toBe(users)
    const others = (() => {}) as typeof process.nextTick
    const change = () => {
      process.nextTick = others
      fail()
    }
    expect(() => host.withHostTicks(() => host.withUsersTicks(change))).toThrow(thrown)
    expect(process.nextTick).toBe(others)
    const putBack = () => {
      process.nextTick = real
    }
    host.withHostTicks(() => host.withUsersTicks(putBack))
    expect(process.nextTick).toBe(real)
  })

  it('leave alone what nobody has replaced', () => {
    host.withHostTicks(() => host.withUsersTicks(() => expect(process.nextTick).toBe(real)))
    expect(process.nextTick).toBe(real)
  })
})
