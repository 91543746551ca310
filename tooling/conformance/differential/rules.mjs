// Where a subject may differ from node:net, each with its reason: a table, and what it does to the records before they
// are compared. It plays nothing.

/**
 * @typedef {import('./trace.mjs').TraceRecord} TraceRecord
 * @typedef {object} Rule
 * @property {string} name
 * @property {string} reason
 * @property {readonly string[]} [subjects]  those that it is for; all where left out
 * @property {(record: TraceRecord, actor: string) => TraceRecord} rewrite  what of a record is compared
 */

/** Events that come in the context of their handle, on node:net and by the laws of the transport. */
const eventsInContext = new Set(['connect', 'ready', 'lookup', 'listening'])

/** @type {readonly Rule[]} */
export const rules = [
  {
    name: 'the async context of most events is free',
    reason:
      'node:net emits them from whichever tick or handle comes first, which differs between its versions. Callbacks come in the context of their call.',
    rewrite: record =>
      record.kind === 'callback' || (record.kind === 'event' && eventsInContext.has(record.name))
        ? record
        : { ...record, context: '' },
  },
]

/** What is compared of an actor's records. @param {TraceRecord[]} records @param {string} actor @param {string} subject */
export function rewrite(records, actor, subject) {
  const inForce = rules.filter(({ subjects }) => subjects === undefined || subjects.includes(subject))
  return records.map(record => inForce.reduce((left, rule) => rule.rewrite(left, actor), record))
}
