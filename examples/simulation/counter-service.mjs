// The service under test: counters that clients add to. A client that retries, because it got no answer, is not counted
// twice: each request has a number.
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { connect, createServer } from '@x/core'

/** @typedef {import('@x/core').Socket} Socket */

/**
 * Serves counters; what `storage` holds outlives a crash of the server.
 * @param {Map<string, { total: number, last: Map<string, number> }>} storage
 * @param {import('@x/core').ServerOpts} [options]
 */
export function createCounterServer(storage, options = {}) {
  return createServer(options, socket => {
    socket.on('error', () => {}) // the client asks again on a new connection
    lines(socket).on('line', line => {
      const { client, question, counter, by } = JSON.parse(line)
      const entry = storage.get(counter) ?? { total: 0, last: new Map() }
      storage.set(counter, entry)
      if ((entry.last.get(client) ?? 0) < question) {
        entry.total += by
        entry.last.set(client, question)
      }
      socket.write(`${JSON.stringify({ question, total: entry.total })}\n`)
    })
  })
}

/** A client that asks until it is answered. */
export class CounterClient {
  #place
  #name
  #question = 0
  #patienceMs

  /** @param {string} name @param {import('@x/core').TcpSocketConnectOpts} place @param {number} [patienceMs] */
  constructor(name, place, patienceMs = 500) {
    this.#name = name
    this.#place = place
    this.#patienceMs = patienceMs
  }

  /** Adds to a counter; answers its total. @param {string} counter @param {number} by @returns {Promise<number>} */
  async add(counter, by) {
    const question = ++this.#question
    for (;;) {
      try {
        return await this.#ask({ client: this.#name, question, counter, by })
      } catch {
        await new Promise(resolve => setTimeout(resolve, this.#patienceMs))
      }
    }
  }

  /** @param {{ client: string, question: number, counter: string, by: number }} question */
  async #ask(question) {
    const socket = connect(this.#place)
    const signal = AbortSignal.timeout(this.#patienceMs)
    try {
      await once(socket, 'connect', { signal })
      socket.write(`${JSON.stringify(question)}\n`)
      const [line] = await Promise.race([once(lines(socket), 'line', { signal }), failure(socket, signal)])
      return JSON.parse(line).total
    } finally {
      socket.destroy()
    }
  }
}

/** @param {Socket} socket */
function lines(socket) {
  return createInterface({ input: socket }).on('error', () => {}) // it repeats the socket's
}

/** @param {Socket} socket @param {AbortSignal} signal @returns {Promise<never>} */
async function failure(socket, signal) {
  await once(socket, 'close', { signal }) // rejects on 'error'
  throw new Error('closed without an answer')
}
