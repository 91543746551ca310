// Makes a failed run smaller while it fails alike: fewer rules of links, hosts, misfortunes, and less waiting. It knows how to
// ask for a run, and no process.
import type { Omission } from '../simulation/misfortunes'
import type { RunOutcome, RunRequest } from './messages'

/** Runs that shrinking may take. */
const MOST_RUNS = 300

/** In this order: what takes part in all of a run goes first. */
const KINDS: readonly ((part: Omission) => boolean)[] = [
  part => typeof part === 'string' && !/^(?:host|wait) /.test(part),
  part => typeof part === 'string' && part.startsWith('host '),
  part => typeof part === 'number',
  part => typeof part === 'string' && part.startsWith('wait '),
]

/**
 * The smallest run that still fails alike: numbers in the message do not count. Parts of what is left are left out, in
 * halves, quarters and so on, down to single ones (delta debugging, Zeller and Hildebrandt 2002), until a round over all of
 * them changes nothing.
 */
export async function shrink(
  failed: RunOutcome,
  run: (request: RunRequest) => Promise<RunOutcome>,
): Promise<RunOutcome> {
  let best = failed
  let runs = 0
  /** Tries a run without these. */
  const tryWithout = async (more: readonly Omission[]): Promise<boolean> => {
    const news = more.filter(each => !best.omit.includes(each))
    if (news.length === 0 || runs >= MOST_RUNS) return false
    runs++
    const outcome = await run({ seed: failed.seed, omit: [...best.omit, ...news] })
    if (kindOf(outcome) !== kindOf(failed)) return false
    best = outcome
    return true
  }
  for (let before: RunOutcome | null = null; before !== best && runs < MOST_RUNS; ) {
    before = best
    for (const isOfKind of KINDS) await narrow(() => best.kept.filter(isOfKind), tryWithout)
  }
  return best
}

/** Tries to leave out parts of a list, larger ones first. */
async function narrow(
  list: () => readonly Omission[],
  tryWithout: (parts: readonly Omission[]) => Promise<boolean>,
): Promise<void> {
  for (let parts = 1; ; parts *= 2) {
    const kept = list()
    const size = Math.ceil(kept.length / parts)
    if (kept.length === 0) return
    // From the end: what comes after the failure's cause goes first.
    for (let end = kept.length; end > 0; end -= size) {
      await tryWithout(kept.slice(Math.max(0, end - size), end))
    }
    if (size === 1) return
  }
}

/** The misfortunes that were not left out. */
export function keptOf({ misfortunes, omit }: RunOutcome): string[] {
  return misfortunes.filter((_, number) => !omit.includes(number))
}

function kindOf(outcome: RunOutcome): string | null {
  return outcome.failure?.replace(/\d+/g, '#') ?? null
}
