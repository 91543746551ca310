// How far a handle's close is, and who waits for it: each `close(done)` is called back once, in a later turn (law 3 of the
// contract). It knows no handle.
import { setImmediate } from '../host'
import { callEach, callEachOrThrow } from './call-each'

/** Runs a job in a later turn. */
export type Later = (job: () => void) => void

/** The closing of one handle. */
export class Closing {
  #phase: 'open' | 'closing' | 'closed' = 'open'
  /** The first who waits, and the others: a handle seldom has more than one. */
  #first: (() => void) | null = null
  #others: (() => void)[] | null = null
  readonly #later: Later

  /** `later`: what a turn is; the host's, unless the handle's network has turns of its own. */
  constructor(later: Later = setImmediate) {
    this.#later = later
  }

  /** True until the first `begin`. */
  get isOpen(): boolean {
    return this.#phase === 'open'
  }

  /** True from `finish` on. */
  get isClosed(): boolean {
    return this.#phase === 'closed'
  }

  /** A call of `close`. True for the first, which is the one that has to close the handle and call `finish`. */
  begin(done?: () => void): boolean {
    const isFirst = this.#phase === 'open'
    if (isFirst) this.#phase = 'closing'
    if (done === undefined) return isFirst
    if (this.#phase === 'closed') this.#later(done)
    else if (this.#first === null) this.#first = done
    else {
      this.#others ??= []
      this.#others.push(done)
    }
    return isFirst
  }

  /**
   * The handle is closed, in a turn after that of `begin`: tells all who wait, by `call`. A second call does nothing.
   */
  finish(call: (waiting: (() => void)[]) => void = callEach): void {
    if (this.#phase === 'closed') return
    this.#phase = 'closed'
    const first = this.#first
    const others = this.#others
    this.#first = this.#others = null
    if (first === null) return
    // Nearly always there is one, and it need not cost a list.
    if (others === null && call === callEachOrThrow) first()
    else call(others === null ? [first] : [first, ...others])
  }
}
