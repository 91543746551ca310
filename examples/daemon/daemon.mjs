// The daemon: it keeps a list in memory and serves it on a local socket of this user. If two start at once, one serves.
import { createChannel, listen } from '@x/ipc'

/** @typedef {{ number: number, text: string }} Entry */

const name = process.argv[2] ?? 'todo'
/** @type {Map<number, Entry>} */
const entries = new Map()
/** @type {Set<import('@x/ipc').Channel>} */
const watchers = new Set()
let lastNumber = 0

/** What a client may ask; its types are those of the functions. */
export const handlers = {
  /** @param {string} text */
  add(text) {
    if (typeof text !== 'string' || text === '') throw new TypeError('an entry needs a text')
    const entry = { number: ++lastNumber, text }
    entries.set(entry.number, entry)
    tell(`added ${entry.number}: ${text}`)
    return entry
  },
  list: () => [...entries.values()],
  /** @param {number} number */
  done(number) {
    if (!entries.delete(number)) throw new RangeError(`there is no entry ${number}`)
    tell(`done ${number}`)
  },
  stop() {
    // After the reply: the client says goodbye, and so does the daemon.
    setImmediate(() => server.close())
    for (const watcher of watchers) watcher.close()
  },
}

/** @param {string} text */
function tell(text) {
  for (const watcher of watchers) watcher.send(text).catch(() => {}) // whoever has gone need not be told
}

const server = await listen(name, {}, socket => {
  const channel = createChannel(socket)
  channel.serve(handlers)
  channel.on('message', ({ value }) => {
    if (value === 'watch') watchers.add(channel)
  })
  channel.on('close', () => watchers.delete(channel))
}).catch(error => {
  if (error.code === 'EADDRINUSE') process.exit(0) // the other one was faster, and serves
  throw error
})
