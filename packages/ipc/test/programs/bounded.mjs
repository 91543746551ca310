// A server with small limits whose handlers answer, fail, hang and answer at length; whom it lets in it decides at once, late
// or never. Tells what is not garbage and what is open when it is asked, and whether anything has reached the process.
import { readdirSync, readlinkSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createChannel, listen } from '@x/ipc'

setFlagsFromString('--expose_gc')
const gc = runInNewContext('gc')
const [where, limitsText] = process.argv.slice(2)
const { maxConnections, ...limits } = JSON.parse(limitsText)
let uncaught = 0
for (const what of ['uncaughtException', 'unhandledRejection']) process.on(what, () => uncaught++)

let asked = 0
/** Those that were asked about and are neither let in nor gone. */
const asking = new Set()
/** Every eighth stays unanswered, every eighth is answered in a later turn. */
async function authorize(_credentials, peer) {
  const turn = asked++ % 8
  asking.add(peer)
  peer.signal.addEventListener('abort', () => asking.delete(peer))
  if (turn === 1) await new Promise(() => {})
  if (turn === 2) await new Promise(resolve => setImmediate(resolve))
  asking.delete(peer)
  return true
}

const channels = new Set()
const ends = {}
let served = 0
const handlers = {
  echo: value => value,
  fail: () => {
    throw new RangeError('as asked')
  },
  hang: (_value, { signal }) => new Promise(resolve => signal.addEventListener('abort', resolve)),
  long: () => Buffer.alloc(50_000),
}
const server = await listen(where, { authorize, authorizeTimeoutMs: 100, writableAll: true }, socket => {
  const channel = createChannel(socket, { ...limits, handles: served++ % 2 === 0 }).serve(handlers)
  channels.add(channel)
  // One reads nothing, one closes what comes, and one keeps it until the end.
  const kept = []
  if (served % 3 === 1) channel.on('message', ({ handles }) => handles.forEach(handle => void handle.close()))
  if (served % 3 === 2) channel.on('message', ({ handles }) => void kept.push(...handles))
  channel.on('close', () => {
    for (const handle of kept) handle.close()
    channels.delete(channel)
    ends[channel.ending] = (ends[channel.ending] ?? 0) + 1
  })
})
server.maxConnections = maxConnections
console.log('listening')

/** Of each sort: sockets (connections, and those that are being let in or closed) and what peers have sent. */
function openDescriptors() {
  const targets = readdirSync('/proc/self/fd').map(fd => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`)
    } catch {
      // What listed them is closed by now.
      return ''
    }
  })
  const sockets = targets.filter(target => target.startsWith('socket:')).length
  return { all: targets.length, sockets, sent: targets.filter(target => target === '/dev/null').length }
}

async function state() {
  for (let times = 0; times < 3; times++) {
    await new Promise(resolve => setImmediate(resolve))
    gc()
  }
  const { heapUsed, external } = process.memoryUsage()
  const open = openDescriptors()
  const held = Math.max(0, ...[...channels].map(channel => channel.held))
  const backlog = Math.max(0, ...[...channels].map(channel => channel.backlog))
  return { bytes: heapUsed + external, open, held, backlog, channels: channels.size, uncaught, ends }
}

/** Until all have left: the limits of time see to that. */
async function quiet() {
  while (channels.size > 0 || asking.size > 0) await new Promise(resolve => setImmediate(resolve))
  const connections = () => new Promise(resolve => server.getConnections((_error, count) => resolve(count)))
  while ((await connections()) > 0) await new Promise(resolve => setImmediate(resolve))
}

for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'quiet') await quiet()
  console.log(JSON.stringify(await state()))
}
