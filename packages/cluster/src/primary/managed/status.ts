// What a cluster that is kept up tells of itself. Shapes, and how they are gathered.
import type { WorkerProcess, WorkerState } from '../worker-process'

/** One worker as `status()` shows it. */
export interface WorkerStatus {
  readonly id: number
  readonly pid: number | undefined
  /** Place in the cluster, from 0; a successor has the same place. */
  readonly place: number
  readonly state: WorkerState
  /** Open connections by its last report, and those in transit to it. */
  readonly connections: number
  /** Connections that it has accepted from the primary. */
  readonly accepted: number
  /** Connections sent to it and not yet acknowledged. */
  readonly underWay: number
  /** Restarts in this place since the cluster started. */
  readonly restarts: number
  /** 99th percentile of its event loop delay since the last health check, in milliseconds. */
  readonly lagMs: number
  /** Resident bytes. */
  readonly memory: number
  readonly uptimeMs: number
}

/** A cluster as `status()` shows it. */
export interface ClusterStatus {
  /** By id. */
  readonly workers: readonly WorkerStatus[]
  /** Sum over the workers. */
  readonly connections: number
  /** Number of generations of workers so far; a reload begins a new one. */
  readonly generation: number
  readonly policy: string
  /** `native` or `portable`. */
  readonly transport: string
}

export function statusOfWorker(worker: WorkerProcess, restarts: number, now: number): WorkerStatus {
  worker.receiveNow()
  return {
    id: worker.id,
    pid: worker.pid,
    place: worker.place,
    state: worker.state,
    connections: worker.connections,
    accepted: worker.accepted,
    underWay: worker.underWay,
    restarts,
    lagMs: worker.signs.lagMs,
    memory: worker.signs.memory,
    uptimeMs: now - worker.startedAt,
  }
}
