// The events of a cluster that is kept up, with the arguments of their listeners. Types only.
import type { Worker } from '../../both/worker'
import type { DrainReport } from '../worker-process'
import type { ReloadReport } from './reload'

/** What `'worker:exit'` tells. */
export interface WorkerExit {
  readonly id: number
  /** Its place, from 0. */
  readonly place: number
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** True if the cluster ended it intentionally. */
  readonly isExpected: boolean
  /** Why it could not be started (the system's error), or was killed (`ERR_X_CLUSTER_PROTOCOL`: it sent an invalid message). */
  readonly error: Error | null
}

/** Events of what `startCluster` gives, with the arguments of their listeners. */
export interface ClusterEvents<FromWorker = unknown> {
  /** A worker is ready; its id. */
  'worker:ready': [id: number]
  'worker:exit': [exit: WorkerExit]
  /** A worker ended unexpectedly; another is started in its place after the delay. */
  restart: [restart: { readonly place: number; readonly delayMs: number }]
  /** A worker did not answer its health check and is killed; its id. */
  unhealthy: [id: number]
  /** Too many workers ended unexpectedly in a place: none is started there until a reload. */
  'give-up': [giveUp: { readonly place: number; readonly failures: number }]
  reload: [report: ReloadReport]
  /** A reload requested by a signal has failed. */
  'reload-failed': [error: Error]
  /** A worker was drained. */
  drained: [report: DrainReport]
  message: [worker: Worker, message: FromWorker, handle: unknown]
  /**
   * A fault that does not stop the cluster: a policy threw (`ERR_X_CLUSTER_POLICY`), or a worker sent an invalid message
   * (`ERR_X_CLUSTER_PROTOCOL`). Without a listener it is a process warning.
   */
  warning: [error: Error]
  /** All workers have ended. */
  stop: []
}
