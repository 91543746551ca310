// Plays a range of seeds for main, and sends what it finds. One process plays one program after the other.
import { generate } from './generate.mjs'
import { adapted } from './rules.mjs'
import { subjectOf } from './subjects.mjs'
import { judge, smallest } from './trial.mjs'

/**
 * @typedef {import('./compare.mjs').Difference} Difference
 * @typedef {{ subject: string, from: number, to: number, shrink: boolean }} Task
 * @typedef {{ seed: number, outcome: string, program?: import('./program.mjs').Program, difference?: Difference }} Found
 */

/** How many failures of one signature are worth cutting down. */
const SHRUNK_EACH = 2

process.once('message', async message => {
  const { subject, from, to, shrink } = /** @type {Task} */ (message)
  const nets = await subjectOf(subject)
  /** @type {Map<string, number>} */
  const seen = new Map()
  for (let seed = from; seed < to; seed++) {
    tell({ seed, outcome: 'begun' })
    const program = adapted(generate(seed), subject)
    const verdict = await judge(program, nets, subject)
    if (!('difference' in verdict)) {
      tell({ seed, outcome: verdict.outcome })
      continue
    }
    const { outcome, difference } = verdict
    const times = seen.get(difference.signature) ?? 0
    seen.set(difference.signature, times + 1)
    const isShrunk = shrink && outcome === 'different' && times < SHRUNK_EACH
    tell({
      seed,
      outcome,
      ...(isShrunk
        ? await smallest(program, difference, nets, subject, () => tell({ seed, outcome: 'begun' }))
        : { program, difference }),
    })
  }
  // A program may have left handles open that would keep the process.
  process.send?.({ seed: to - 1, outcome: 'done' }, () => process.exit(0))
})

/** @param {Found} found */
function tell(found) {
  process.send?.(found)
}
