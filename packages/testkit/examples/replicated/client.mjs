// A client of the replicated list: appends values one after the other, at whichever node answers. It knows nothing of
// simulations.
import { connect } from '@x/core'
import { onMessages } from './messages.mjs'

const PATIENCE_MS = 1000
const PAUSE_MS = 50

/** Appends numbers until it is told to stop; `acknowledged` has those that the cluster said it keeps. */
export class Client {
  acknowledged = []
  isStopped = false
  #socket = null
  #answer = () => {}

  constructor(nodes) {
    this.nodes = nodes
  }

  run() {
    this.finished = this.#appendAll()
    return this.finished
  }

  async #appendAll() {
    let target = this.nodes[0]
    for (let value = 1; !this.isStopped; value++) {
      const answer = await this.#append(target, value)
      if (answer?.ok) this.acknowledged.push(value)
      else target = answer?.leader ?? this.nodes[Math.floor(Math.random() * this.nodes.length)]
      await new Promise(resolve => setTimeout(resolve, PAUSE_MS))
    }
  }

  /** The answer, or null where none came in time. */
  async #append(target, value) {
    if (this.#socket?.target !== target) this.#dial(target)
    const socket = this.#socket
    const answered = new Promise(resolve => {
      this.#answer = resolve
    })
    const timer = setTimeout(() => this.#answer(null), PATIENCE_MS)
    socket.write(`${JSON.stringify({ type: 'append', value })}\n`)
    const answer = await answered
    clearTimeout(timer)
    // What was not answered in time may be answered later: on a connection that nobody hears any more.
    if (!answer) this.#hangUp()
    return answer
  }

  #dial(target) {
    this.#hangUp()
    const socket = Object.assign(connect({ host: target, port: 7000 }), { target })
    this.#socket = socket
    const tell = answer => {
      if (this.#socket === socket) this.#answer(answer)
    }
    socket.on('error', () => {})
    socket.on('close', () => tell(null))
    onMessages(socket, tell)
  }

  #hangUp() {
    const socket = this.#socket
    this.#socket = null
    socket?.destroy()
  }
}
