// The timeout of a socket: fires after a time without activity. It knows neither the stream nor what a timeout leads to.
import { validateTimeout } from '../errors/validate'
import type { Clock, Timer } from '../transport/contract'

/** Restarts on activity; a write that the system takes slowly counts as activity as long as it gets on. */
export class IdleTimer {
  readonly #clock: Clock
  readonly #timer: Timer
  readonly #queueSize: () => number
  #lastQueueSize = 0

  /** `queueSize` tells the bytes written that the system has not taken yet. */
  constructor(clock: Clock, timeoutMs: number, queueSize: () => number, expired: () => void) {
    this.#clock = clock
    this.#queueSize = queueSize
    this.#timer = clock.setTimeout(() => {
      if (this.#isWriteMoving()) this.#timer.refresh()
      else expired()
    }, timeoutMs)
    this.#timer.unref()
  }

  refresh(): void {
    this.#timer.refresh()
  }

  stop(): void {
    this.#clock.clearTimeout(this.#timer)
  }

  #isWriteMoving(): boolean {
    const size = this.#queueSize()
    const isMoving = size > 0 && size !== this.#lastQueueSize
    this.#lastQueueSize = size
    return isMoving
  }
}

const LONGEST_MS = 2 ** 31 - 1

/**
 * Checks the milliseconds given to `setTimeout` and cuts them to what a timer can hold, with Node's warning.
 *
 * @throws `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`.
 */
export function readTimeout(msecs: unknown): number {
  const timeoutMs = validateTimeout(msecs, 'msecs')
  if ((msecs as number) > LONGEST_MS) {
    process.emitWarning(
      `${msecs} does not fit into a 32-bit signed integer.\nTimer duration was truncated to ${LONGEST_MS}.`,
      'TimeoutOverflowWarning',
    )
  }
  return timeoutMs
}
