// Requests that wait for their reply: deadlines, abort signals, and who gets which reply. It sends nothing itself.
import { abortError } from '@x/core/internal'
import { because, breach, ipcError } from '../errors/codes'
import { clearTimeout, setTimeout } from '../host'
import type { Ticket } from './sender'

/** A reply, whatever it is made of. */
export interface ReplyReceiver<Reply> {
  resolve(reply: Reply): void
  reject(error: Error): void
}

interface Waiting<Reply> extends ReplyReceiver<Reply> {
  /** Where in the stream the request begins; infinite until it is written. */
  position: number
  readonly timer: NodeJS.Timeout | null
  readonly signal: AbortSignal | undefined
  readonly onAbort: () => void
}

export interface RequestsSurroundings {
  /** Whether a part of what begins there may have reached the peer. */
  mayHaveLeft(position: number): boolean
  /** Tells the peer that nobody waits for its reply any more. */
  cancel(id: number): void
}

export class Requests<Reply> {
  readonly #waiting = new Map<number, Waiting<Reply>>()
  readonly #about: RequestsSurroundings
  #lastId = 0
  /** All numbers have been used, so that any may be one of ours. */
  #hasWrapped = false

  constructor(about: RequestsSurroundings) {
    this.#about = about
  }

  /** An id that no waiting request has. */
  nextId(): number {
    do {
      this.#lastId = (this.#lastId + 1) >>> 0
      if (this.#lastId === 0) {
        this.#hasWrapped = true
        this.#lastId = 1
      }
    } while (this.#waiting.has(this.#lastId))
    return this.#lastId
  }

  /** Waits for the reply; the ticket is that of the request's frame. */
  wait(
    id: number,
    { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal | undefined },
    { resolve, reject }: ReplyReceiver<Reply>,
  ): Ticket {
    const give = (error: Error) => {
      if (this.#take(id) === undefined) return
      this.#about.cancel(id)
      reject(error)
    }
    const onTimeout = () => {
      const mayHaveRun = this.#about.mayHaveLeft(waiting.position)
      give(ipcError('ERR_X_REQUEST_TIMEOUT', timeoutMs, mayHaveRun))
    }
    const timer = timeoutMs > 0 ? setTimeout(onTimeout, timeoutMs) : null
    const onAbort = () => give(abortError(signal?.reason))
    signal?.addEventListener('abort', onAbort, { once: true })
    const waiting = { position: Number.POSITIVE_INFINITY, resolve, reject, timer, signal, onAbort }
    this.#waiting.set(id, waiting)
    const written = (position: number) => {
      waiting.position = position
    }
    return { written, fail: error => void this.#take(id)?.reject(error) }
  }

  #take(id: number): Waiting<Reply> | undefined {
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) return undefined
    this.#waiting.delete(id)
    if (waiting.timer !== null) clearTimeout(waiting.timer)
    waiting.signal?.removeEventListener('abort', waiting.onAbort)
    return waiting
  }

  /** Whether anybody waits for it; nobody does after a deadline. @throws `ERR_X_CHANNEL_PROTOCOL` where nobody ever did. */
  isAwaited(id: number): boolean {
    if (this.#waiting.has(id)) return true
    if (id > this.#lastId && !this.#hasWrapped) throw breach(`a reply to request ${id}, which was never made`)
    return false
  }

  settle(id: number, reply: Reply): void {
    this.#take(id)?.resolve(reply)
  }

  fail(id: number, error: Error): void {
    this.#take(id)?.reject(error)
  }

  /** No reply will come. Each hears whether its request may have been executed. */
  end(cause: Error | null): void {
    for (const [id, { position }] of [...this.#waiting]) {
      const code = this.#about.mayHaveLeft(position) ? 'ERR_X_OUTCOME_UNKNOWN' : 'ERR_X_NOT_SENT'
      this.fail(id, because(ipcError(code, 'the channel ended before the reply came'), cause))
    }
  }
}
