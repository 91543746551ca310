// Least connections: the worker that holds the fewest for its weight. Between equals, in turn.
import type { Candidate, Policy } from './policy'

/** The worker with the fewest open connections for its weight; among equals, each in turn. */
export function leastConnections(): Policy {
  let last = 0
  return {
    name: 'least-connections',
    needsAddress: false,
    pick(candidates) {
      let best: Candidate | null = null
      for (const worker of candidates) if (best === null || comesBefore(worker, best, last)) best = worker
      last = best?.id ?? last
      return best
    },
  }
}

function comesBefore(worker: Candidate, best: Candidate, last: number): boolean {
  const difference = worker.connections / worker.weight - best.connections / best.weight
  if (difference !== 0) return difference < 0
  return worker.id > last && best.id <= last
}
