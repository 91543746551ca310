// Plays a range of programs for the pool, and sends what it finds. One process plays one program after the other.

import { adapted } from './adapted.mjs'
import { generate } from './generate.mjs'
import { known } from './known/index.mjs'
import { subjectOf } from './subjects.mjs'
import { judge, playable, printed, smallest } from './trial.mjs'

/**
 * @typedef {import('./compare.mjs').Difference} Difference
 * @typedef {object} Task
 * @property {string} subject
 * @property {string} [adaptedTo]  the subject that its programs are adapted to; itself where left out
 * @property {string | undefined} [reference]  what it is compared with; node:net where left out
 * @property {'random' | 'known'} source  programs of seeds, or the known ones by their index
 * @property {number} from
 * @property {number} to      exclusive
 * @property {boolean} shrink
 *
 * A program that failed, as it is printed.
 * @typedef {{ seed: number, setup: import('./stage.mjs').Setup, isBulk: boolean, text: string, difference: Difference }} Failure
 * @typedef {{ seed: number, outcome: string, failure?: Failure }} Found
 */

/** How many failures of one signature are worth cutting down. */
const SHRUNK_EACH = 2

process.once('message', async message => {
  const task = /** @type {Task} */ (message)
  const nets = await subjectOf(task.subject)
  if (task.reference) nets.reference = await subjectOf(task.reference)
  const player = task.source === 'known' ? knownPlayer(task, nets) : randomPlayer(task, nets)
  for (let seed = task.from; seed < task.to; seed++) {
    tell({ seed, outcome: 'begun' })
    tell(await player(seed))
  }
  // A program may have left handles open that would keep the process.
  process.send?.({ seed: task.to - 1, outcome: 'done' }, () => process.exit(0))
})

/** @typedef {(seed: number) => Promise<Found>} Player */

/** @param {Task} task @param {import('./stage.mjs').Nets} nets @returns {Player} */
function knownPlayer({ subject }, nets) {
  return async seed => {
    const one = known[seed]
    if (one === undefined) throw new RangeError(`there is no known program ${seed}`)
    const verdict = await judge(one, nets, subject)
    if (!('difference' in verdict)) return { seed, outcome: verdict.outcome }
    const difference = { ...verdict.difference, signature: `${one.name} (${verdict.difference.signature})` }
    return {
      seed,
      outcome: verdict.outcome,
      failure: { seed, ...printed(one), difference },
    }
  }
}

/** @param {Task} task @param {import('./stage.mjs').Nets} nets @returns {Player} */
function randomPlayer({ subject, adaptedTo = subject, shrink }, nets) {
  /** @type {Map<string, number>} */
  const seen = new Map()
  return async seed => {
    const program = adapted(generate(seed), adaptedTo)
    const verdict = await judge(playable(program), nets, subject)
    if (!('difference' in verdict)) return { seed, outcome: verdict.outcome }
    const { outcome, difference } = verdict
    const times = seen.get(difference.signature) ?? 0
    seen.set(difference.signature, times + 1)
    const isShrunk = shrink && outcome === 'different' && times < SHRUNK_EACH
    const alive = () => tell({ seed, outcome: 'begun' })
    const small = isShrunk
      ? await smallest(program, difference, nets, subject, alive)
      : { program, difference }
    const failure = { seed, ...printed(playable(small.program)), difference: small.difference }
    return { seed, outcome, failure }
  }
}

/** @param {Found} found */
function tell(found) {
  process.send?.(found)
}
