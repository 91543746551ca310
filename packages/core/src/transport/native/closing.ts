// Who waits for a handle's end: each `close(done)` is called back once, in a later turn. It knows no handle.
import { setImmediate } from '../../host'

export class Closing {
  #waiting: (() => void)[] | null = null
  #finished = false

  /** The first `close`. */
  start(done: (() => void) | undefined): void {
    this.#waiting = done ? [done] : []
  }

  /** Any further `close`. */
  join(done: (() => void) | undefined): void {
    if (!done) return
    if (this.#waiting === null || this.#finished) setImmediate(done)
    else this.#waiting.push(done)
  }

  /** The handle has closed. */
  finish(): void {
    const waiting = this.#waiting ?? []
    this.#finished = true
    this.#waiting = null
    callEach(waiting, 0)
  }
}

/** Calls each, also where one throws: what it throws is seen once the rest have been called. */
function callEach(list: readonly (() => void)[], from: number): void {
  for (let index = from; index < list.length; index++) {
    try {
      list[index]!()
    } catch (error) {
      callEach(list, index + 1)
      throw error
    }
  }
}
