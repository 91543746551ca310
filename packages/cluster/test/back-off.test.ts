// When a fallen worker is started again, and when no more.
import { describe, expect, it } from 'vitest'
import { BackOff, type RestartOptions } from '../src/primary/managed/back-off'

const defaults: Required<RestartOptions> = {
  minDelayMs: 100,
  maxDelayMs: 30_000,
  jitter: 0.2,
  maxFailures: 10,
  windowMs: 60_000,
}

describe('back-off', () => {
  it('[C5] doubles from the shortest to the longest delay', () => {
    const backOff = new BackOff(
      { ...defaults, maxDelayMs: 500, jitter: 0 },
      () => 0,
      () => 0,
    )
    expect([1, 2, 3, 4].map(() => backOff.fail())).toEqual([100, 200, 400, 500])
  })

  it('[C5] varies each delay by its jitter', () => {
    const chances = [0, 0.5, 1]
    const backOff = new BackOff(
      { ...defaults, maxDelayMs: 100 },
      () => 0,
      () => chances.shift() ?? 0,
    )
    expect([1, 2, 3].map(() => backOff.fail())).toEqual([80, 100, 120])
  })

  it('[C5] gives up after too many failures inside the window, and forgets old ones', () => {
    let now = 0
    const backOff = new BackOff(
      { ...defaults, maxFailures: 2, windowMs: 1_000, jitter: 0, minDelayMs: 10 },
      () => now,
      () => 0,
    )
    expect([backOff.fail(), backOff.fail(), backOff.fail()]).toEqual([10, 20, null])
    now = 5_000
    expect(backOff.fail()).toBe(10)
  })

  it('[C5] waits longer and longer where the system is short, and never gives up for that', () => {
    const backOff = new BackOff(
      { ...defaults, maxFailures: 1, maxDelayMs: 300, jitter: 0 },
      () => 0,
      () => 0,
    )
    expect([1, 2, 3, 4].map(() => backOff.fallShort())).toEqual([100, 200, 300, 300])
    expect(backOff.failures).toBe(0)
    expect([backOff.fail(), backOff.fallShort(), backOff.fail()]).toEqual([100, 100, null])
  })
})
