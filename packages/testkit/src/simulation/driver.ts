// Runs a simulation: one job, one call or one timer after the other, a round of calls in each poll of the real loop, and moves
// virtual time only when nothing else is left to do. It knows turns and the clock, and nothing of networks.
import { AsyncResource } from 'node:async_hooks'
import { hostNowMs } from '../host'
import { inNextPoll, inPoll } from '../host-poll'
import { EventLoop } from '../network/event-loop'
import type { OutsideWork } from './outside-work'
import type { VirtualClock } from './virtual-clock'
import { runInWorld, runOutside, type World } from './world'

/** How long one operation outside may take, in the host's time. */
const MOST_WAIT_MS = 30_000

/** What a driver needs of its simulation. */
export interface DriverSurroundings {
  readonly world: World
  readonly clock: VirtualClock
  readonly outside: OutsideWork
  /** Virtual milliseconds after which the simulation has failed. */
  readonly limitMs: number
}

/** The loop of a simulation. */
export class Driver {
  readonly #around: DriverSurroundings
  /** The turns are the process's own; what they run belongs to the simulation. */
  readonly #scope = runOutside(() => new AsyncResource('X_SIMULATION'))
  /** The loop of all hosts. */
  readonly loop = new EventLoop()
  #jobs: (() => void)[] = []
  #next = 0
  /** Calls of a round are made, which immediates do not interrupt. */
  #isInRound = false
  #isOver = false
  #fail: (error: unknown) => void = () => {}
  /** Since when, in the host's time, nothing but work outside is waited for. */
  #waitingSinceMs: number | null = null
  /** Jobs and timers run so far. */
  steps = 0

  constructor(around: DriverSurroundings) {
    this.#around = around
  }

  /** A job of the network itself, in a turn of its own: before any call of the loop, as a system takes in what arrives. */
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
      runInWorld(this.#around.world, main).then(
        value => settle(() => resolve(value)),
        error => this.#fail(error),
      )
      inNextPoll(this.#turn, this.#scope)
    })
  }

  readonly #turn = (): void => {
    if (this.#isOver) return
    try {
      runInWorld(this.#around.world, () => this.#step())
    } catch (error) {
      this.#fail(error)
    }
    if (this.#isOver) return
    const again = this.#isInRound ? inPoll : inNextPoll
    again(this.#turn, this.#scope)
  }

  #step(): void {
    const job = this.#take() ?? this.#call()
    if (job) {
      this.#waitingSinceMs = null
      this.steps++
      job()
      return
    }
    // The next round comes behind the immediates.
    if (this.loop.hasWork) return
    const { clock, outside, limitMs } = this.#around
    if (outside.isPending) return this.#waitOutside()
    this.#waitingSinceMs = null
    if (!clock.hasTimers) {
      throw stopped('the simulation stands still: nothing is left to do, and its main function still waits')
    }
    this.steps++
    this.loop.beginTimers()
    clock.advance()
    if (clock.nowMs > limitMs) {
      throw stopped(`the simulation did not end within ${limitMs} virtual ms (option maxVirtualMs)`)
    }
  }

  #call(): (() => void) | undefined {
    const call = this.loop.next()
    this.#isInRound = call !== null
    if (call === null) return undefined
    const { run, context } = call
    return context ? () => context.runInAsyncScope(run) : run
  }

  #take(): (() => void) | undefined {
    const job = this.#jobs[this.#next]
    if (!job) return undefined
    this.#next++
    if (this.#next === this.#jobs.length) {
      this.#jobs = []
      this.#next = 0
    }
    return job
  }

  #waitOutside(): void {
    const now = hostNowMs()
    this.#waitingSinceMs ??= now
    if (now - this.#waitingSinceMs < MOST_WAIT_MS) return
    throw stopped(
      `the simulation has waited ${MOST_WAIT_MS / 1000} s of real time for work outside of it: ` +
        this.#around.outside.pending.join(', '),
    )
  }
}

/** Its stack would show the loop, and nothing of what was waited for. */
function stopped(why: string): Error {
  const error = new Error(why)
  error.stack = String(error)
  return error
}
