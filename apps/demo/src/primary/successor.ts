// Which worker serves in the place of one that falls. It starts and ends none.
import type { Cluster, WorkerStatus } from '@x/cluster'
import type { Operations } from './operations'

/**
 * Resolves with the worker that serves in place of one that is about to fall; null where none does.
 *
 * @param isWanted whether there is to be a worker in that place; it is asked after each operation
 */
export function successorOf(
  { id, place }: WorkerStatus,
  cluster: Cluster,
  operations: Operations,
  isWanted: () => boolean,
): Promise<number | null> {
  return new Promise(resolve => {
    const end = (successor: number | null) => {
      cluster.off('worker:ready', onReady).off('give-up', onNone).off('stop', onNone)
      operations.off('ended', onChanged)
      resolve(successor)
    }
    const onReady = (ready: number) => {
      const { workers } = cluster.status()
      if (ready !== id && workers.some(worker => worker.id === ready && worker.place === place)) end(ready)
    }
    const onNone = () => end(null)
    const onChanged = () => {
      if (!isWanted()) end(null)
    }
    cluster.on('worker:ready', onReady).on('give-up', onNone).on('stop', onNone)
    operations.on('ended', onChanged)
  })
}
