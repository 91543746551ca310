// A stream's call of `connect`, from its beginning to its one answer, and the repeat that Linux answers once more. It knows
// neither addresses nor the connection.
import { errno, type HandleKind, type Status } from '@x/core/transport'
import type { Call } from './event-loop'

/** The request of one stream. */
export class ConnectRequest {
  readonly #kind: HandleKind
  /** The request is pending now, or no longer. */
  readonly #onChange: () => void
  #done: ((status: Status) => void) | null = null
  /** What is to be told; null while nobody has answered. */
  #outcome: Status | null = null
  #mayRepeat = false

  constructor(kind: HandleKind, onChange: () => void) {
    this.#kind = kind
    this.#onChange = onChange
  }

  /** It was made, and `done` has not been called. */
  get isPending(): boolean {
    return this.#done !== null
  }

  /** Its outcome; null while there is none, or nobody has asked. */
  get outcome(): Status | null {
    return this.isPending ? this.#outcome : null
  }

  begin(done: (status: Status) => void): void {
    this.#done = done
    this.#outcome = null
    this.#onChange()
  }

  /** 0: the connection stands. */
  settle(outcome: Status): void {
    this.#outcome = outcome
    if (outcome === 0) this.#mayRepeat = true
  }

  /** Tells the outcome. `before` runs in the same call, ahead of it. */
  answer(before: () => void): Call | null {
    const status = this.outcome
    if (status === null) return null
    return () => {
      before()
      const done = this.#take()
      this.#onChange()
      done?.(status)
    }
  }

  /** The first call after a TCP connection was made in the background tells of its success once more (Linux's connect(2)). */
  repeat(done: (status: Status) => void): Status {
    if (this.#kind === 'pipe' || this.isPending || !this.#mayRepeat) return errno('EISCONN')
    this.#mayRepeat = false
    this.#done = done
    this.#outcome = 0
    this.#onChange()
    return 0
  }

  /** Something else was done with the connection: there is no repeat any more. */
  refuseRepeat(): void {
    this.#mayRepeat = false
  }

  /** The stream is closed: what is called then. */
  cancel(): Call[] {
    const done = this.#take()
    return done ? [() => done(errno('ECANCELED'))] : []
  }

  /** It was refused at once, or the stream's host has lost its power: nobody is told. */
  forget(): void {
    this.#take()
    this.#onChange()
  }

  #take(): ((status: Status) => void) | null {
    const done = this.#done
    this.#done = null
    return done
  }
}
