// One worker of the chat: it knows its own clients, and passes their messages on.
import cluster from '@x/cluster'
import { createServer } from '@x/core'
import { splitLines } from './line-splitter.mjs'

/** @typedef {import('@x/core').Socket} Socket */

/** The most that may wait for a client who does not read, in bytes. */
const MOST_WAITING = 64 * 1024
/** The longest line that a client may send, in characters. */
const LONGEST_LINE = 1024

/** @type {Set<Socket>} */
const clients = new Set()

const server = createServer(socket => {
  clients.add(socket)
  socket.on('error', () => {}) // a client that is reset has left
  socket.on('close', () => clients.delete(socket))
  socket.setEncoding('utf8')
  socket.write(`welcome to worker ${cluster.worker?.id}; what is your name?\n`)
  listenTo(socket)
})
server.listen(Number(process.argv[2]), '127.0.0.1')

/** @param {Socket} socket */
function listenTo(socket) {
  /** @type {string | undefined} */
  let name
  splitLines(socket, LONGEST_LINE, line => {
    if (line === null) return void socket.destroy()
    if (name !== undefined) return say(`${name}: ${line}`)
    name = line.trim() || 'somebody'
    socket.write(`hello ${name}\n`)
    socket.on('close', () => say(`${name} has left`))
    say(`${name} is here`)
  })
}

/** @param {string} text */
function say(text) {
  if (cluster.worker?.isConnected()) cluster.worker.send({ text })
}

process.on('message', (/** @type {{ text?: string }} */ { text }) => {
  if (text === undefined) return
  for (const client of clients) {
    if (client.writableLength > MOST_WAITING) client.destroy()
    else client.write(`${text}\n`)
  }
})

// The clients of a worker that is replaced stay until they leave, at most for drainTimeoutMs of chat.mjs.
cluster.worker?.onDrain(async () => {
  for (const client of clients) client.write('* this worker leaves soon: connect again when it suits you\n')
})
