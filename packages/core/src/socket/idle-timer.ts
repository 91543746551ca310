// The timeout of a socket: fires after a time without activity. It knows neither the stream nor what a timeout leads to.
import { validateTimeout } from '../errors/validate'
import type { Clock, Timer } from '../transport/contract'

/** Whose writes a timeout waits for. */
export interface Sender {
  /** Bytes written that the system has not taken yet. */
  readonly writeQueueSize: number
}

/** Whoever hears of a timeout. */
export interface TimeoutEmitter {
  emit(event: 'timeout'): boolean
}

/** Restarts on activity; a write that the system takes slowly counts as activity as long as it gets on. */
export class IdleTimer {
  readonly #clock: Clock
  readonly #timer: Timer
  readonly #sender: Sender
  readonly #emitter: TimeoutEmitter
  #lastQueueSize = 0

  constructor(clock: Clock, timeoutMs: number, sender: Sender, emitter: TimeoutEmitter) {
    this.#clock = clock
    this.#sender = sender
    this.#emitter = emitter
    this.#timer = clock.setTimeout(() => this.#onTime(), timeoutMs)
    this.#timer.unref()
  }

  refresh(): void {
    this.#timer.refresh()
  }

  stop(): void {
    this.#clock.clearTimeout(this.#timer)
  }

  #onTime(): void {
    if (this.#isWriteMoving()) this.#timer.refresh()
    else this.#emitter.emit('timeout')
  }

  #isWriteMoving(): boolean {
    const size = this.#sender.writeQueueSize
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
