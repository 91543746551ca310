// The surface of node:cluster as programs see it, the same type in the primary and in workers
// (https://nodejs.org/api/cluster.html). Types, and the constants of both sides.
import type { EventEmitter } from 'node:events'
import type { ClusterSettings } from '../primary/worker-settings'
import type { ListeningInfo } from './messages'
import type { Worker } from './worker'

export const SCHED_NONE = 1
export const SCHED_RR = 2

/** Events of the cluster in the primary, with the arguments of their listeners. */
export interface ClusterModuleEvents {
  /** `setupPrimary` was called; the settings as they are now. */
  setup: [settings: ClusterSettings]
  fork: [worker: Worker]
  online: [worker: Worker]
  listening: [worker: Worker, info: ListeningInfo]
  message: [worker: Worker, message: unknown, handle: unknown]
  disconnect: [worker: Worker]
  exit: [worker: Worker, code: number | null, signal: NodeJS.Signals | null]
}

/**
 * `node:cluster` for this process (https://nodejs.org/api/cluster.html). What belongs to the other side is undefined, and
 * throws where it is called.
 */
export interface ClusterModule extends EventEmitter<ClusterModuleEvents> {
  readonly isPrimary: boolean
  /** @deprecated The old name of `isPrimary`. */
  readonly isMaster: boolean
  readonly isWorker: boolean
  readonly SCHED_NONE: number
  readonly SCHED_RR: number
  readonly Worker: typeof Worker
  /** `SCHED_RR` (the default): the primary hands over each connection. `SCHED_NONE`: workers share the listening socket. */
  schedulingPolicy: number
  /** What workers are forked with. In the primary. */
  readonly settings: ClusterSettings
  /** This worker. In a worker. */
  readonly worker?: Worker | undefined
  /** Workers that live or are still connected, by id. In the primary. */
  readonly workers?: NodeJS.Dict<Worker> | undefined
  /**
   * Starts a worker, with variables that are added to the environment. In the primary. A process that cannot be started is
   * told by the worker's 'error', then 'exit'.
   */
  fork(env?: object): Worker
  /** Disconnects all forked workers; the callback runs when they are gone. In the primary. */
  disconnect(callback?: () => void): void
  /** Changes what the next workers are forked with. In the primary. Throws `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`. */
  setupPrimary(settings?: ClusterSettings): void
  /** @deprecated The old name of `setupPrimary`. */
  setupMaster(settings?: ClusterSettings): void
}
