// Where the subject may be right and node:net is not, each with its reason: a table, and how it changes what is expected.
// It plays nothing.
import { nodeMajor } from './host.mjs'

/** @typedef {import('./trace.mjs').TraceRecord} TraceRecord */

/**
 * What is known of both plays.
 * @typedef {object} Play
 * @property {boolean} hasLost    what a socket had written before its connection (`Lives.hasLost`)
 * @property {boolean} hasLocalOnread  a socket with `onread` is a local one
 * @property {boolean} hasThrown  a callback or listener has thrown what nobody caught
 *
 * @typedef {object} Pardon
 * @property {string} name
 * @property {string} reason
 * @property {readonly number[]} [hosts]  the major versions of Node that it is for; all where left out
 * @property {readonly string[]} [subjects]  those that it is for; all where left out
 * @property {(wanted: TraceRecord[], seen: TraceRecord[], index: number, play: Play) => void} amend  changes `wanted` to what is right
 */

/** What comes of ticks: it tells nothing of bytes, errors and ends. @param {TraceRecord} record */
const isPassable = ({ kind, name }) =>
  kind === 'callback' || kind === 'step' || kind === 'look' || name === 'resume' || name === 'pause'

/** The callbacks that come one after the other. @param {readonly TraceRecord[]} records @param {number} index */
function callbacksFrom(records, index) {
  const end = records.findIndex(({ kind }, at) => at >= index && kind !== 'callback')
  return records.slice(index, end < 0 ? records.length : end)
}

/** Callbacks with what they do, and 'close', one after the other. @param {readonly TraceRecord[]} records @param {number} index */
function endingFrom(records, index) {
  const isOfEnd = (/** @type {TraceRecord} */ { kind, name }) =>
    kind === 'callback' || kind === 'step' || kind === 'look' || name === 'close'
  const end = records.findIndex((record, at) => at >= index && !isOfEnd(record))
  return records.slice(index, end < 0 ? records.length : end)
}

/** @param {TraceRecord} record */
const callbackOf = ({ name, text }) => `${name} ${text}`

