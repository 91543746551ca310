// Plays one program on node:net and on the subject and judges: equal, different, or a program that node:net itself plays
// in two ways. It makes no programs.

import { adapted } from './adapted.mjs'
import { compare } from './compare.mjs'
import { bodyOf, isBulk } from './program.mjs'
import { shrink } from './shrink.mjs'
import { play } from './stage.mjs'
import { reference as nodeReference } from './subjects.mjs'

/**
 * @typedef {import('./program.mjs').Program} Program
 * @typedef {import('./trace.mjs').Trace} Trace
 * @typedef {import('./compare.mjs').Difference} Difference
 * @typedef {{ outcome: 'equal' } | { outcome: 'undecided' | 'fleeting' | 'different', difference: Difference }} Verdict
 */

/** How often a difference must come again before it is told as one. */
const AGAIN = 2

/** How often both play what node:net does not play in one way. */
const MORE = 8

/** What is played: a program, or one that was written by hand. @typedef {{ setup: import('./stage.mjs').Setup, body: import('./stage.mjs').Body, isBulk?: boolean }} Playable */

/** @param {Program} program @returns {Playable} */
export const playable = program => ({ setup: program.setup, body: bodyOf(program), isBulk: isBulk(program) })

/** What a report has of it. @param {Playable} played */
export const printed = ({ setup, isBulk = false, body }) => ({ setup, isBulk, text: String(body) })

/**
 * @param {Playable} played @param {import('./stage.mjs').Nets} nets @param {string} subject
 * @returns {Promise<Verdict>}
 */
export async function judge({ setup, body, isBulk }, nets, subject) {
  const reference = nets.reference ?? nodeReference
  const differs = (/** @type {Trace} */ one, /** @type {Trace} */ other) =>
    compare(one, other, subject, isBulk)
  const expected = [await play(reference, setup, body)]
  const got = [await play(nets, setup, body)]
  const [first] = /** @type {[Trace]} */ (expected)
  const difference = differs(first, /** @type {Trace} */ (got[0]))
  if (difference === null) return { outcome: 'equal' }
  const isSeen = () => expected.some(one => got.some(other => differs(one, other) === null))
  let isOneWay = true
  for (let i = 0; i < AGAIN; i++) {
    const again = await play(reference, setup, body)
    expected.push(again)
    isOneWay &&= differs(first, again) === null
  }
  let isAlike = false
  for (let i = 0; i < AGAIN && !isAlike; i++) {
    got.push(await play(nets, setup, body))
    isAlike = isSeen()
  }
  if (isOneWay && !isAlike) return { outcome: 'different', difference }
  // One of them plays it in several ways: the subject's first must be one of those of node:net.
  const isOfReference = () => expected.some(one => differs(one, /** @type {Trace} */ (got[0])) === null)
  for (let i = 0; i < MORE && !isOfReference(); i++) expected.push(await play(reference, setup, body))
  if (isOfReference()) return { outcome: 'equal' }
  return { outcome: isOneWay ? 'fleeting' : 'undecided', difference }
}

/**
 * The smallest program that differs in the same way.
 * @param {Program} program @param {Difference} difference @param {import('./stage.mjs').Nets} nets @param {string} subject
 * @param {() => void} [tried]  called before each program that is tried
 */
export async function smallest(program, difference, nets, subject, tried = () => {}) {
  let last = difference
  const small = await shrink(program, async smaller => {
    tried()
    const candidate = adapted(smaller, subject)
    const verdict = await judge(playable(candidate), nets, subject)
    if (verdict.outcome !== 'different' || verdict.difference.signature !== difference.signature) return false
    last = verdict.difference
    return true
  })
  return { program: adapted(small, subject), difference: last }
}
