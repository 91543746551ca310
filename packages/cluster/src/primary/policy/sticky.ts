// Sticky by remote address: rendezvous hashing over places, so that a worker that comes or goes moves only its own share.
import type { Candidate, Policy } from './policy'

/**
 * Connections of one remote address always go to the worker in the same place, as long as there is one; they wait if that
 * worker can take no more at the moment. Rendezvous (highest random weight) hashing: adding one place to n moves only
 * 1/(n+1) of the addresses, and a worker that replaces another has the same addresses. Local connections, which have no
 * address, all go to the same worker. Respects weights (Thaler and Ravishankar 1998; weighted form -w/ln(h)).
 */
export function sticky(): Policy {
  return {
    name: 'sticky',
    needsAddress: true,
    isBinding: true,
    pick(candidates, incoming) {
      const seed = hash(incoming.remoteAddress, 0x811c9dc5)
      let best: Candidate | null = null
      let most = Number.NEGATIVE_INFINITY
      for (const worker of candidates) {
        const unit = (mix(seed ^ Math.imul(worker.place + 1, 0x9e3779b1)) + 1) / 0x1_0000_0002
        const score = -worker.weight / Math.log(unit)
        // Of two workers in one place (a reload is under way) the older: nobody moves if the reload fails.
        if (score > most) {
          most = score
          best = worker
        }
      }
      return best
    },
  }
}

/** FNV-1a, 32 bits. */
function hash(text: string, seed: number): number {
  let value = seed
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  return value >>> 0
}

/** The finalizer of MurmurHash3: spreads every bit over the whole word. */
function mix(word: number): number {
  let h = word
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
