// Messages with handles that the peer has not acknowledged: the sender keeps its copies until then. It sends nothing.
import type { Descriptor } from '../descriptor/descriptor'
import { because, breach, ipcError } from '../errors/codes'
import type { Ticket } from './sender'

/** An error that brings back the handles which were not delivered; they are the sender's again. */
export interface HandleError extends NodeJS.ErrnoException {
  readonly handles: readonly Descriptor[]
}

/** Hears once whether the handles have arrived; with an error that has them where they have not. */
export type ArrivalListener = (error: HandleError | null) => void

interface Unacknowledged {
  readonly handles: readonly Descriptor[]
  readonly settled: ArrivalListener
}

/** Handles on their way, as their sender sees them. */
export interface Departure {
  /** The number under which they are acknowledged. */
  readonly ack: number
  readonly ticket: Ticket
}

export class Acknowledgements {
  readonly #waiting = new Map<number, Unacknowledged>()
  /** What the peer may acknowledge too late: its word and our goodbye may cross. */
  readonly #lost = new Set<number>()
  #lastId = 0
  #count = 0

  /** Descriptors under way. */
  get count(): number {
    return this.#count
  }

  /** Handles leave. From now until they are acknowledged or back, their owner can neither take nor close them. */
  depart(handles: readonly Descriptor[], keep: boolean, settled: ArrivalListener): Departure {
    let ack = this.#lastId
    do ack = (ack + 1) >>> 0 || 1
    while (this.#waiting.has(ack))
    this.#lastId = ack
    for (const handle of handles) handle.depart(keep)
    this.#count += handles.length
    this.#waiting.set(ack, { handles, settled })
    return { ack, ticket: { written() {}, fail: error => this.#bringBack(ack, error) } }
  }

  #take(id: number): Unacknowledged | undefined {
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) return undefined
    this.#waiting.delete(id)
    this.#count -= waiting.handles.length
    return waiting
  }

  /** Null where they have been given up. */
  #takeSent(id: number): Unacknowledged | null {
    const waiting = this.#take(id)
    if (waiting !== undefined) return waiting
    if (!this.#lost.delete(id)) throw breach(`acknowledged handles ${id}, which were not sent`)
    return null
  }

  /** @throws `ERR_X_CHANNEL_PROTOCOL`. */
  acknowledge(id: number): void {
    const waiting = this.#takeSent(id)
    if (waiting === null) return
    for (const handle of waiting.handles) handle.arrive()
    waiting.settled(null)
  }

  /** @throws `ERR_X_CHANNEL_PROTOCOL`. */
  refuse(id: number, reason: string): void {
    const waiting = this.#takeSent(id)
    if (waiting === null) return
    const { handles, settled } = waiting
    for (const handle of handles) handle.comeBack()
    settled(withHandles(ipcError('ERR_X_HANDLE_REFUSED', reason), handles))
  }

  #bringBack(id: number, error: Error): void {
    const waiting = this.#take(id)
    if (waiting === undefined) return
    for (const handle of waiting.handles) handle.comeBack()
    waiting.settled(withHandles(error, waiting.handles))
  }

  /** The peer is gone, or nobody waits for it any more: all that is not acknowledged goes back to its sender. */
  lose(cause: Error | null): void {
    for (const [id, { handles }] of [...this.#waiting]) {
      this.#lost.add(id)
      this.#bringBack(id, because(ipcError('ERR_X_HANDLE_LOST', handles.length), cause))
    }
  }
}

export function withHandles(error: NodeJS.ErrnoException, handles: readonly Descriptor[]): HandleError {
  return Object.assign(error, { handles })
}