/** @type {readonly Pardon[]} */
export const pardons = [
  {
    name: 'the async context of the events of an accepted socket',
    reason:
      'In node:net it is that of whatever ran last before the connection was accepted, where contexts are frames: from Node 24 on. Here, and on Node 20, they come in none.',
    hosts: [24, 26],
    amend(wanted, seen, index) {
      const [one, other] = [wanted[index], seen[index]]
      const isAccepted = !wanted.some(({ name }) => name === 'connectionAttempt' || name === 'lookup')
      if (isAccepted && one && other && one.kind !== 'callback' && one.name === other.name)
        wanted[index] = { ...one, context: other.context }
    },
  },
  {
    name: "the async context of 'drain' is that of one of the writes of its turn",
    reason:
      'Writable tells what several writes of a turn have come to in one tick; of which of them it is, depends on what has left.',
    amend(wanted, seen, index) {
      const [one, other] = [wanted[index], seen[index]]
      if (one?.name !== 'drain' || other?.name !== 'drain' || one.context === '-' || other.context === '-')
        return
      wanted[index] = { ...one, context: other.context }
    },
  },
  {
    name: "callbacks and 'close' behind a callback that has thrown",
    reason:
      'What a callback throws puts the ticks behind it off, and node:net has other ticks than ours: here the order of the calls is kept.',
    amend(wanted, seen, index, { hasThrown }) {
      if (!hasThrown) return
      const [due, come] = [endingFrom(wanted, index), endingFrom(seen, index)]
      if (due.map(callbackOf).sort().join() === come.map(callbackOf).sort().join())
        wanted.splice(index, due.length, ...come)
    },
  },
  {
    name: 'callbacks in the order of the calls',
    reason:
      'node:net tells end() of a write after it before it has called back for what was written before; end() and that write are told of it by Writable, in the order of its ticks.',
    amend(wanted, seen, index) {
      const one = wanted[index]
      if (one?.kind !== 'callback' || !one.text.startsWith('Error ')) return
      const [due, come] = [callbacksFrom(wanted, index), callbacksFrom(seen, index)]
      const isInOrder = come.every(({ name }, at) => at === 0 || Number(come[at - 1]?.name) < Number(name))
      if (isInOrder && due.map(callbackOf).sort().join() === come.map(callbackOf).sort().join()) {
        wanted.splice(index, due.length, ...come)
        return
      }
      const place = seen.findIndex(({ kind, name }) => kind === 'callback' && name === one.name)
      const next = wanted[index + 1]
      if (next?.text === one.text && next.name === seen[index]?.name && one.name === seen[index + 1]?.name) {
        wanted.splice(index, 2, next, one)
        return
      }
      // What the callback itself does follows it.
      let does = 0
      const isDoing = (
        /** @type {TraceRecord | undefined} */ record,
        /** @type {TraceRecord | undefined} */ other,
      ) =>
        record !== undefined &&
        record.kind !== 'callback' &&
        record.kind === other?.kind &&
        record.name === other.name
      while (isDoing(wanted[index + 1 + does], seen[place + 1 + does])) does++
      const between = wanted.slice(index + 1 + does, place + 1 + does)
      const isTurned = between.some(
        ({ kind, name }) => kind === 'callback' && Number(name) < Number(one.name),
      )
      if (!(isTurned || between.length > 0) || !between.every(isPassable)) return
      const moved = wanted.splice(index, 1 + does)
      wanted.splice(place, 0, ...moved)
    },
  },
  {
    name: 'a callback behind one that has thrown',
    reason:
      'Writable of Node calls back for an end() of a destroyed stream in the tick of a write before it: what that write has thrown loses it.',
    amend(wanted, seen, index, { hasThrown }) {
      const other = seen[index]
      if (!hasThrown || other?.kind !== 'callback' || !other.text.includes('ERR_STREAM_DESTROYED')) return
      const isSame = (/** @type {TraceRecord} */ { kind, name }) => kind === 'callback' && name === other.name
      if (!wanted.some(isSame)) wanted.splice(index, 0, other)
    },
  },
  {
    name: 'what was written before the connection leaves before its listeners run',
    reason: "A 'connect' listener that destroys the socket has node:net lose it.",
    amend(wanted, seen, index, { hasLost }) {
      const isFirst = hasLost && wanted[index - 1]?.name === 'made' && seen[index]?.kind === 'data'
      const one = wanted[index]
      if (isFirst && one?.kind === 'event') wanted.splice(index, 0, /** @type {TraceRecord} */ (seen[index]))
    },
  },
  {
    name: "'pause' of a pipe to a peer that has gone",
    reason:
      "In a listener of 'data' the system is not asked whether the peer has gone: the write answers true, and fails right after the listeners.",
    amend(wanted, seen, index) {
      const [one, other] = [wanted[index], seen[index]]
      const fails = /^Error (EPIPE|ECONNRESET) write /
      if (one?.name !== 'pause' || other?.name !== 'error' || !fails.test(other.text)) return
      const later = seen.findIndex(({ name }, at) => at > index && name === 'pause')
      const [paused] = wanted.splice(index, 1)
      if (later > index && paused !== undefined) wanted.splice(later, 0, paused)
    },
  },
  {
    name: 'bytes that left before the connection are counted',
    reason:
      "Where a 'connect' listener destroys the socket, node:net has lost them, or has counted those of its first write alone.",
    amend(wanted, seen, index) {
      const [one, other] = [wanted[index], seen[index]]
      if (!one?.isOfLost || !other?.isOfLost) return
      amendLook(wanted, seen, index, ['bytesWritten'], isMore)
    },
  },
  {
    name: 'bytes of a turn that a failed socket has sent',
    reason:
      'The writes of a turn fill the buffer of the system as one: of those of a socket that fails then, node:net has given fewer to the system.',
    amend(wanted, seen, index) {
      const hasFailed = wanted.slice(0, index).some(({ kind, name }) => kind === 'event' && name === 'error')
      if (hasFailed) amendLook(wanted, seen, index, ['bytesWritten'], isMore)
    },
  },
  {
    name: 'the end of a local socket with `onread` that was closed early',
    reason:
      'The inner socket has read what the buffer had not taken yet, and a local connection has no reset.',
    subjects: ['portable'],
    amend(wanted, seen, index, { hasLocalOnread }) {
      const [one, other] = [wanted[index], seen[index]]
      // A peer's; those of sockets have the name of the call.
      if (hasLocalOnread && one?.name === 'error' && one.text === 'ECONNRESET' && other?.name === 'end')
        wanted[index] = other
    },
  },
  {
    name: 'bytesWritten is a number',
    reason:
      'node:net adds the length of something that has none, where a connection that was being made has failed.',
    amend(wanted, seen, index) {
      amendLook(wanted, seen, index, ['bytesWritten'], expected => expected === 'NaN')
    },
  },
  {
    name: "the async context of 'finish' is that of the call that ends",
    reason:
      'In node:net it is that of the last write where that is still under way: with the writes of a turn, ours gives it to the system in the call that ends the stream.',
    amend(wanted, seen, index) {
      const [one, other] = [wanted[index], seen[index]]
      if (one?.name !== 'finish' || other?.name !== 'finish') return
      // Steps are numbered in the order in which they stand in the program.
      if (Number(one.context) < Number(other.context)) wanted[index] = { ...one, context: other.context }
    },
  },
  {
    name: 'the own address of a connection that is being made',
    reason: 'node:net keeps that there was none when it was first asked.',
    amend(wanted, seen, index) {
      const isAsk = (/** @type {TraceRecord} */ { kind, text }) => kind === 'look' || text === '{  }'
      const asked = wanted.slice(0, index).filter(one => isAsk(one) || one.name === 'connect')
      if (asked.length === 0 || asked.at(-1)?.name === 'connect') return
      amendLook(wanted, seen, index, ['localAddress', 'localPort', 'localFamily'], isNone)
      const [one, other] = [wanted[index], seen[index]]
      if (one?.kind === 'step' && one.text === '{  }' && other?.text.startsWith('{ address: '))
        wanted[index] = { ...one, text: other.text }
    },
  },
  {
    name: 'the ends of a connection, where no system is asked',
    reason: 'Its own end is known once it is connected; the other end stays known after the peer has gone.',
    subjects: ['portable', 'memory', 'simulated'],
    amend(wanted, seen, index) {
      amendLook(wanted, seen, index, ['remoteAddress', 'remotePort', 'remoteFamily'], isNone)
      // The other way round: what ours does not know yet.
      if (wanted.slice(0, index).some(({ name }) => name === 'connect')) return
      const [one, other] = [wanted[index], seen[index]]
      if (one?.kind !== 'look' || other?.kind !== 'look') return
      const copy = [{ ...other }]
      amendLook(copy, [one], 0, ['localAddress', 'localPort', 'localFamily'], isNone)
      if (copy[0]?.text === one.text) wanted[index] = other
    },
  },
  {
    name: 'a callback in the context of its own step',
    reason: 'node:net has lost it, as it does for what was corked and for callbacks that an error calls.',
    amend(wanted, seen, index) {
      const [one, other] = [wanted[index], seen[index]]
      if (one?.kind === 'callback' && one.name === other?.name && String(other.context) === other.name)
        wanted[index] = { ...one, context: other.context }
    },
  },
]

