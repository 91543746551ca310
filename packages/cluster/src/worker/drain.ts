// How a worker leaves without losing a connection: its servers take no more, what is open goes on until it ends, and at the
// deadline the process goes all the same.
import { inspect } from 'node:util'
import type { ControlEndpoint } from '../both/control-endpoint'
import { clearTimeout, setTimeout } from '../both/host'
import type { FromWorker } from '../both/messages'
import type { DrainTask } from '../both/worker'
import type { ServedServers } from './served-servers'

export class Drain {
  readonly #servers: ServedServers
  readonly #control: ControlEndpoint<FromWorker>
  readonly #tasks: DrainTask[] = []
  #timer: NodeJS.Timeout | null = null
  #before = 0
  #isUnderWay = false

  constructor(servers: ServedServers, control: ControlEndpoint<FromWorker>) {
    this.#servers = servers
    this.#control = control
  }

  /** Something more to be done before the worker may leave. */
  add(task: DrainTask): void {
    this.#tasks.push(task)
  }

  /** Starts to drain; where that is under way already, only the deadline moves. */
  start(deadlineMs: number, idleMs: number): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#finish(), deadlineMs)
    if (this.#isUnderWay) return
    this.#isUnderWay = true
    this.#before = this.#servers.connections()
    const closed = new Promise<void>(done => this.#servers.drainAll(done, Math.min(idleMs, deadlineMs)))
    const tasks = this.#tasks.map(task => run(task, deadlineMs))
    void Promise.all([closed, ...tasks]).then(() => this.#finish())
  }

  #finish(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    const forced = this.#servers.connections()
    const ended = Math.max(0, this.#before - forced)
    // A primary that ends before it answers has nothing more to say.
    process.once('disconnect', () => process.exit())
    const isSent = this.#control.request({ act: 'drained', ended, forced }, () => process.exit())
    if (!isSent) process.exit()
  }
}

/** What a task throws or rejects with costs the drain nothing. */
async function run(task: DrainTask, deadlineMs: number): Promise<void> {
  try {
    await task(deadlineMs)
  } catch (error) {
    process.emitWarning(error instanceof Error ? error : inspect(error))
  }
}
