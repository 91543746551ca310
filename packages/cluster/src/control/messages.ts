// What a primary and its workers say to each other. Shapes only.
import type { Address, BindFlags, HandleKind, Status } from '@x/core/transport'

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

/** What `'listening'` tells of a worker's server. Node's names (https://nodejs.org/api/cluster.html#event-listening_1). */
export interface ListeningInfo {
  /** 4 or 6 for TCP, -1 for a local path, 'udp4' or 'udp6'. */
  readonly addressType: 4 | 6 | -1 | 'udp4' | 'udp6'
  /** Null where every address is meant. */
  readonly address: string | null
  readonly port: number | null
  readonly fd: number | null
}

/** Numbers that a worker tells of itself. */
export interface WorkerLoadReport {
  /** Resident bytes. */
  readonly memory: number
  /** Milliseconds that the loop ran late, 99th percentile since the last report. */
  readonly lagMs: number
}

export type FromWorker =
  | { readonly act: 'online' }
  | ListenAsk
  | { readonly act: 'listening'; readonly info: ListeningInfo }
  | { readonly act: 'close'; readonly listener: number }
  | { readonly act: 'exitedAfterDisconnect' }
  | { readonly act: 'ready' }
  /** Answer to `connection`. */
  | { readonly act: 'taken'; readonly isTaken: boolean; readonly load: number }
  | { readonly act: 'load'; readonly load: number }
  | { readonly act: 'drained'; readonly ended: number; readonly forced: number }
  | { readonly act: 'pong'; readonly load: WorkerLoadReport }

export type ToWorker =
  /** Answer to `listen`. `shared`: a bound socket follows over the link. `handover`: connections will. */
  | {
      readonly act: 'listener'
      readonly status: Status
      readonly mode: 'shared' | 'handover'
      readonly listener: number
      readonly at: Address | null
    }
  /** A connection comes with this message (where there is no link). */
  | { readonly act: 'connection'; readonly listener: number }
  | { readonly act: 'disconnect' }
  | { readonly act: 'drain'; readonly deadlineMs: number }
  | { readonly act: 'ping' }
  | { readonly act: 'done' }

export type ControlMessage = FromWorker | ToWorker
