// Requests that wait for their reply: deadlines, abort signals, and who gets which reply. It sends nothing itself.
import { abortError } from '@x/core/transport'
import { ipcError } from '../errors/codes'
import type { Message } from './message'

interface Waiting {
  readonly resolve: (message: Message<never>) => void
  readonly reject: (error: Error) => void
  readonly timer: NodeJS.Timeout | null
  readonly signal: AbortSignal | undefined
  readonly onAbort: () => void
}

export class Requests {
  readonly #waiting = new Map<number, Waiting>()
  readonly #cancel: (id: number) => void
  #lastId = 0

  /** `cancel` tells the peer that nobody waits for its reply any more. */
  constructor(cancel: (id: number) => void) {
    this.#cancel = cancel
  }

  /** An id that no waiting request has. */
  nextId(): number {
    do this.#lastId = (this.#lastId + 1) >>> 0 || 1
    while (this.#waiting.has(this.#lastId))
    return this.#lastId
  }

  wait<Value>(id: number, timeoutMs: number, signal: AbortSignal | undefined): Promise<Message<Value>> {
    return new Promise((resolve, reject) => {
      const give = (error: Error) => {
        this.#take(id)
        this.#cancel(id)
        reject(error)
      }
      const timer =
        timeoutMs > 0 ? setTimeout(() => give(ipcError('ERR_X_REQUEST_TIMEOUT', timeoutMs)), timeoutMs) : null
      const onAbort = () => give(abortError(signal?.reason))
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#waiting.set(id, { resolve, reject, timer, signal, onAbort })
    })
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) return undefined
    this.#waiting.delete(id)
    if (waiting.timer !== null) clearTimeout(waiting.timer)
    waiting.signal?.removeEventListener('abort', waiting.onAbort)
    return waiting
  }

  /** False: nobody waits for it, as after a deadline. Throws where nobody ever asked. */
  settle(id: number, message: Message): boolean {
    const waiting = this.#take(id)
    if (waiting === undefined) return this.#checkId(id)
    waiting.resolve(message as Message<never>)
    return true
  }

  fail(id: number, error: Error): boolean {
    const waiting = this.#take(id)
    if (waiting === undefined) return this.#checkId(id)
    waiting.reject(error)
    return true
  }

  #checkId(id: number): false {
    if (id === 0 || id > this.#lastId) {
      throw ipcError('ERR_X_CHANNEL_PROTOCOL', `a reply to request ${id}, which was never made`)
    }
    return false
  }

  failAll(error: Error): void {
    for (const id of [...this.#waiting.keys()]) this.#take(id)?.reject(error)
  }
}
