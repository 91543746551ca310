// Round-robin: each worker in its turn. It remembers only whose turn was last.
import type { Candidate, Policy } from './policy'

/** Each worker in turn, by id; a worker that cannot take one is passed over and loses its turn. */
export function roundRobin(): Policy {
  let last = 0
  return {
    name: 'round-robin',
    needsAddress: false,
    pick(candidates) {
      let next = candidates[0] as Candidate
      for (const worker of candidates) {
        if (worker.id <= last) continue
        next = worker
        break
      }
      last = next.id
      return next
    },
  }
}