/** A count that might be a port is written as one. @param {string} expected @param {string} got */
const isMore = (expected, got) => got === 'PORT' || Number(expected) < Number(got)

/** @param {string} expected */
const isNone = expected => expected === 'undefined'

/**
 * Members of a look are what the subject says, where what both say may be so.
 * @param {TraceRecord[]} wanted @param {TraceRecord[]} seen @param {number} index
 * @param {readonly string[]} members @param {(expected: string, got: string) => boolean} may
 */
function amendLook(wanted, seen, index, members, may) {
  const [one, other] = [wanted[index], seen[index]]
  if (one?.kind !== 'look' || other?.kind !== 'look') return
  const said = new Map(other.text.split('; ').map(member => [member.split('=')[0], member]))
  const text = one.text.split('; ').map(member => {
    const [name = '', value = ''] = member.split('=')
    const got = said.get(name)
    if (got === undefined || !members.includes(name)) return member
    return may(value, got.slice(name.length + 1)) ? got : member
  })
  wanted[index] = { ...one, text: text.join('; ') }
}

/**
 * Puts into `wanted` what is right, where a pardon says so.
 * @param {TraceRecord[]} wanted @param {TraceRecord[]} seen @param {string} subject @param {Play} play
 */
export function forgive(wanted, seen, subject, play) {
  const inForce = pardons.filter(
    ({ hosts, subjects }) => (hosts?.includes(nodeMajor) ?? true) && (subjects?.includes(subject) ?? true),
  )
  for (let index = 0; index < seen.length; index++) {
    for (const { amend } of inForce) amend(wanted, seen, index, play)
  }
}
