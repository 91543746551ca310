// One place of a cluster that is kept up: the worker that serves there, the one that is to take over, and when a fallen one is
// started again. It starts and ends no worker.
import type { PrimaryOs, Timer } from '../os'
import type { WorkerProcess } from '../worker-process'
import { BackOff, type RestartOptions } from './back-off'

/** What the system says where it is short of processes, descriptors or memory (fork(2), socketpair(2)). */
const SHORTAGES: ReadonlySet<string | undefined> = new Set([
  'EAGAIN',
  'EMFILE',
  'ENFILE',
  'ENOBUFS',
  'ENOMEM',
])

/** What becomes of a place whose worker fell. */
export type Recovery =
  | { readonly kind: 'wait'; readonly delayMs: number }
  | { readonly kind: 'give-up'; readonly failures: number }

export class Place {
  readonly number: number
  /** The worker that serves here, or is being started to; null while there is none. */
  worker: WorkerProcess | null = null
  /** During a reload: who takes over. */
  successor: WorkerProcess | null = null
  /** Restarts since the cluster's start. */
  restarts = 0
  readonly #os: PrimaryOs
  readonly #backOff: BackOff | null
  #timer: Timer | null = null

  constructor(os: PrimaryOs, number: number, restart: Required<RestartOptions> | false) {
    this.#os = os
    this.number = number
    this.#backOff = restart === false ? null : new BackOff(restart, os.now, os.random)
  }

  /**
   * A worker fell here, or could not be started (`error`): `start` is called after the delay, unless the timer is stopped.
   * Null where none is restarted.
   */
  recover(error: NodeJS.ErrnoException | null, start: () => void): Recovery | null {
    if (this.#backOff === null || this.#timer !== null) return null
    const delayMs = SHORTAGES.has(error?.code) ? this.#backOff.fallShort() : this.#backOff.fail()
    if (delayMs === null) return { kind: 'give-up', failures: this.#backOff.failures }
    this.restarts++
    this.#timer = this.#os.setTimeout(() => {
      this.#timer = null
      start()
    }, delayMs)
    return { kind: 'wait', delayMs }
  }

  stopTimer(): void {
    if (this.#timer !== null) this.#os.clearTimeout(this.#timer)
    this.#timer = null
  }
}
