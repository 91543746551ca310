// startCluster: from options to a running cluster.
import { requirePeek } from '../policy/peek'
import type { Primary } from '../primary'
import { Cluster } from './cluster'
import { planOf, type StartOptions } from './options'
import { followSignals } from './signals'

/** Starts a cluster whose workers are in the table of `primary`. */
export async function startOn<ToWorker, FromWorker>(
  primary: Primary,
  options: StartOptions<FromWorker>,
): Promise<Cluster<ToWorker, FromWorker>> {
  const plan = planOf(options)
  requirePeek(plan.spread, () => primary.os.transport)
  const cluster = new Cluster<ToWorker, FromWorker>(primary, plan)
  if (plan.signals) followSignals(cluster)
  return cluster.start()
}
