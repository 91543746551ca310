// The end of our side of a connection: asked of the system, and its outcome told once; and bytes that wait for it. It knows
// no stream.
import { UV_EBADF, UV_ECANCELED, UV_ENOTCONN } from '../errors/errno'
import { eventError } from '../errors/system-error'
import type { Status, StreamHandle } from '../transport/contract'
import type { WriteCallback } from './ticket'

export class OwnEnd {
  /** Null once the outcome is told. */
  #done: WriteCallback | null

  private constructor(done: WriteCallback) {
    this.#done = done
  }

  /**
   * Ends our side once all is sent. `done` comes in a later turn and in the context of now, as transports tell it (law 12 of
   * the contract), or at once where there is nothing to end: then null.
   */
  static begin(handle: StreamHandle, done: WriteCallback): OwnEnd | null {
    const end = new OwnEnd(done)
    const status = handle.shutdown(outcome => end.#tell(outcome < 0 ? shutdownError(outcome) : null))
    if (status >= 0) return end
    end.#tell(shutdownError(status))
    return null
  }

  get isUnderWay(): boolean {
    return this.#done !== null
  }

  /** Fails it: nothing will be told of it any more. */
  abandon(error: Error): void {
    this.#tell(error)
  }

  #tell(error: Error | null): void {
    const done = this.#done
    this.#done = null
    if (error === null) done?.()
    else done?.(error)
  }
}

/**
 * Where bytes were said to be the last (`StreamHandle.write`) and no end of our side came all the same, the system need not
 * wait for it. Turning Nagle's algorithm off sends what is held back (tcp(7)).
 */
export function releaseLast(handle: StreamHandle, hasNoDelay: boolean): void {
  handle.setOption({ name: 'noDelay', enable: true })
  if (!hasNoDelay) handle.setOption({ name: 'noDelay', enable: false })
}

/** The peer or the connection has gone: there is nothing to end. */
function shutdownError(status: Status): Error | null {
  const isGone = status === UV_ENOTCONN || status === UV_EBADF || status === UV_ECANCELED
  return isGone ? null : eventError(status, 'shutdown')
}
