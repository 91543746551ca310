// The package's public face: the node:cluster surface of this process, startCluster, and the policies.
import { isMainThread } from 'node:worker_threads'
import type { ClusterModule } from './both/cluster-module'
import { WORKER_VARIABLE } from './both/environment'
import { Worker } from './both/worker'
import type { Cluster } from './primary/managed/cluster'
import type { StartOptions } from './primary/managed/options'
import { startOn } from './primary/managed/start-cluster'
import { Primary } from './primary/primary'
import { WorkerCluster } from './worker/worker-cluster'

export type { ClusterModule, ClusterModuleEvents } from './both/cluster-module'
export type { ListeningInfo } from './both/messages'
export type { DrainTask, WorkerEvents } from './both/worker'
export type { RestartOptions } from './primary/managed/back-off'
export type { Cluster } from './primary/managed/cluster'
export type { ClusterEvents, WorkerExit } from './primary/managed/events'
export type { DrainOptions, HealthOptions, StartOptions } from './primary/managed/options'
export type { ReloadReport } from './primary/managed/reload'
export type { ClusterStatus, WorkerStatus } from './primary/managed/status'
export * from './primary/policy'
export type { DrainReport, WorkerState } from './primary/worker-process'
export type { ClusterSettings } from './primary/worker-settings'

// A thread is no worker: preloads run in the thread of Node's module hooks, too, and two readers would share one link.
// Nor is a process without an IPC channel that has the variable from somewhere: it would wait for a primary that is not there.
const hasChannel = process.connected !== undefined
const isForked = isMainThread && hasChannel && process.env[WORKER_VARIABLE] !== undefined
const primary = isForked ? null : new Primary()

/** `node:cluster` for this process: the primary's, or in a forked worker the worker's. */
export const cluster: ClusterModule = primary ?? new WorkerCluster()

export default cluster

/**
 * Starts workers that all run `exec` and share the addresses they listen on. Resolves when all are ready. `ToWorker` and
 * `FromWorker` are the types of the messages between the program and its workers. Rejects with `ERR_INVALID_ARG_TYPE`,
 * `ERR_OUT_OF_RANGE` or `ERR_INVALID_ARG_VALUE` for invalid options; with `ERR_X_WORKER_START` if a worker ended before it
 * was ready, or could not be started (`cause` is the system's error); with `ERR_X_CLUSTER_STOPPED` if the cluster was
 * stopped meanwhile. When it rejects, all started workers have ended.
 */
export function startCluster<ToWorker = unknown, FromWorker = unknown>(
  options: StartOptions<FromWorker>,
): Promise<Cluster<ToWorker, FromWorker>> {
  // A worker may keep up a cluster of its own.
  return startOn(primary ?? new Primary(), options)
}

/** True in the primary. */
export const isPrimary: boolean = cluster.isPrimary
/**
 * True in the primary.
 *
 * @deprecated The old name of `isPrimary`.
 */
export const isMaster: boolean = cluster.isMaster
/** True in a worker. */
export const isWorker: boolean = cluster.isWorker
/** This worker. Undefined in the primary. */
export const worker: Worker | undefined = cluster.worker
/** Workers that live or are still connected, by id. Undefined in a worker. */
export const workers: NodeJS.Dict<Worker> | undefined = cluster.workers
/** Starts a worker; see `ClusterModule`. */
export const fork: ClusterModule['fork'] = cluster.fork
/** Disconnects all forked workers; see `ClusterModule`. */
export const disconnect: ClusterModule['disconnect'] = cluster.disconnect
/** Changes what the next workers are forked with; see `ClusterModule`. */
export const setupPrimary: ClusterModule['setupPrimary'] = cluster.setupPrimary
/**
 * Changes what the next workers are forked with; see `ClusterModule`.
 *
 * @deprecated The old name of `setupPrimary`.
 */
export const setupMaster: ClusterModule['setupMaster'] = cluster.setupMaster
/** `cluster.schedulingPolicy`: workers share the listening socket. */
export const SCHED_NONE: number = cluster.SCHED_NONE
/** `cluster.schedulingPolicy`: the primary hands over each connection. */
export const SCHED_RR: number = cluster.SCHED_RR
export { Worker }
