// startCluster: the promise-based surface.
import { Cluster } from './manager'
import { planOf, type StartOptions } from './options'
import { followSignals } from './signals'

export type { RestartOptions } from './back-off'
export type { Cluster, ReloadReport } from './manager'
export type { DrainReport, MemberState } from './member'
export type { HealthOptions, StartOptions } from './options'
export type { ClusterStatus, WorkerStatus } from './status'

/**
 * Starts workers that all run `exec` and serve the addresses that they listen on together. Resolves when every one is
 * ready. Errors: `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`, `ERR_INVALID_ARG_VALUE` for options; `ERR_X_WORKER_START` where a
 * worker ended before it was ready.
 */
export async function startCluster(options: StartOptions): Promise<Cluster> {
  const plan = planOf(options)
  const cluster = new Cluster(plan)
  if (plan.signals) followSignals(cluster)
  return cluster.start()
}
