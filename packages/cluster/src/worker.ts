// One worker as both sides see it: in the primary a child process, in the worker the process itself.
import type { ChildProcess } from 'node:child_process'
import { EventEmitter } from 'node:events'

/** The process behind a worker: a child of the primary, or the worker's own `process`. */
export type WorkerProcess = ChildProcess | NodeJS.Process

/** How a side ends a worker; the primary and the child each bring theirs. */
export interface WorkerControl {
  disconnect(worker: Worker): void
  destroy(worker: Worker, signal: NodeJS.Signals | number | undefined): void
  /** In a worker: tells the primary that it can serve. */
  ready?(worker: Worker): void
  /** In a worker: something to be done before a drain ends. */
  onDrain?(task: DrainTask): void
}

/** What a worker does when it is drained; `deadlineMs` is what it has for that. */
export type DrainTask = (deadlineMs: number) => void | Promise<void>

/**
 * A worker (https://nodejs.org/api/cluster.html#class-worker). In the primary it is got from `cluster.workers` and
 * `fork()`, in a worker it is `cluster.worker`. Events: `online`, `listening` (info), `message` (message, handle),
 * `disconnect`, `exit` (code, signal), `error`.
 */
export class Worker extends EventEmitter {
  /** Number of this worker, from 1; its key in `cluster.workers`. */
  readonly id: number
  /** The process: `ChildProcess` in the primary, `process` in the worker. */
  readonly process: WorkerProcess
  /** True where the worker left by `disconnect()` or `kill()`; false after another exit; undefined before. */
  exitedAfterDisconnect: boolean | undefined
  readonly #control: WorkerControl

  constructor(id: number, process: WorkerProcess, control: WorkerControl) {
    super()
    this.id = id
    this.process = process
    this.#control = control
    const on = process.on as (event: string, listener: (...args: unknown[]) => void) => unknown
    on.call(process, 'error', (...args) => this.emit('error', ...args))
    on.call(process, 'message', (...args) => this.emit('message', ...args))
  }

  /** Sends a message as `ChildProcess.send` does; in a worker, to the primary. False where the channel is too full or closed. */
  send(...args: unknown[]): boolean {
    const send = this.process.send as ((...args: unknown[]) => boolean) | undefined
    return send ? send.apply(this.process, args) : false
  }

  /**
   * In the primary: kills the worker with the signal (`SIGTERM`). In the worker: disconnects from the primary and exits
   * with 0.
   */
  kill(signal?: NodeJS.Signals | number): void {
    this.#control.destroy(this, signal)
  }

  /** The same as `kill`. */
  destroy(signal?: NodeJS.Signals | number): void {
    this.kill(signal)
  }

  /** Closes all servers of the worker, waits for their connections, then closes the channel to the primary. */
  disconnect(): this {
    this.#control.disconnect(this)
    return this
  }

  /** In a worker of `startCluster({ readyOn: 'call' })`: it can serve now. In the primary it does nothing. */
  ready(): void {
    this.#control.ready?.(this)
  }

  /**
   * In a worker: `task` runs once when the worker is drained, after its servers have stopped to take connections, and the
   * drain waits for its promise as it waits for connections (the deadline ends both). For connections that no server
   * counts, or that are moved to another worker. What it rejects with is nobody's concern. In the primary it does nothing.
   */
  onDrain(task: DrainTask): void {
    this.#control.onDrain?.(task)
  }

  /** True while the channel between primary and worker is open. */
  isConnected(): boolean {
    return this.process.connected === true
  }

  /** True once the process has ended. */
  isDead(): boolean {
    const { exitCode, signalCode } = this.process as ChildProcess
    return this.process !== process && (exitCode !== null || signalCode !== null)
  }
}
