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
  /** Which of all requests it is; its id is this modulo 2 ** 32. */
  readonly sequence: number
  /** Whether the peer says of it by itself that it was not executed, as it has handles that are refused then. */
  readonly hasHandles: boolean
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
  /** The last that waited is settled. */
  allSettled(): void
}

const IDS = 2 ** 32

/** How long a request waits, who may give it up, and what goes with it. */
export interface WaitOptions {
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
  readonly hasHandles: boolean
}

export class Requests<Reply> {
  readonly #waiting = new Map<number, Waiting<Reply>>()
  readonly #about: RequestsSurroundings
  /** Counts on beyond the ids. */
  #lastSequence = 0
  #isRef = true

  constructor(about: RequestsSurroundings) {
    this.#about = about
  }

  /** An id that no waiting request has. */
  nextId(): number {
    let id: number
    do id = ++this.#lastSequence % IDS
    while (id === 0 || this.#waiting.has(id))
    return id
  }

  /** Whether the deadlines keep the process alive. */
  setRef(isRef: boolean): void {
    this.#isRef = isRef
    for (const { timer } of this.#waiting.values()) {
      if (isRef) timer?.ref()
      else timer?.unref()
    }
  }

  /** Requests that wait. */
  get count(): number {
    return this.#waiting.size
  }

  /** Waits for the reply to the request whose id was given last; the ticket is that of its frame. */
  wait(
    id: number,
    { timeoutMs, signal, hasHandles }: WaitOptions,
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
    if (!this.#isRef) timer?.unref()
    const onAbort = () => give(abortError(signal?.reason))
    signal?.addEventListener('abort', onAbort, { once: true })
    const waiting: Waiting<Reply> = {
      sequence: this.#lastSequence,
      hasHandles,
      position: Number.POSITIVE_INFINITY,
      resolve,
      reject,
      timer,
      signal,
      onAbort,
    }
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
    if (this.#waiting.size === 0) this.#about.allSettled()
    return waiting
  }

  /** Whether anybody waits for it; nobody does after a deadline. @throws `ERR_X_CHANNEL_PROTOCOL` where nobody ever did. */
  isAwaited(id: number): boolean {
    if (this.#waiting.has(id)) return true
    this.#checkMade(id)
    return false
  }

  #checkMade(id: number): void {
    if (id > this.#lastSequence) throw breach(`a reply to request ${id}, which was never made`)
  }

  /**
   * The peer has taken none of the requests after this one (0: none at all), and takes no more.
   *
   * @throws `ERR_X_CHANNEL_PROTOCOL` where that one was never made.
   */
  endAfter(lastTaken: number): void {
    this.#checkMade(lastTaken)
    const age = (this.#lastSequence - lastTaken) % IDS
    const lastSequence = lastTaken === 0 ? 0 : this.#lastSequence - age
    for (const [id, { sequence, hasHandles }] of [...this.#waiting]) {
      if (sequence <= lastSequence || hasHandles) continue
      this.fail(id, ipcError('ERR_X_NOT_SENT', 'the peer was closing the channel and has not executed it'))
    }
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
