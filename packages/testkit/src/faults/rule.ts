// The words of fault injection, for handles and for links alike: what a rule is asked, and what it may answer. It knows no
// stream, no link and no timer.
import type { Address, HandleKind, Status, TcpAddress } from '@x/core/transport'
import type { Random } from '../simulation/random'

/**
 * The kind of an operation. `packet`: a packet on a link of a simulation. All others concern a handle: `open`: a
 * connection is established and may stay so (asked again when a rule is added); `end`: the peer has ended its side;
 * the rest are calls of the transport contract.
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
  | 'packet'

/**
 * The purpose of a packet, like TCP's flags. `probe`: asks whether the window is open, or whether the peer is alive.
 */
export type PacketFlag = 'syn' | 'syn-ack' | 'data' | 'fin' | 'ack' | 'rst' | 'probe'

/** A packet on a link of a simulation. */
export interface Packet {
  /** The name of the host that sends it. */
  readonly from: string
  /** The name of the host that it is for. */
  readonly to: string
  readonly source: TcpAddress
  readonly destination: TcpAddress
  readonly flag: PacketFlag
  /** Bytes that the connection had sent before it, that way. */
  readonly sequence: number
  /** It was sent before, and not acknowledged in time. */
  readonly isRepeated: boolean
  /** The bytes of `data`; otherwise null. Must not be changed. */
  readonly payload: Buffer | null
  /** Its length on the wire: payload, and 40 bytes of headers (IPv4 20, TCP 20; RFC 9293). */
  readonly wireBytes: number
}

/** One operation, as a rule sees it. */
export interface Operation {
  readonly type: OperationType
  readonly kind: HandleKind
  /** Bytes of a `read` or `write`, or that a `packet` carries; else 0. */
  readonly bytes: number
  /** Number of the connection within its transport or simulation, from 1; 0 for a listener. */
  readonly connection: number
  /** Whether this side connected or accepted; for a packet, whether its sender did. */
  readonly role: 'client' | 'server' | 'listener'
  /** The packet; null for what happens to a handle. */
  readonly packet: Packet | null
  /**
   * Where the connection leads, or a status where that is unknown: the target of a `connect`, the address of a `bind`, the
   * destination of a packet.
   */
  readonly remote: Address | Status
  readonly nowMs: number
  /** Chance that the seed decides. */
  readonly random: Random
}

/**
 * The outcome of an operation.
 * - `pass`: it happens.
 * - `drop`: it seems to happen, and nothing does. A dropped `connect` is never answered; a dropped packet is lost, and TCP
 *   sends it again.
 * - `reset`: the connection is reset; this side sees `ECONNRESET`, the peer too (the sender of a SYN: `ECONNREFUSED`).
 * - `end`: the connection ends: both sides see the end of the other, and what is written goes nowhere.
 * - `hold`: it waits until a rule is added or taken off, and the rules are asked again.
 * - `fail`: it fails with that error, by its POSIX name. A failed `accept` is a shortage (`EMFILE`): told once, and
 *   the connection waits.
 *
 * `bind` and `listen` can pass or fail, nothing else; a packet cannot `end` or `fail`, and is not cut (`bytes`).
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
       * the fewest that any rule let through, and the time (on the clock of `nowMs`) at which the rules before let it go;
       * of a packet that is when it leaves, whatever the delay of its way.
       * A rule that counts counts here. It may answer milliseconds of delay beside `delayMs`.
       */
      readonly charge?: (bytes: number, atMs: number) => number | undefined
    }

/**
 * A fault rule: a function of an operation. To let it pass, return nothing. Anything that is not an action is refused
 * with `ERR_X_BAD_ACTION`, which has the rule (the function's name) and its answer.
 */
export type Rule = (operation: Operation) => Action | undefined

/** Takes its rule off again; `using` does it at the end of a block. */
export interface Guard {
  (): void
  [Symbol.dispose](): void
}
