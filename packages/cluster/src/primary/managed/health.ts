// Finds workers that hang: asks each at intervals, and counts what it does not answer. Time in which this process itself did
// not run (stopped, or its loop blocked) is held against nobody.
import type { PrimaryOs, Timer } from '../os'
import type { WorkerProcess } from '../worker-process'
import type { HealthOptions } from './options'

export class HealthWatch {
  readonly #os: PrimaryOs
  readonly #options: Required<HealthOptions>
  readonly #workers: () => Iterable<WorkerProcess>
  readonly #unhealthy: (worker: WorkerProcess) => void
  #timer: Timer | null = null

  constructor(
    os: PrimaryOs,
    options: Required<HealthOptions>,
    workers: () => Iterable<WorkerProcess>,
    unhealthy: (worker: WorkerProcess) => void,
  ) {
    this.#os = os
    this.#options = options
    this.#workers = workers
    this.#unhealthy = unhealthy
  }

  start(): void {
    const { intervalMs, deadlineMs } = this.#options
    this.#timer = this.#os.setTimeout(() => {
      for (const worker of [...this.#workers()]) {
        if (worker.state !== 'ready') continue
        if (worker.unanswered * intervalMs > deadlineMs) this.#unhealthy(worker)
        else worker.ask()
      }
      this.start()
    }, intervalMs)
    this.#timer.unref()
  }

  stop(): void {
    if (this.#timer !== null) this.#os.clearTimeout(this.#timer)
    this.#timer = null
  }
}
