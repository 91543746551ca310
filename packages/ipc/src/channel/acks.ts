// Messages with handles that the peer has not acknowledged: the sender keeps its copies until then. It sends nothing.
import { ipcError } from '../errors/codes'
import type { Descriptor } from '../handoff/descriptor'

/** An error that brings back the handles which were not delivered; they are the sender's again. */
export interface HandleError extends NodeJS.ErrnoException {
  readonly handles: readonly Descriptor[]
}

interface Unacknowledged {
  readonly handles: readonly Descriptor[]
  readonly keep: boolean
  readonly resolve: () => void
  readonly reject: (error: HandleError) => void
}

export class Acks {
  readonly #waiting = new Map<number, Unacknowledged>()
  #lastId = 0
  #count = 0

  /** Descriptors under way. */
  get count(): number {
    return this.#count
  }

  nextId(): number {
    do this.#lastId = (this.#lastId + 1) >>> 0 || 1
    while (this.#waiting.has(this.#lastId))
    return this.#lastId
  }

  wait(id: number, handles: readonly Descriptor[], keep: boolean): Promise<void> {
    this.#count += handles.length
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { handles, keep, resolve, reject })
    })
  }

  #take(id: number): Unacknowledged {
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) {
      throw ipcError('ERR_X_CHANNEL_PROTOCOL', `acknowledged handles ${id}, which were not sent`)
    }
    this.#waiting.delete(id)
    this.#count -= waiting.handles.length
    return waiting
  }

  acknowledge(id: number): void {
    const { handles, keep, resolve } = this.#take(id)
    for (const handle of handles) {
      if (!keep) handle.close()
    }
    resolve()
  }

  refuse(id: number, reason: string): void {
    const { handles, reject } = this.#take(id)
    reject(withHandles(ipcError('ERR_X_HANDLE_REFUSED', reason), handles))
  }

  /** The peer is gone: all that is not acknowledged goes back to its sender. */
  lose(): void {
    for (const id of [...this.#waiting.keys()]) {
      const { handles, reject } = this.#take(id)
      reject(withHandles(ipcError('ERR_X_HANDLE_LOST', handles.length), handles))
    }
  }
}

export function withHandles(error: NodeJS.ErrnoException, handles: readonly Descriptor[]): HandleError {
  return Object.assign(error, { handles })
}
