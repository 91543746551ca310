// What a primary and its workers say to each other by the IPC channel. Shapes only; `worker-message` checks what comes from
// a worker.
import type { Address, BindFlags, HandleKind, Status } from '@x/core/transport'
import type { GroupSignal } from './group-signals'

/** What a worker asks for when one of its servers listens. */
export interface ListenAsk {
  readonly act: 'listen'
  readonly kind: HandleKind
  readonly at: Address | { readonly fd: number }
  readonly flags: BindFlags
  readonly backlog: number
  /** 0 for the worker's first server on this address, 1 for a second one that is open beside it, and so on. */
  readonly index: number
}

/** What a worker asks for when one of its UDP sockets binds. */
export interface DatagramAsk {
  readonly act: 'datagram'
  readonly type: 'udp4' | 'udp6'
  /** Null: the primary's descriptor `fd`. */
  readonly at: { readonly port: number; readonly address: string | null } | null
  readonly fd: number | null
  readonly ipv6Only: boolean
  readonly reuseAddress: boolean
  readonly index: number
}

/**
 * What `'listening'` tells of a worker's server or UDP socket
 * (https://nodejs.org/api/cluster.html#event-listening_1).
 */
export interface ListeningInfo {
  /** 4 or 6 for TCP, -1 for a local path, 'udp4' or 'udp6'. */
  readonly addressType: 4 | 6 | -1 | 'udp4' | 'udp6'
  /** The address or path. Null where every address is meant. */
  readonly address: string | null
  /** -1 for a local path. */
  readonly port: number
  /** The descriptor that was listened on; undefined in all other cases. */
  readonly fd: number | undefined
}

/** Numbers that a worker tells of itself when it is asked. */
export interface VitalSigns {
  /** Resident bytes. */
  readonly memory: number
  /** Milliseconds that the loop ran late, 99th percentile since the last answer. */
  readonly lagMs: number
}

export type FromWorker =
  | { readonly act: 'online' }
  | ListenAsk
  | DatagramAsk
  | { readonly act: 'listening'; readonly info: ListeningInfo }
  /** A server of the worker could not listen, for the reason `status`. */
  | { readonly act: 'listen-failed'; readonly status: Status; readonly at: Address | { readonly fd: number } }
  /** A server or UDP socket that was got through the primary is closed. */
  | { readonly act: 'close'; readonly listener: number }
  /** The worker leaves by itself; it waits for the answer. */
  | { readonly act: 'leaving' }
  /** Answer to `signal`: it has come. */
  | { readonly act: 'heeded' }
  | { readonly act: 'ready' }
  /** Whether it has the connection `id`; of one that did not come, after the next `connection` or `delivered`. */
  | {
      readonly act: 'taken'
      readonly id: number
      readonly isTaken: boolean
      readonly why: Refusal
      readonly connections: number
    }
  /** Connections that the worker's servers hold. */
  | { readonly act: 'connections'; readonly connections: number }
  | { readonly act: 'drained'; readonly ended: number; readonly forced: number }
  | { readonly act: 'pong'; readonly signs: VitalSigns }

/** Why a worker does not take a connection: it takes no more for now, or it has no descriptor left. */
export type Refusal = 'full' | 'shortage'

export type ToWorker =
  /** Answer to `listen`. `shared`: a bound socket follows by the link. `handover`: connections will. */
  | {
      readonly act: 'listener'
      readonly status: Status
      readonly mode: 'shared' | 'handover'
      readonly listener: number
      readonly at: Address | null
    }
  /** Answer to `datagram`; the UDP socket comes with it where the status is 0. */
  | { readonly act: 'datagram'; readonly status: Status; readonly listener: number }
  /** A connection comes with this message (where there is no link). `id` counts them from 1. */
  | { readonly act: 'connection'; readonly listener: number; readonly id: number }
  /** The connections up to `id` were sent before this: those that have not come were lost on the way. */
  | { readonly act: 'delivered'; readonly id: number }
  | { readonly act: 'disconnect' }
  | { readonly act: 'drain'; readonly deadlineMs: number; readonly idleMs: number }
  | { readonly act: 'ping' }
  /** `worker.kill()`, where the worker leaves signals that reach it otherwise to the primary. */
  | { readonly act: 'signal'; readonly signal: GroupSignal }
  | { readonly act: 'done' }
