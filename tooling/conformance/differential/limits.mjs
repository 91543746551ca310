// The calls that random programs leave out where node:net's answer is undefined by its documentation, or is told as a
// difference in docs/compatibility.md; each with its reason. The known programs make them. It plays nothing.
import { nodeMajor } from './host.mjs'

// A program may replace it.
const { setImmediate } = globalThis

/**
 * What is known of a socket or server of the subject.
 * @typedef {object} Life
 * @property {boolean} isAccepted   by a server
 * @property {boolean} isBegun      it connects or is connected, and has not closed
 * @property {boolean} hasClosed    since it began to connect
 * @property {boolean} isClean      no write waited for a connection that was never made
 * @property {boolean} isSending    it is connected since this turn, and what was written before leaves
 * @property {boolean} isTelling    its 'connect' is being told
 * @property {boolean} isLost       a listener of 'connect' has destroyed it, with writes from before
 * @property {boolean} isClosing    a server is closed, and has connections
 * @property {boolean} isRacing     sockets of this program connect to hosts with several addresses
 * @property {boolean} isListening  a listen is under way
 *
 * @typedef {{ reason: string, allows: (life: Life, one: any) => boolean }} Limit
 */

/** By the verb. @type {Readonly<Record<'connect' | 'resetAndDestroy' | 'cork' | 'end' | 'destroySoon' | 'listen' | 'close', Limit>>} */
export const limits = {
  connect: {
    reason:
      'connect() is undefined by the documentation until the connection before has closed. What waited for a connection that was never made is sent on the next one by node:net, and not by ours; and of an accepted socket it counts the second connection as one of the server.',
    allows: ({ isAccepted, isBegun, isClean, hasClosed }, { destroyed, errored }) =>
      !isAccepted && !isBegun && isClean && (hasClosed || (!destroyed && !errored)),
  },
  resetAndDestroy: {
    reason:
      "While it connects, a 'connect' listener resets before what was written leaves: node:net loses it, ours has sent it. While the end of our side is under way, node:net gives an error and never 'close'.",
    allows: ({ isSending }, { connecting, writableEnded, writableFinished }) =>
      !connecting && !isSending && writableEnded === writableFinished,
  },
  cork: {
    reason:
      "A 'connect' listener that corks has node:net keep what was written before but for the first write; ours has sent it. A cork after end() keeps for ever what node:net has not given to the system; ours has given more, since the writes of a turn leave as one.",
    allows: ({ isSending }, { writableEnded, writableFinished }) =>
      !isSending && writableEnded === writableFinished,
  },
  end: {
    reason:
      'node:net never ends a connection that was made after an attempt had failed, where end() was called before. On Node 20 an end before connect() waits for the connection.',
    allows: mayEnd,
  },
  destroySoon: {
    reason: 'It is an end().',
    allows: mayEnd,
  },
  listen: {
    reason:
      "node:net takes a second listen() with a host, since it has no handle before it has resolved the first; and whether 'close' comes of a server that listens anew before its last connection has ended depends on the host, too.",
    allows: ({ isListening, isClosing }) => !isListening && !isClosing,
  },
  close: {
    reason:
      'node:net says of a server that resolves its host that it does not run, and has it listen nevertheless.',
    allows: ({ isListening }) => !isListening,
  },
}

/** @param {Life} life @param {any} socket */
function mayEnd({ isBegun, isRacing }, { connecting, destroyed }) {
  return !(connecting && isRacing) && (nodeMajor > 20 || isBegun || destroyed)
}

/** How far each socket and server of a program is. */
export class Lives {
  /** @type {WeakMap<object, Life>} */
  #lives = new WeakMap()
  isRacing = false

  /** Before anybody else listens. @param {any} one */
  watch(one) {
    /** @type {Life} */
    const life = {
      isAccepted: Boolean(one.server),
      isBegun: one.connecting === true || one.pending === false,
      isClean: one.connecting !== true,
      hasClosed: false,
      isSending: false,
      isTelling: false,
      isLost: false,
      isClosing: false,
      isRacing: false,
      isListening: false,
    }
    this.#lives.set(one, life)
    one.on('connect', () => {
      life.isClean = true
      life.isSending = one.writableLength > 0
      life.isTelling = true
      life.isLost = false
      setImmediate(() => {
        life.isLost = this.hasLost(one)
        life.isTelling = false
        life.isSending = false
      })
    })
    one.on('ready', () => {
      life.isLost = this.hasLost(one)
      life.isTelling = false
    })
    one.on('close', () => {
      life.isBegun = false
      life.hasClosed = true
      life.isClosing = false
      const isWaiting = one.writableEnded && !one.writableFinished
      const hasWritten = one.bytesWritten > 0 || one.writableEnded
      life.isClean = !isWaiting && (life.isClean || !hasWritten)
    })
    for (const event of ['listening', 'error']) {
      one.on(event, () => {
        life.isListening = false
      })
    }
  }

  /** Whether a listener of 'connect' has destroyed it before what had been written was sent, as node:net has it. @param {any} one */
  hasLost(one) {
    const life = this.#lives.get(one)
    return life !== undefined && (life.isLost || (life.isTelling && life.isSending && one.destroyed === true))
  }

  /**
   * Whether a listener of 'connect' may run, and what it throws may not be compared: node:net does not read from such a
   * socket, see docs/compatibility.md. @param {any} one
   */
  isTelling(one) {
    return this.#lives.get(one)?.isTelling === true
  }

  /** A call has thrown. @param {any} one */
  threw(one) {
    const life = this.#lives.get(one)
    if (life !== undefined) life.isListening = false
  }

  /** Whether a program makes this call now. @param {keyof typeof limits} verb @param {any} one */
  allows(verb, one) {
    const life = this.#lives.get(one)
    if (life !== undefined) life.isRacing = this.isRacing
    if (life === undefined || !limits[verb].allows(life, one)) return false
    if (verb === 'connect') Object.assign(life, { isBegun: true, isClean: false, hasClosed: false })
    if (verb === 'listen') life.isListening = true
    if (verb === 'close') life.isClosing = (one._connections ?? one.connections) > 0
    return true
  }
}
