// Runs a simulation: one job or one timer per turn of the real loop, and moves virtual time only when nothing else is
// left to do. It knows turns and the clock, and nothing of networks.
import type { VirtualClock } from './virtual-clock'

const nextTurn = setImmediate

/** Work outside the simulation that the code under test is waiting for, by Node's resource names. */
const OUTSIDE = new Set([
  'Immediate',
  'FSReqCallback',
  'FSReqPromise',
  'GetAddrInfoReqWrap',
  'RandomBytesRequest',
  'ScryptRequest',
  'PBKDF2Request',
])

/** The loop of a simulation. */
export class Driver {
  readonly #clock: VirtualClock
  readonly #limitMs: number
  #jobs: (() => void)[] = []
  #next = 0
  #isOver = false
  #fail: (error: unknown) => void = () => {}
  /** Jobs and timers run so far. */
  steps = 0

  constructor(clock: VirtualClock, limitMs: number) {
    this.#clock = clock
    this.#limitMs = limitMs
  }

  /** A job for a later turn, before virtual time moves. */
  post(job: () => void): void {
    this.#jobs.push(job)
  }

  /** An error that no code of the simulation caught. */
  fail(error: unknown): void {
    this.#fail(error)
  }

  /** Drives until `main` is settled, or nothing is left to do, or virtual time is up. */
  run<T>(main: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const settle = (finish: () => void) => {
        if (this.#isOver) return
        this.#isOver = true
        finish()
      }
      this.#fail = error => settle(() => reject(error))
      main().then(
        value => settle(() => resolve(value)),
        error => this.#fail(error),
      )
      nextTurn(() => this.#turn())
    })
  }

  #turn(): void {
    if (this.#isOver) return
    try {
      this.#step()
    } catch (error) {
      this.#fail(error)
    }
    if (!this.#isOver) nextTurn(() => this.#turn())
  }

  #step(): void {
    const job = this.#jobs[this.#next]
    if (job) {
      this.#next++
      if (this.#next === this.#jobs.length) {
        this.#jobs = []
        this.#next = 0
      }
      this.steps++
      job()
      return
    }
    if (process.getActiveResourcesInfo().some(name => OUTSIDE.has(name))) return
    if (!this.#clock.hasTimers) {
      throw new Error('the simulation stands still: nothing is left to do, and its main function still waits')
    }
    this.steps++
    this.#clock.advance()
    if (this.#clock.nowMs > this.#limitMs) {
      throw new Error(`the simulation did not end within ${this.#limitMs} virtual ms (option maxVirtualMs)`)
    }
  }
}
