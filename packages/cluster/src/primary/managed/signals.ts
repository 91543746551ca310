// The signals of a cluster that is kept up: SIGTERM and SIGINT drain, a second one hurries, SIGHUP reloads.
import { guarded } from '../../both/guard'

/** What signals ask of a cluster. */
export interface SignalTarget {
  drain(): Promise<unknown>
  stop(): Promise<unknown>
  reload(): Promise<unknown>
  once(event: 'stop', listener: () => void): unknown
  emit(event: 'reload-failed', error: Error): unknown
}

/** Follows signals until the cluster has stopped. */
export function followSignals(cluster: SignalTarget): void {
  let isLeaving = false
  const leave = (): void => {
    if (isLeaving) void cluster.stop()
    else void cluster.drain()
    isLeaving = true
  }
  const reload = (): void => {
    if (isLeaving) return
    cluster.reload().catch(error => guarded(() => cluster.emit('reload-failed', error)))
  }
  process.on('SIGTERM', leave)
  process.on('SIGINT', leave)
  process.on('SIGHUP', reload)
  cluster.once('stop', () => {
    process.off('SIGTERM', leave)
    process.off('SIGINT', leave)
    process.off('SIGHUP', reload)
  })
}
