// One worker as node:cluster shows it, on both sides: in the primary a child process, in the worker the process itself. It
// is a face; what it does is done by the side that made it.
import type { ChildProcess, MessageOptions, SendHandle } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { validateFunction } from '@x/core/internal'
import { guarded } from './guard'
import type { ListeningInfo } from './messages'

/** How a side ends a worker; the primary and the worker each bring theirs. */
export interface WorkerControl {
  disconnect(): void
  destroy(signal: NodeJS.Signals | number | undefined): void
  /** True once the process has ended or could not be started. */
  isDead(): boolean
  /** In a worker: tells the primary that it can serve. */
  ready?(): void
  /** In a worker: something to be done before a drain ends. */
  onDrain?(task: DrainTask): void
}

/** Work that a worker does when it is drained, within `deadlineMs` milliseconds. */
export type DrainTask = (deadlineMs: number) => void | Promise<void>

/** Events of a worker, with the arguments of their listeners. */
export interface WorkerEvents {
  /** In the primary: the worker runs. */
  online: []
  /** In the primary: a server or UDP socket of the worker listens. */
  listening: [info: ListeningInfo]
  message: [message: unknown, handle: unknown]
  /** The channel between primary and worker has closed. */
  disconnect: []
  /** In the primary: the process has ended, or could not be started (then `code` is the negative error number). */
  exit: [code: number | null, signal: NodeJS.Signals | null]
  /** The process could not be started or killed, or a message could not be sent. */
  error: [error: Error]
}

/**
 * A worker (https://nodejs.org/api/cluster.html#class-worker). The primary gets it from `cluster.workers` and `fork()`; in a
 * worker it is `cluster.worker`.
 */
export class Worker extends EventEmitter<WorkerEvents> {
  /** Number of this worker, from 1; its key in `cluster.workers`. */
  readonly id: number
  /** The process: a `ChildProcess` in the primary, `process` in the worker. */
  readonly process: ChildProcess
  /** True if the worker left by `disconnect()` or `kill()`; false after any other exit; undefined before. */
  exitedAfterDisconnect: boolean | undefined
  readonly #control: WorkerControl

  /** Made by `fork()` and `startCluster()`; not by programs. */
  constructor(id: number, process: ChildProcess | NodeJS.Process, control: WorkerControl) {
    super()
    this.id = id
    this.process = process as ChildProcess
    this.#control = control
    this.process.on('error', error => guarded(() => this.emit('error', error)))
    this.process.on('message', (message, handle) => {
      guarded(() => this.emit('message', message, handle))
    })
  }

  /**
   * Sends a message like `ChildProcess.send`; in a worker, to the primary. Returns false if the channel is closed, or so
   * full that further messages should wait. Source: https://nodejs.org/api/cluster.html#workersendmessage-sendhandle-options-callback
   */
  send(message: unknown, callback?: (error: Error | null) => void): boolean
  send(message: unknown, handle?: SendHandle, callback?: (error: Error | null) => void): boolean
  send(
    message: unknown,
    handle?: SendHandle,
    options?: MessageOptions,
    callback?: (error: Error | null) => void,
  ): boolean
  send(...args: unknown[]): boolean {
    const send = this.process.send as ((...args: unknown[]) => boolean) | undefined
    return send ? send.apply(this.process, args) : false
  }

  /**
   * In the primary: sends the worker the signal (default: `SIGTERM`). In the worker: disconnects from the primary and
   * exits with 0.
   */
  kill(signal?: NodeJS.Signals | number): void {
    this.#control.destroy(signal)
  }

  /** The same as `kill`. */
  destroy(signal?: NodeJS.Signals | number): void {
    this.kill(signal)
  }

  /** Closes all servers of the worker, waits for their connections, then closes the channel to the primary. */
  disconnect(): this {
    this.#control.disconnect()
    return this
  }

  /** In a worker of `startCluster({ readyOn: 'call' })`: declares that it can serve. In the primary it does nothing. */
  ready(): void {
    this.#control.ready?.()
  }

  /**
   * In a worker: runs `task` once when the worker is drained, after its servers have stopped accepting. The drain waits for
   * its promise as it waits for connections (the deadline ends both). Use it for connections that no server counts, or to
   * move connections to another worker. If it throws or rejects, the process warns, and the drain continues. In the primary
   * it does nothing. Throws `ERR_INVALID_ARG_TYPE` for something other than a function.
   */
  onDrain(task: DrainTask): void {
    validateFunction(task, 'task')
    this.#control.onDrain?.(task)
  }

  /** True while the channel between primary and worker is open. */
  isConnected(): boolean {
    return this.process.connected === true
  }

  /** True once the process has ended. */
  isDead(): boolean {
    return this.#control.isDead()
  }
}
