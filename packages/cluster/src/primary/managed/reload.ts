// A reload, from top to bottom: successors are started one after the other, all become ready, each takes its place, and the
// old workers are drained. It knows a cluster by what it does for this, and no process.
import { clusterError, withCause } from '../../both/errors'
import type { DrainReport, WorkerProcess } from '../worker-process'
import type { Place } from './place'

/** Outcome of a reload. */
export interface ReloadReport {
  /** Workers that were replaced. */
  readonly replaced: number
  /** How the replaced workers ended. */
  readonly drained: readonly DrainReport[]
}

/** What a reload needs of its cluster. */
export interface Crew {
  readonly places: Iterable<Place>
  /** Throws `ERR_X_CLUSTER_STOPPED` where the cluster is being stopped. */
  checkRunning(): void
  /** Starts a worker for a place; resolves when it is ready, rejects with `ERR_X_WORKER_START`. */
  startSuccessor(place: Place): Promise<WorkerProcess>
  drain(worker: WorkerProcess): Promise<DrainReport>
  /** A place has neither worker nor successor: it is filled as after a fall. */
  refill(place: Place): void
}

/** Throws `ERR_X_RELOAD_FAILED`; the old workers go on then. `begun`: all successors are ready. */
export async function reload(crew: Crew, begun: () => void): Promise<ReloadReport> {
  const places = [...crew.places]
  try {
    for (const place of places) {
      await crew.startSuccessor(place)
      crew.checkRunning()
    }
    for (const place of places) {
      // One that was ready may have ended, or let go of the primary, while the others started.
      if (place.successor?.state !== 'ready')
        throw clusterError(
          'ERR_X_WORKER_START',
          place.successor?.id ?? 0,
          'it left before the others were ready',
        )
    }
  } catch (cause) {
    for (const place of places) giveBack(crew, place)
    throw withCause(clusterError('ERR_X_RELOAD_FAILED'), cause)
  }
  begun()
  const old = places.map(place => takeOver(place))
  const drained = await Promise.all(old.filter(worker => worker !== null).map(worker => crew.drain(worker)))
  return { replaced: places.length, drained }
}

/** The successor has the place now; answers who had it. */
function takeOver(place: Place): WorkerProcess | null {
  const old = place.worker
  place.stopTimer()
  place.worker = place.successor
  place.successor = null
  return old
}

/** The reload has failed: the successor leaves, or stays where nobody else is left in its place. */
function giveBack(crew: Crew, place: Place): void {
  const { successor } = place
  place.successor = null
  if (place.worker !== null) {
    if (successor) void crew.drain(successor)
  } else if (successor?.state === 'ready') {
    place.stopTimer()
    place.worker = successor
  } else {
    successor?.discard()
    crew.refill(place)
  }
}
