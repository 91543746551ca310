// Virtual time for a whole process: timers, dates and chance of the code under test follow it while it is installed.
// Timers are @sinonjs/fake-timers'; it knows neither hosts' software nor networks.
import { install } from '@sinonjs/fake-timers'
import { validateNumber } from '@x/core/internal'
import type { Clock, Timer } from '@x/core/transport'
import { bindToLife } from './host-context'
import type { Random } from './random'

/** Virtual time, as a simulation's code sees it. */
export interface SimulatedClock {
  /** Virtual milliseconds since the start of the simulation. */
  readonly nowMs: number
  /** Resolves after that many virtual milliseconds, 0 and more; a month is no harder than a second. */
  sleep(ms: number): Promise<void>
}

const LONGEST_TIMER_MS = 2 ** 31 - 1

type AnyTimer = (callback: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) => unknown

/** The clock that stands in for the process's own between `install` and `uninstall`. */
export class VirtualClock implements SimulatedClock, Clock {
  readonly #clock: ReturnType<typeof install>
  readonly #startedAt: number
  readonly #restores: (() => void)[] = []

  constructor(startAt: number, random: Random) {
    this.#startedAt = startAt
    this.#clock = install({
      now: startAt,
      toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance', 'hrtime'],
    })
    const scope = globalThis as unknown as Record<string, AnyTimer>
    // fake-timers calls back in the context of whoever moves the clock; the caller's own is what a timer has.
    for (const name of ['setTimeout', 'setInterval'] as const) {
      const fake = scope[name]!
      const bound: AnyTimer = (callback, ms, ...args) =>
        fake(typeof callback === 'function' ? bindToLife(callback) : callback, ms, ...args)
      scope[name] = Object.defineProperties(bound, Object.getOwnPropertyDescriptors(fake)) as AnyTimer
      this.#restores.push(() => {
        scope[name] = fake
      })
    }
    const realImmediate = scope['setImmediate']!
    const boundImmediate: AnyTimer = (callback, ...args) =>
      realImmediate(typeof callback === 'function' ? bindToLife(callback) : callback, ...(args as []))
    scope['setImmediate'] = Object.defineProperties(
      boundImmediate,
      Object.getOwnPropertyDescriptors(realImmediate),
    ) as AnyTimer
    const realRandom = Math.random
    Math.random = () => random.next()
    this.#restores.push(() => {
      scope['setImmediate'] = realImmediate
      Math.random = realRandom
    })
  }

  get nowMs(): number {
    return this.#clock.now - this.#startedAt
  }

  sleep(ms: number): Promise<void> {
    validateNumber(ms, 'ms', 0, Number.MAX_SAFE_INTEGER)
    return new Promise(resolve => {
      this.after(ms, bindToLife(resolve))
    })
  }

  /** A timer of the virtual time, in the caller's context and for as long as the caller's host lives. */
  setTimeout(callback: () => void, ms: number): Timer {
    return this.#clock.setTimeout(bindToLife(callback), ms) as unknown as Timer
  }

  clearTimeout(timer: Timer): void {
    this.#clock.clearTimeout(timer as never)
  }

  /** Calls back after whole milliseconds, in nobody's context. Returns what cancels it. */
  after(ms: number, job: () => void): () => void {
    // A timer holds 24 days.
    const step = Math.min(ms, LONGEST_TIMER_MS)
    const timer = this.#clock.setTimeout(() => {
      if (step === ms) job()
      else cancel = this.after(ms - step, job)
    }, step)
    let cancel = () => this.#clock.clearTimeout(timer)
    return () => cancel()
  }

  get hasTimers(): boolean {
    return this.#clock.countTimers() > 0
  }

  /** Moves to the next timer and calls it. */
  advance(): void {
    this.#clock.next()
  }

  uninstall(): void {
    for (const restore of this.#restores) restore()
    this.#clock.uninstall()
  }
}
