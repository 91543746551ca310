// Compares two traces of one program. It knows the rules by which they may differ, and plays nothing.

import { forgive } from './pardons.mjs'
import { isVirtual, rewrite, withoutSizes } from './rules.mjs'
import { orderActor, shortened } from './trace.mjs'

/**
 * @typedef {import('./trace.mjs').Trace} Trace
 * @typedef {import('./trace.mjs').TraceRecord} TraceRecord
 * @typedef {object} Difference
 * @property {string} actor
 * @property {number} index
 * @property {string} signature  what kind of difference it is: like ones are grouped by it
 * @property {string[]} expected  the actor's records on node:net
 * @property {string[]} got
 */

/** The subjects whose sockets are compared as one, too. */
const ordered = new Set(['native', 'node'])

/**
 * The first difference; null where they are equal.
 * @param {Trace} expected @param {Trace} got @param {string} subject
 * @param {boolean} [isBulk]  the program moves more than the connection's buffers hold
 * @returns {Difference | null}
 */
export function compare(expected, got, subject, isBulk = false) {
  const compared = (/** @type {Trace} */ trace, /** @type {string} */ actor) => {
    const records = rewrite(trace.actors.get(actor) ?? [], actor, { subject })
    return isBulk && isVirtual(subject) ? withoutSizes(records) : records
  }
  const play = {
    hasLost: expected.hasLost && got.hasLost,
    hasLocalOnread: hasRecord(expected, isOnread) && !hasRecord(expected, isTcpAttempt),
    hasThrown: expected.actors.has('uncaught') && got.actors.has('uncaught'),
  }
  const actors = [...new Set([...expected.actors.keys(), ...got.actors.keys()])]
    .filter(actor => actor !== orderActor)
    .sort()
  // What one socket may do another way moves the others.
  if (ordered.has(subject)) actors.push(orderActor)
  /** @type {Difference | null} */
  let found = null
  let isForgiven = false
  for (const actor of actors) {
    if (actor === orderActor && (isForgiven || found !== null)) break
    const wanted = compared(expected, actor)
    const seen = compared(got, actor)
    const before = wanted.map(lineOf).join('\n')
    forgive(wanted, seen, subject, play)
    const wantedLines = wanted.map(lineOf)
    isForgiven ||= wantedLines.join('\n') !== before
    const seenLines = seen.map(lineOf)
    const index = wantedLines.findIndex((line, i) => line !== seenLines[i])
    const at = index >= 0 ? index : seenLines.length > wantedLines.length ? wantedLines.length : -1
    if (at < 0) continue
    const difference = {
      actor,
      index: at,
      signature: signatureOf(actor, wanted[at], seen[at]),
      ...withoutEqualLooks(wanted, seen),
    }
    // Lost or disordered bytes at a peer tell more than what else differs.
    if (found === null || actor.startsWith('p')) found = difference
    if (actor.startsWith('p')) break
  }
  return found
}

/** @param {Trace} trace @param {(record: TraceRecord) => boolean} is */
const hasRecord = ({ actors }, is) => [...actors.values()].some(records => records.some(is))

/** @param {TraceRecord} record */
const isOnread = ({ name }) => name === 'onread'

/** @param {TraceRecord} record */
const isTcpAttempt = ({ name, text }) => name === 'connectionAttempt' && !text.includes("'PATH'")

/** @param {TraceRecord} record */
export function lineOf({ kind, name, text, context }) {
  const shown = kind === 'data' ? `<${shortened(text)}>` : text
  const where = context === '' ? '' : ` @${context}`
  if (kind === 'phase') return `-- ${name}`
  if (kind === 'step') return `${name} -> ${shown}`
  if (kind === 'look') return `${name} sees ${shown}`
  return `${kind === 'callback' ? 'callback' : `'${name}'`}${kind === 'callback' ? ` ${name}` : ''}${shown && ` ${shown}`}${where}`
}

/** @param {string} actor @param {TraceRecord | undefined} wanted @param {TraceRecord | undefined} seen */
function signatureOf(actor, wanted, seen) {
  const who = actor[0] === 'p' ? 'peer' : actor[0] === 'v' ? 'server' : actor[0] === 's' ? 'socket' : actor
  if (wanted !== undefined && seen !== undefined && wanted.kind === seen.kind && wanted.name === seen.name) {
    if (wanted.kind === 'look') return `${who}: look ${differingNames(wanted.text, seen.text)}`
    if (wanted.text === seen.text) return `${who}: async context of ${nameOf(wanted)}`
    if (wanted.kind === 'data') return `${who}: bytes`
    return `${who}: ${nameOf(wanted)} answers other`
  }
  return `${who}: ${nameOf(wanted)} became ${nameOf(seen)}`
}

/** @param {TraceRecord | undefined} record */
function nameOf(record) {
  if (record === undefined) return 'nothing'
  return record.kind === 'event' ? `'${record.name}'` : record.kind
}

/** @param {string} wanted @param {string} seen */
function differingNames(wanted, seen) {
  const others = new Set(seen.split('; '))
  return wanted
    .split('; ')
    .filter(one => !others.has(one))
    .map(one => one.split('=')[0])
    .join(' ')
}

/** The lines of both, without what two looks see alike. @param {TraceRecord[]} wanted @param {TraceRecord[]} seen */
function withoutEqualLooks(wanted, seen) {
  const expected = wanted.map(lineOf)
  const got = seen.map(lineOf)
  for (const [i, one] of wanted.entries()) {
    const other = seen[i]
    if (one.kind !== 'look' || other?.kind !== 'look' || one.name !== other.name) continue
    expected[i] = lineOf({ ...one, text: whatDiffers(one.text, other.text) })
    got[i] = lineOf({ ...other, text: whatDiffers(other.text, one.text) })
  }
  return { expected, got }
}

/** @param {string} text @param {string} other */
function whatDiffers(text, other) {
  const others = new Set(other.split('; '))
  return (
    text
      .split('; ')
      .filter(one => !others.has(one))
      .join('; ') || 'the same'
  )
}
