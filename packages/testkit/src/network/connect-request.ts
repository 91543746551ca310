// A stream's call of `connect`, from its beginning to its one answer, and the repeat that Linux answers once more. It knows
// neither addresses nor the connection.
import { errno, type HandleKind, type Status } from '@x/core/transport'
import type { Order } from './fabric'

/** What a request needs of its stream. */
export interface ConnectSurroundings {
  readonly kind: HandleKind
  /** A job for a later turn. */
  post(job: () => void, order?: Order): void
  /** It is pending now, or no longer. */
  onChange(): void
}

/** The request of one stream. */
export class ConnectRequest {
  readonly #around: ConnectSurroundings
  #done: ((status: Status) => void) | null = null
  #mayRepeat = false

  constructor(around: ConnectSurroundings) {
    this.#around = around
  }

  /** It was made, and `done` has not been called. */
  get isPending(): boolean {
    return this.#done !== null
  }

  begin(done: (status: Status) => void): void {
    this.#done = done
    this.#around.onChange()
  }

  /** The connection stands. */
  succeed(): void {
    this.#mayRepeat = true
    this.#answer(0)
  }

  /** `before` runs in the turn of the answer, ahead of it. */
  fail(status: Status, before: () => void): void {
    this.#answer(status, before)
  }

  /** The first call after a TCP connection was made in the background tells of its success once more (Linux's connect(2)). */
  repeat(done: (status: Status) => void): Status {
    if (this.#around.kind === 'pipe' || this.isPending || !this.#mayRepeat) return errno('EISCONN')
    this.#mayRepeat = false
    this.#done = done
    this.#answer(0)
    this.#around.onChange()
    return 0
  }

  /** Something else was done with the connection: there is no repeat any more. */
  settle(): void {
    this.#mayRepeat = false
  }

  /** The stream is closed. */
  cancel(): void {
    const done = this.#take()
    if (done) this.#around.post(() => done(errno('ECANCELED')), 'closing')
  }

  /** The stream's host has lost its power: nobody is told. */
  forget(): void {
    this.#take()
  }

  #answer(status: Status, before?: () => void): void {
    this.#around.post(() => {
      before?.()
      const done = this.#take()
      this.#around.onChange()
      done?.(status)
    })
  }

  #take(): ((status: Status) => void) | null {
    const done = this.#done
    this.#done = null
    return done
  }
}
