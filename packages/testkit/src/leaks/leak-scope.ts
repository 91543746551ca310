// One check's share of what is open. It knows what belongs to it, and nothing of how that is found out.
import type { OpeningPlace } from '../stacks/opening-place'

/** Something that is open. */
export interface OpenHandle {
  /** `TCP server on 127.0.0.1:80`, `interval of 1000 ms`. */
  readonly what: string
  /** The frames that opened it, the user's own, innermost first. */
  readonly openedAt: readonly string[]
  /** Why it may not be this check's, where that is so. */
  readonly doubt: string | null
}

/** What is watched, and by which checks. */
export interface Watched {
  /** Its name while it is open and worth telling, else null. */
  readonly what: () => string | null
  readonly place: OpeningPlace
  /** The checks that it may belong to; several where they ran at once and its async context does not tell. */
  readonly scopes: Set<LeakScope>
  /** The names of those checks, at its opening; empty where there was one. */
  readonly shared: readonly string[]
  /** A server accepted it. */
  readonly isAccepted: boolean
  /** Opened by what an earlier check had begun. */
  readonly isLate: boolean
}

/** One check, from its begin to its end. */
export class LeakScope {
  readonly name: string
  readonly parent: LeakScope | null
  isOver = false
  /** Grows with each thing that was opened or begun within it. */
  changes = 0

  /** `parent`: the check that this one is part of, which sees what this one leaves open. */
  constructor(name: string, parent: LeakScope | null) {
    this.name = name
    this.parent = parent
  }

  /** Something was opened or begun within it. */
  changed(): void {
    this.changes++
    this.parent?.changed()
  }

  /** This check, or one that it is part of. */
  isWithin(other: LeakScope): boolean {
    return this === other || (this.parent?.isWithin(other) ?? false)
  }
}
