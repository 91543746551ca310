// One worker of a managed cluster, from its start to its end: starting, ready, draining, gone. It knows its own process
// and deadlines; who is started when is the manager's.
import type { ChildProcess } from 'node:child_process'
import { EventEmitter } from 'node:events'
import type { FromWorker } from '../control/messages'
import type { Primary } from '../primary/primary'
import type { WorkerRecord } from '../primary/worker-record'
import type { Worker } from '../worker'
import type { Plan } from './options'

/** Where a worker is in its life. */
export type MemberState = 'starting' | 'ready' | 'draining' | 'gone'

/** How a drained worker left. */
export interface DrainReport {
  readonly id: number
  /** Connections that ended by themselves, and those that the deadline ended. */
  readonly ended: number
  readonly forced: number
}

/** Events: `ready`; `gone` (code, signal, isExpected). */
export class Member extends EventEmitter {
  readonly place: number
  readonly worker: Worker
  readonly record: WorkerRecord
  readonly #plan: Plan
  state: MemberState = 'starting'
  #lastAnswer = Date.now()
  #report: DrainReport | null = null
  readonly #startTimer: NodeJS.Timeout
  #isExpected = false

  constructor(primary: Primary, plan: Plan, place: number) {
    super()
    this.place = place
    this.#plan = plan
    this.worker = primary.fork(plan.env, plan.weight(place))
    this.record = primary.record(this.worker.id) as WorkerRecord
    if (plan.readyOn === 'listening') this.worker.once('listening', () => this.#becomeReady())
    this.worker.once('exit', (code, signal) => this.#onExit(code, signal))
    this.worker.on('error', () => {}) // a channel that breaks while the worker ends; 'exit' tells of it
    this.#startTimer = setTimeout(() => this.kill(), plan.readyTimeoutMs)
  }

  get id(): number {
    return this.worker.id
  }

  /** A message of this worker beyond Node's surface. */
  receive(message: FromWorker): void {
    if (message.act === 'ready' && this.#plan.readyOn === 'call') this.#becomeReady()
    if (message.act === 'pong') this.#lastAnswer = Date.now()
    if (message.act === 'drained')
      this.#report = { id: this.id, ended: message.ended, forced: message.forced }
  }

  /** Asks whether it still answers. False where it has not for longer than `deadlineMs`. */
  ask(deadlineMs: number): boolean {
    this.record.control.notify({ act: 'ping' })
    return Date.now() - this.#lastAnswer <= deadlineMs
  }

  /** Takes no more connections, lets those it has end, and ends itself by the deadline. */
  drain(primary: Primary, deadlineMs: number): Promise<DrainReport> {
    if (this.state === 'gone') return Promise.resolve({ id: this.id, ended: 0, forced: 0 })
    this.#isExpected = true
    this.state = 'draining'
    clearTimeout(this.#startTimer)
    primary.releaseWorker(this.worker)
    this.worker.exitedAfterDisconnect = true
    this.record.control.notify({ act: 'drain', deadlineMs })
    // A worker that does not even hear its deadline is ended for it.
    const last = setTimeout(() => this.kill(), deadlineMs + 2_000)
    return new Promise(resolve => {
      this.once('gone', () => {
        clearTimeout(last)
        resolve(this.#report ?? { id: this.id, ended: 0, forced: this.record.load })
      })
    })
  }

  /** Makes the drain that is under way end now. */
  hurry(): void {
    this.record.control.notify({ act: 'drain', deadlineMs: 0 })
  }

  kill(): void {
    ;(this.worker.process as ChildProcess).kill('SIGKILL')
  }

  /** Ends it as part of a plan: its exit is no failure. */
  discard(): void {
    this.#isExpected = true
    this.kill()
  }

  #becomeReady(): void {
    if (this.state !== 'starting') return
    clearTimeout(this.#startTimer)
    this.state = 'ready'
    this.#lastAnswer = Date.now()
    this.emit('ready')
  }

  #onExit(code: number | null, signal: string | null): void {
    clearTimeout(this.#startTimer)
    this.state = 'gone'
    this.emit('gone', code, signal, this.#isExpected)
  }
}
