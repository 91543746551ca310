// Smooth weighted round-robin, as nginx spreads requests: in proportion to weight, without bursts.
import type { Candidate, Policy } from './policy'

/**
 * In proportion to the workers' weights, evenly interleaved (nginx's smooth weighted round-robin: each worker gains its
 * weight, the one with the most is picked and pays the sum).
 */
export function weighted(): Policy {
  const credit = new Map<number, number>()
  return {
    name: 'weighted',
    needsAddress: false,
    pick(candidates) {
      let total = 0
      let best: Candidate | null = null
      let most = Number.NEGATIVE_INFINITY
      for (const worker of candidates) {
        const own = (credit.get(worker.id) ?? 0) + worker.weight
        credit.set(worker.id, own)
        total += worker.weight
        if (own > most) {
          most = own
          best = worker
        }
      }
      if (best !== null) credit.set(best.id, most - total)
      if (credit.size > candidates.length * 2) forgetAbsent(credit, candidates)
      return best
    },
  }
}

function forgetAbsent(credit: Map<number, number>, candidates: readonly Candidate[]): void {
  const present = new Set(candidates.map(worker => worker.id))
  for (const id of credit.keys()) if (!present.has(id)) credit.delete(id)
}
