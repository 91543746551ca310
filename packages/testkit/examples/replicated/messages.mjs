// Messages as lines of JSON over sockets, and a connection to a peer that comes back. It knows no protocol.
import { connect } from '@x/core'

/** Longest wait for a connection or an answer. */
const PATIENCE_MS = 500

/** Calls back for each message that comes over a socket. */
export function onMessages(socket, hear) {
  let rest = ''
  socket.on('data', chunk => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop()
    for (const line of lines) hear(JSON.parse(line))
  })
}

/** A peer to which messages are sent over one connection, made again where it breaks or nothing comes back. */
export class Peer {
  #socket = null
  #port
  #hear
  #deadline = null

  constructor(name, port, hear) {
    this.name = name
    this.#port = port
    this.#hear = hear
  }

  /** Sends a message, or forgets it where there is no connection. */
  send(message) {
    this.#socket ??= this.#dial()
    if (this.#socket.connecting || !this.#socket.writable) return
    this.#socket.write(`${JSON.stringify(message)}\n`)
    this.#deadline ??= setTimeout(() => this.#drop(), PATIENCE_MS)
  }

  #dial() {
    const socket = connect({ host: this.name, port: this.#port })
    socket.setTimeout(0)
    this.#deadline = setTimeout(() => this.#drop(), PATIENCE_MS)
    const isCurrent = () => this.#socket === socket
    const quiet = () => {
      if (!isCurrent()) return
      clearTimeout(this.#deadline)
      this.#deadline = null
    }
    socket.on('connect', quiet)
    socket.on('error', () => {})
    socket.on('close', () => {
      if (isCurrent()) this.#drop()
    })
    onMessages(socket, message => {
      quiet()
      this.#hear(message)
    })
    return socket
  }

  #drop() {
    clearTimeout(this.#deadline)
    this.#deadline = null
    const socket = this.#socket
    this.#socket = null
    socket?.destroy()
  }
}
