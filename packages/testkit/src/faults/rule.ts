// The words of fault injection: what a rule is asked, and what it may answer. It knows no stream and no timer.
import type { Address, HandleKind, Status } from '@x/core/transport'
import type { Random } from '../simulation/random'

/**
 * What is about to happen to a handle. `open`: a connection stands, and stays so for as long as it may (asked again
 * when a rule is added). `end`: the peer has ended its side. The others are calls of the transport contract.
 */
export type OperationType =
  | 'bind'
  | 'listen'
  | 'accept'
  | 'connect'
  | 'open'
  | 'read'
  | 'end'
  | 'write'
  | 'shutdown'
  | 'close'

/** One operation, as a rule sees it. */
export interface Operation {
  readonly type: OperationType
  readonly kind: HandleKind
  /** Bytes of a `read` or `write`, else 0. */
  readonly bytes: number
  /** Number of the connection within its transport, from 1; 0 for a listener. */
  readonly connection: number
  /** Whether this side connected or accepted. */
  readonly role: 'client' | 'server' | 'listener'
  /** Where the connection leads, or a status where that is unknown: the target of a `connect`, the address of a `bind`. */
  readonly remote: Address | Status
  readonly nowMs: number
  /** Chance that the seed decides. */
  readonly random: Random
}

/**
 * What becomes of an operation.
 * - `pass`: it happens.
 * - `drop`: it seems to happen, and nothing does. A dropped `connect` is never answered.
 * - `reset`: the connection is reset; this side sees `ECONNRESET`, the peer too.
 * - `end`: the connection ends: both sides see the end of the other, and what is written goes nowhere.
 * - `hold`: it waits until a rule is added or taken off, and the rules are asked again.
 * - `fail`: it fails with that error, by its POSIX name. A failed `accept` is a shortage (`EMFILE`): told once, and
 *   the connection waits.
 *
 * `bind` and `listen` can pass or fail, nothing else.
 */
export type Outcome = 'pass' | 'drop' | 'reset' | 'end' | 'hold' | { readonly fail: string }

/** An outcome, with what may come before it. */
export type Action =
  | Outcome
  | {
      /** It happens that much later, 0 to 2,147,483,647; the order within a connection is kept. */
      readonly delayMs?: number
      /** Only so many bytes of a `read` or `write`, 1 or more; the rest is an operation of its own. */
      readonly bytes?: number
      /** Default `pass`. */
      readonly then?: Outcome
      /**
       * Called once all rules have answered and the operation passes or is dropped: with the bytes of it that really go,
       * the fewest that any rule let through, and the time (on the clock of `nowMs`) at which the rules before let it go.
       * A rule that counts counts here. It may answer milliseconds of delay beside `delayMs`.
       */
      readonly charge?: (bytes: number, atMs: number) => number | undefined
    }

/**
 * A fault: a function of an operation. No answer lets it pass. An answer that is no action is refused with
 * `ERR_X_BAD_ACTION`, which names the rule (by the function's name) and the answer.
 */
export type Rule = (operation: Operation) => Action | undefined

/** Takes its rule off again; `using` does it at the end of a block. */
export interface Guard {
  (): void
  [Symbol.dispose](): void
}
