// The signals of a managed cluster: SIGTERM and SIGINT drain, a second one hurries, SIGHUP reloads.
import type { Cluster } from './manager'

/** Listens for signals until the cluster has stopped. Returns what ends listening. */
export function followSignals(cluster: Cluster): () => void {
  let isLeaving = false
  const leave = (): void => {
    if (isLeaving) {
      void cluster.stop()
      return
    }
    isLeaving = true
    void cluster.drain()
  }
  const reload = (): void => {
    cluster.reload().catch(error => cluster.emit('reload-failed', error))
  }
  process.on('SIGTERM', leave)
  process.on('SIGINT', leave)
  process.on('SIGHUP', reload)
  const end = (): void => {
    process.off('SIGTERM', leave)
    process.off('SIGINT', leave)
    process.off('SIGHUP', reload)
  }
  cluster.once('stop', end)
  return end
}
