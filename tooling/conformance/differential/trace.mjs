// What a play of a program was seen to do: a list of records for each actor, in order. It knows no socket.
import { AsyncLocalStorage } from 'node:async_hooks'

/** The step on whose behalf something runs: each step is made in a context of its own. @type {AsyncLocalStorage<number>} */
export const stepContext = new AsyncLocalStorage()

/**
 * @typedef {object} TraceRecord
 * @property {'step' | 'callback' | 'event' | 'data' | 'phase' | 'look' | 'uncaught'} kind
 * @property {string} name
 * @property {string} text      what is compared, and shown
 * @property {number | string} context  the step in whose async context it came
 * @property {boolean} [isOfLost]  of a look: what was written before the connection is lost on node:net (`Lives.hasLost`)
 */

/** Events that come of what the program does: those that come of the peers come as the system has it. */
const ordered = new Set(['drain', 'finish', 'listening'])

/** As an actor: in which order the callbacks and events of all sockets and servers of the subject come. */
export const orderActor = 'order'

/** The records of one play. */
export class Trace {
  /** @type {Map<string, TraceRecord[]>} */
  actors = new Map()
  /** Grows with each record: what has not grown for some turns of the loop is quiet. */
  count = 0
  /** What a socket had written before its connection is lost on node:net (`Lives.hasLost`). */
  hasLost = false

  /** @param {string} actor @param {string} name @param {string} text @param {boolean} isOfLost */
  addLook(actor, name, text, isOfLost) {
    this.count++
    this.hasLost ||= isOfLost
    this.#of(actor).push({ kind: 'look', name, text, context: '', isOfLost })
  }

  /** @param {string} actor @param {TraceRecord['kind']} kind @param {string} name @param {string} [text] */
  add(actor, kind, name, text = '') {
    this.count++
    const records = this.#of(actor)
    const context =
      kind === 'step' || kind === 'phase' || kind === 'look' ? '' : (stepContext.getStore() ?? '-')
    const last = records.at(-1)
    // Where reads are cut is the system's affair; the bytes and what comes between them are not.
    if (kind === 'data' && last?.kind === 'data' && last.name === name && last.context === context)
      last.text += text
    else records.push({ kind, name, text, context })
    if (/^[sv]\d/.test(actor) && (kind === 'callback' || ordered.has(name)))
      this.#of(orderActor).push({ kind, name: `${actor} ${name}`, text: '', context: '' })
  }

  /** Everything before is told apart from everything after, in the records of each actor. @param {string} name */
  phase(name) {
    for (const actor of this.actors.keys()) this.add(actor, 'phase', name)
  }

  /** @param {string} actor */
  #of(actor) {
    const records = this.actors.get(actor) ?? []
    if (records.length === 0) this.actors.set(actor, records)
    return records
  }
}

/** Shortens runs of one character and long texts: 'AAAA' is 'A*4'. @param {string} text */
export function shortened(text) {
  const runs = text.replace(/(.)\1{3,}/gs, (run, one) => `<${one}*${run.length}>`)
  return runs.length <= 200 ? runs : `${runs.slice(0, 150)}...(${text.length} characters, sum ${sumOf(text)})`
}

/** @param {string} text */
function sumOf(text) {
  let sum = 0
  for (let i = 0; i < text.length; i++) sum = (Math.imul(sum, 31) + text.charCodeAt(i)) | 0
  return sum >>> 0
}
