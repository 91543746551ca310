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

/** @type {readonly Rule[]} */
export const rules = [
  {
    name: 'the async context of what nobody catches is free',
    reason: "It is what was left when the error left the listener: a program's own, its handle's or none.",
    rewrite: record => (record.kind === 'uncaught' ? { ...record, context: '' } : record),
  },
  {
    name: 'the async context of events is free',
    reason: 'A transport that stands on no handle of the system has its events in contexts of its own.',
    subjects: ['portable', 'memory', 'simulated'],
    rewrite: record =>
      record.kind === 'callback' || ['connect', 'ready', 'lookup', 'listening'].includes(record.name)
        ? record
        : { ...record, context: '' },
  },
  {
    name: "'drop' tells why",
    reason: 'It has a member more than that of node:net.',
    rewrite: record =>
      record.name === 'drop' ? { ...record, text: record.text.replace(/, reason: '[^']*'/, '') } : record,
  },
  {
    name: "a peer's reset at once is told by its connect or its read",
    reason: 'A RST that comes before the loop of the peer has heard of the connection is told by connect.',
    rewrite: (record, actor) =>
      actor.startsWith('p') && record.name === 'error' && record.text.includes('ECONNRESET')
        ? { ...record, text: 'ECONNRESET' }
        : record,
  },
]

/**
 * What is compared of an actor's records.
 * @param {TraceRecord[]} records @param {string} actor @param {{ subject: string }} of
 */
export function rewrite(records, actor, { subject }) {
  const inForce = rules.filter(({ subjects }) => subjects === undefined || subjects.includes(subject))
  return joined(records.map(record => inForce.reduce((left, rule) => rule.rewrite(left, actor), record)))
}

/** Reads that come one after the other are one. @param {TraceRecord[]} records @returns {TraceRecord[]} */
function joined(records) {
  /** @type {TraceRecord[]} */
  const left = []
  for (const record of records) {
    const last = left.at(-1)
    if (
      record.kind === 'data' &&
      last?.kind === 'data' &&
      last.name === record.name &&
      last.context === record.context
    )
      left[left.length - 1] = { ...last, text: last.text + record.text }
    else left.push(record)
  }
  return left
}

/** A network of the testkit. @param {string} subject */
export const isVirtual = subject => subject === 'memory' || subject === 'simulated'

/** Events that tell of the size of buffers. */
const sizeEvents = new Set(['drain', 'pause', 'resume'])

/**
 * What is left to compare where the buffers of the connection decide what is taken when, and the subject's are of another
 * size than the system's: all bytes and events in their order; and, since a large write is called back once there is room,
 * all callbacks in theirs.
 * @param {TraceRecord[]} records @returns {TraceRecord[]}
 */
export function withoutSizes(records) {
  /** @type {TraceRecord[]} */
  const left = []
  /** @type {TraceRecord[]} */
  const callbacks = []
  for (const record of records) {
    const last = left.at(-1)
    if (record.kind === 'data' && last?.kind === 'data' && last.name === record.name)
      left[left.length - 1] = { ...last, text: last.text + record.text }
    else if (record.kind === 'data') left.push(record)
    else if (record.kind === 'callback') callbacks.push(record)
    else if (record.kind === 'event' && !sizeEvents.has(record.name)) left.push(record)
  }
  return [...left, ...callbacks]
}
