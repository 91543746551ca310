// A child process that could not be made at all: what stands in its place where a program expects a ChildProcess. It tells of
// the failure once, as a child process tells of it.
import { EventEmitter } from 'node:events'
import { nextTick } from '../both/host'

export class UnstartedProcess extends EventEmitter {
  readonly pid = undefined
  readonly connected = false
  readonly killed = false
  readonly signalCode = null
  /** The negative error number, as with a child process that could not be started. */
  readonly exitCode: number

  constructor(error: NodeJS.ErrnoException) {
    super()
    this.exitCode = error.errno ?? -1
    nextTick(() => this.emit('error', error))
  }

  send(): boolean {
    return false
  }

  kill(): boolean {
    return false
  }

  disconnect(): void {}
}
