// What a cluster that is kept up tells of itself. Shapes, and how they are gathered.
import type { WorkerProcess, WorkerState } from '../worker-process'

/** One worker as `status()` shows it. */
export interface WorkerStatus {
  readonly id: number
  readonly pid: number | undefined
  /** Place in the cluster, from 0; a successor takes its predecessor's. */
  readonly place: number
  readonly state: WorkerState
  /** Open connections, as it told last, and those on their way to it. */
  readonly connections: number
  /** Connections that were handed to it and that it took. */
  readonly accepted: number
  /** Connections sent that it has not confirmed yet. */
  readonly underWay: number
  /** Restarts of this place since the start. */
  readonly restarts: number
  /** 99th percentile of how late its event loop ran since the last question, in milliseconds. */
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
  /** Generations of workers so far; a reload begins a new one. */
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
