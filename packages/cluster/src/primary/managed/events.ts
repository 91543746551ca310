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
  /** True where the cluster ended it by plan. */
  readonly isExpected: boolean
  /** Why it could not be started (the system's refusal), or what it said that it must not say (`ERR_X_CLUSTER_PROTOCOL`). */
  readonly error: Error | null
}

/** Events of what `startCluster` gives, with the arguments of their listeners. */
export interface ClusterEvents<FromWorker = unknown> {
  /** A worker can serve: its id. */
  'worker:ready': [id: number]
  'worker:exit': [exit: WorkerExit]
  /** A worker fell; another is started in its place after the delay. */
  restart: [restart: { readonly place: number; readonly delayMs: number }]
  /** A worker did not answer and is killed: its id. */
  unhealthy: [id: number]
  /** Too many workers fell in a place: none is started there any more, until a reload. */
  'give-up': [giveUp: { readonly place: number; readonly failures: number }]
  reload: [report: ReloadReport]
  /** A reload that a signal asked for has failed. */
  'reload-failed': [error: Error]
  /** A worker was drained. */
  drained: [report: DrainReport]
  message: [worker: Worker, message: FromWorker, handle: unknown]
  /**
   * Something is wrong, and goes on: a policy threw (`ERR_X_CLUSTER_POLICY`), a worker said what it must not
   * (`ERR_X_CLUSTER_PROTOCOL`). Without a listener it is a process warning.
   */
  warning: [error: Error]
  /** All workers have ended. */
  stop: []
}
