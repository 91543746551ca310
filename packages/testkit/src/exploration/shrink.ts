// Makes the misfortune of a failed run smaller while it fails alike. It knows how to ask for a run, and no process.
import type { Omission } from '../simulation/misfortunes'
import type { RunOutcome, RunRequest } from './messages'

/** Runs that shrinking may take. */
const MOST_RUNS = 300

/**
 * The run with the fewest misfortunes that still fails alike: numbers in the message do not count. Parts of what is left
 * are left out, in halves, quarters and so on, down to single ones (delta debugging, Zeller and Hildebrandt 2002).
 */
export async function shrink(
  failed: RunOutcome,
  run: (request: RunRequest) => Promise<RunOutcome>,
): Promise<RunOutcome> {
  let best = failed
  let runs = 0
  /** Tries a run without these. */
  const tryWithout = async (more: readonly Omission[]): Promise<boolean> => {
    if (more.length === 0 || runs >= MOST_RUNS) return false
    runs++
    const outcome = await run({ seed: failed.seed, omit: [...best.omit, ...more] })
    if (kindOf(outcome) !== kindOf(failed)) return false
    best = outcome
    return true
  }
  for (const kind of ['jitter', 'loss'] as const) await tryWithout([kind])
  for (let parts = 1; ; parts *= 2) {
    const kept = keptOf(best)
    const size = Math.ceil(kept.length / parts)
    if (kept.length === 0 || runs >= MOST_RUNS) break
    // From the end: what comes after the failure's cause goes first.
    for (let end = kept.length; end > 0; end -= size) {
      await tryWithout(kept.slice(Math.max(0, end - size), end).filter(each => !best.omit.includes(each)))
    }
    if (size === 1) break
  }
  return best
}

/** The misfortunes that were not left out. */
export function keptOf(outcome: RunOutcome): number[] {
  return outcome.misfortunes.map((_, number) => number).filter(number => !outcome.omit.includes(number))
}

function kindOf(outcome: RunOutcome): string | null {
  return outcome.failure?.replace(/\d+/g, '#') ?? null
}
