// Virtual time: a clock and its timers, which are @sinonjs/fake-timers'. It knows neither hosts' software nor networks,
// and touches no global: who sees it, is virtual-globals' part.
import { withGlobal } from '@sinonjs/fake-timers'
import { validateFunction, validateNumber } from '@x/core/internal'
import type { Clock, Timer } from '@x/core/transport'
import { bindToLife } from './world'

/** Virtual time, as a simulation's code sees it. */
export interface SimulatedClock {
  /** Virtual milliseconds since the start of the simulation. */
  readonly nowMs: number
  /** Resolves after that many virtual milliseconds, 0 and more; a month is no harder than a second. */
  sleep(ms: number): Promise<void>
}

const LONGEST_TIMER_MS = 2 ** 31 - 1

type AnyFunction = (...args: unknown[]) => void

// With the globals of load, whatever test tools replace later.
const { createClock } = withGlobal(globalThis)

/** The clock of one simulation. */
export class VirtualClock implements SimulatedClock, Clock {
  readonly #clock: ReturnType<typeof createClock>
  readonly #startedAt: number
  readonly #timers = new WeakSet<object>()
  /** Timers are known by their numbers, too, which grow; those of the host are far below. */
  #firstNumber = Number.POSITIVE_INFINITY

  constructor(startAt: number) {
    this.#startedAt = startAt
    this.#clock = createClock(startAt)
  }

  now(): number {
    return this.nowMs
  }

  get nowMs(): number {
    return this.#clock.now - this.#startedAt
  }

  /** What `Date.now()` answers. */
  get dateMs(): number {
    return this.#clock.now
  }

  sleep(ms: number): Promise<void> {
    validateNumber(ms, 'ms', 0, Number.MAX_SAFE_INTEGER)
    return new Promise(resolve => {
      this.after(ms, bindToLife(resolve))
    })
  }

  /** A timer in the caller's context, for as long as the caller's host lives. Throws as Node's does. */
  setTimeout(callback: () => void, ms?: number, ...args: unknown[]): Timer {
    validateFunction(callback, 'callback')
    return this.#known(this.#clock.setTimeout(bound(callback), ms as number, ...(args as [])))
  }

  clearTimeout(timer: Timer): void {
    this.#clock.clearTimeout(timer as never)
  }

  /** As `setTimeout`, again and again. */
  setInterval(callback: () => void, ms?: number, ...args: unknown[]): Timer {
    validateFunction(callback, 'callback')
    return this.#known(this.#clock.setInterval(bound(callback), ms as number, ...(args as [])))
  }

  /** True for a timer of this clock, or its number. */
  has(timer: unknown): boolean {
    if (typeof timer === 'number' || typeof timer === 'string') return Number(timer) >= this.#firstNumber
    return typeof timer === 'object' && timer !== null && this.#timers.has(timer)
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

  #known(made: unknown): Timer {
    const timer = made as Timer & Disposable & { close(): unknown }
    this.#timers.add(timer)
    this.#firstNumber = Math.min(this.#firstNumber, Number(timer))
    // What Node's timers have beyond those of fake-timers.
    timer.close = () => {
      this.clearTimeout(timer)
      return timer
    }
    timer[Symbol.dispose] = () => this.clearTimeout(timer)
    return timer
  }
}

/** fake-timers calls back in the context of whoever moves the clock; the caller's own is what a timer has. */
function bound(callback: unknown): AnyFunction {
  return typeof callback === 'function' ? bindToLife(callback as AnyFunction) : (callback as AnyFunction)
}
