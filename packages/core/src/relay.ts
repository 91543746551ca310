// relay(a, b): two connections as one. It pipes both ways, passes on how each side ends, and reports; the bytes are pipe's.
import type { Duplex } from 'node:stream'
import { abortError, codedError } from './errors/codes'
import { validateAbortSignal, validateTimeout } from './errors/validate'
import { monotonicNow } from './host'

/** A side of a relay: a `Socket`, or a stream that counts as one does, such as `tls.TLSSocket`. */
export type RelaySide = Duplex & {
  readonly bytesRead: number
  readonly bytesWritten: number
  setTimeout(timeoutMs: number): unknown
  resetAndDestroy?(): unknown
}

/** Options of `relay`. */
export interface RelayOptions {
  /** Ends the relay after so many milliseconds without a byte from either side. Default: 0, never. */
  idleMs?: number
  /** Resets both sides when it is aborted. */
  signal?: AbortSignal
}

/** The result of a relay. */
export interface RelayReport {
  /**
   * `ended`: both sides have ended, and all bytes have gone out. `idle`: nothing came for `idleMs`. `aborted`: by the
   * signal. `failed`: a side had an error. `closed`: a side was destroyed, without an error, before it had ended.
   */
  reason: 'ended' | 'idle' | 'aborted' | 'failed' | 'closed'
  /** With `failed`: the first error. With `aborted`: the AbortError. */
  error?: Error
  /** Bytes written to the second side, and to the first. */
  bytes: { toSecond: number; toFirst: number }
  /** Duration in milliseconds. */
  ms: number
}

/**
 * Connects two sockets to each other: passes bytes from each to the other, until both have ended, beginning with bytes
 * already read. The end of one side is passed on while the other direction continues (half-close). If a side fails, closes
 * early or is idle, or the signal is aborted, the relay ends and resets the other side (RFC 9293 3.5.3; a local one is
 * closed), so that no peer mistakes a part of a stream for the whole.
 *
 * Between two native sockets the bytes do not pass through JavaScript. Sets the sockets'
 * `allowHalfOpen`, and with `idleMs` their `setTimeout`. The promise is never rejected: look at `reason`.
 *
 * @throws `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`.
 *
 * @example
 * createServer({ allowHalfOpen: true }, client => {
 *   relay(client, connect({ port: 5432, allowHalfOpen: true }), { idleMs: 60_000 })
 * })
 */
export function relay(first: RelaySide, second: RelaySide, options: RelayOptions = {}): Promise<RelayReport> {
  validateSide(first, 'first')
  validateSide(second, 'second')
  if (first === second) throw codedError('ERR_INVALID_ARG_VALUE', 'second', second, 'is the first side, too')
  const idleMs = options.idleMs === undefined ? 0 : validateTimeout(options.idleMs, 'options.idleMs')
  validateAbortSignal(options.signal, 'options.signal')
  return new Promise(resolve => new Relay(first, second, resolve).start(idleMs, options.signal))
}

function validateSide(side: unknown, name: string): void {
  const { pipe, bytesWritten } = (side ?? {}) as Partial<RelaySide>
  if (typeof pipe !== 'function' || typeof bytesWritten !== 'number') {
    throw codedError('ERR_INVALID_ARG_TYPE', name, 'Socket', side)
  }
}

class Relay {
  readonly #sides: readonly [RelaySide, RelaySide]
  readonly #report: (report: RelayReport) => void
  readonly #writtenBefore: readonly [number, number]
  readonly #startedAt = monotonicNow()
  #outcome: { reason: RelayReport['reason']; error?: Error } | null = null
  #open = 2
  /** The bytes that a side had moved when it was last found idle. */
  readonly #idleAt = new Map<RelaySide, number>()
  #abort = () => {}

  constructor(first: RelaySide, second: RelaySide, report: (report: RelayReport) => void) {
    this.#sides = [first, second]
    this.#report = report
    this.#writtenBefore = [first.bytesWritten, second.bytesWritten]
  }

  start(idleMs: number, signal: AbortSignal | undefined): void {
    const [first, second] = this.#sides
    this.#abort = () => this.#giveUp('aborted', abortError(signal?.reason))
    const detach = () => signal?.removeEventListener('abort', this.#abort)
    for (const side of this.#sides) {
      side.allowHalfOpen = true
      side.on('error', error => this.#giveUp('failed', error))
      if (side.closed) this.#onClosed(side, detach)
      else side.once('close', () => this.#onClosed(side, detach))
      if (idleMs === 0) continue
      side.setTimeout(idleMs)
      side.on('timeout', () => this.#onIdle(side))
    }
    if (this.#outcome === null) {
      first.pipe(second)
      second.pipe(first)
    }
    if (signal?.aborted) this.#abort()
    else if (this.#open > 0) signal?.addEventListener('abort', this.#abort, { once: true })
  }

  /** One side alone may wait: while the other takes slowly what it has brought, or sends much. */
  #onIdle(side: RelaySide): void {
    this.#idleAt.set(side, side.bytesRead + side.bytesWritten)
    const isIdle = (one: RelaySide) =>
      one.closed || this.#idleAt.get(one) === one.bytesRead + one.bytesWritten
    if (this.#sides.every(isIdle)) this.#giveUp('idle')
  }

  #onClosed(side: RelaySide, detach: () => void): void {
    this.#open--
    if (side.errored) this.#giveUp('failed', side.errored)
    else if (!side.readableEnded || !side.writableFinished) this.#giveUp('closed')
    if (this.#open > 0) return
    detach()
    const [first, second] = this.#sides
    const [toFirst, toSecond] = this.#writtenBefore
    this.#report({
      ...(this.#outcome ?? { reason: 'ended' }),
      bytes: { toSecond: second.bytesWritten - toSecond, toFirst: first.bytesWritten - toFirst },
      ms: monotonicNow() - this.#startedAt,
    })
  }

  /** The first outcome counts; what is still open is reset. */
  #giveUp(reason: RelayReport['reason'], error?: Error): void {
    if (this.#outcome !== null) return
    this.#outcome = error === undefined ? { reason } : { reason, error }
    for (const side of this.#sides) if (!side.destroyed) reset(side)
  }
}

function reset(side: RelaySide): void {
  try {
    if (side.resetAndDestroy === undefined) side.destroy()
    else side.resetAndDestroy()
  } catch {
    // Not TCP, or not by now: it has no RST.
    side.destroy()
  }
}
