// What a caller of `drain` may say, and what it is told. It ends no connection.
import { validateAbortSignal, validateNumber, validateObject } from '../errors/validate'

/** Options of `server.drain`. */
export interface DrainOptions {
  /**
   * Milliseconds that connections have to end by themselves; the rest is reset then. Default 30,000. `Infinity` waits
   * without end.
   */
  deadlineMs?: number | undefined
  /**
   * Milliseconds without a byte in or out after which a connection is idle, and is ended. Default 5,000. 0 ends those at
   * once that have nothing under way; `Infinity` ends none.
   */
  idleMs?: number | undefined
  /**
   * Gives up waiting: the promise is rejected with an AbortError. The server stays closed, and the connections that are
   * left go on without a deadline, unless another caller waits for them.
   */
  signal?: AbortSignal | undefined
}

/** What became of the connections. The first three numbers add up to all that were open or came in the last moment. */
export interface DrainReport {
  /** Ended by the program or by the peer. */
  readonly finished: number
  /** Ended by the drain: nothing had moved on them for `idleMs`. */
  readonly idle: number
  /** Reset at the deadline. */
  readonly forced: number
  /** How long it took, in milliseconds. */
  readonly durationMs: number
}

/** How far a drain is; what the event 'draining' tells. */
export interface DrainProgress {
  /** Connections that are still open. */
  readonly open: number
  /** As in `DrainReport`, so far. */
  readonly finished: number
  readonly idle: number
  readonly forced: number
  /** Milliseconds until the deadline; `Infinity` where there is none. */
  readonly remainingMs: number
}

/** The checked options of a drain. */
export interface DrainTimes {
  readonly deadlineMs: number
  readonly idleMs: number
  readonly signal: AbortSignal | undefined
}

const DEADLINE_MS = 30_000
const IDLE_MS = 5_000

/**
 * Checks the options of a drain.
 *
 * @throws `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE` for milliseconds below 0 or NaN.
 */
export function readDrainOptions(options: DrainOptions = {}): DrainTimes {
  validateObject(options, 'options')
  const { deadlineMs = DEADLINE_MS, idleMs = IDLE_MS, signal } = options
  validateNumber(deadlineMs, 'options.deadlineMs', 0, Number.POSITIVE_INFINITY)
  validateNumber(idleMs, 'options.idleMs', 0, Number.POSITIVE_INFINITY)
  validateAbortSignal(signal, 'options.signal')
  return { deadlineMs, idleMs, signal }
}
