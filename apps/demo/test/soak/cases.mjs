// The counted cases of the demo: what they do is here, how often is the caller's.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { HANG_MS } from '@x/presets/hang-limit'
import { busCases } from './bus-cases.mjs'
import { startDemo } from './demo.mjs'
import { startPublisher } from './publisher.mjs'

const SUBSCRIBERS = 100
const CHANNELS = 4

const file = name => fileURLToPath(new URL(name, import.meta.url))

async function startSubscribers(port) {
  const child = spawn(process.execPath, [file('subscribers.mjs'), port, SUBSCRIBERS, CHANNELS].map(String), {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  await lines.next()
  /** Resolves with what they counted, once the last message of each channel has come to all. */
  return async published => {
    child.stdin.end(JSON.stringify(published))
    return JSON.parse((await lines.next()).value)
  }
}

/** Clients that come, ask, subscribe to something else, and go, again and again. */
function startVisitors(port, counts) {
  let isOver = false
  const visit = async () => {
    while (!isOver) {
      const socket = connect(port, '127.0.0.1')
      socket.setEncoding('latin1')
      let text = ''
      socket.on('data', chunk => {
        text += chunk
      })
      socket.on('error', () => {})
      socket.write('SUBSCRIBE other\r\nUNSUBSCRIBE other\r\nPING\r\nQUIT\r\n')
      await once(socket, 'close')
      counts.visits++
      if (!text.endsWith('+PONG\r\n+OK\r\n')) counts.brokenVisits++
      await new Promise(resolve => setTimeout(resolve, 5))
    }
  }
  const visits = [visit(), visit()]
  return async () => {
    isOver = true
    await Promise.all(visits)
  }
}

async function reload(rounds, tell) {
  const demo = await startDemo(2)
  const counts = { reloads: 0, moved: 0, visits: 0, brokenVisits: 0 }
  const stopSubscribers = await startSubscribers(demo.port)
  const stopVisitors = startVisitors(demo.port, counts)
  const publishers = await Promise.all(
    Array.from({ length: CHANNELS }, (_, channel) => startPublisher(demo.port, `c${channel}`, SUBSCRIBERS)),
  )
  for (let round = 0; round < rounds; round++) {
    const line = await demo.order('reload')
    counts.reloads += line.startsWith('reloaded') ? 1 : 0
    counts.moved += Number(/([\d,]+) clients? moved/.exec(line)?.[1].replaceAll(',', '') ?? 0)
    tell(round + 1)
  }
  await Promise.all([stopVisitors(), ...publishers.map(publisher => publisher.stop())])
  const published = publishers.map(publisher => publisher.published)
  const heard = await stopSubscribers(published)
  await demo.stop()
  return {
    ...counts,
    published: published.reduce((sum, count) => sum + count, 0),
    ...heard,
    broken: heard.broken + publishers.filter(publisher => publisher.isBroken).length,
    wrongReplies: publishers.reduce((sum, publisher) => sum + publisher.wrongReplies, 0),
  }
}

/** A subscriber of `c0` that comes again when its connection breaks. */
function startListener(port, counts) {
  const listener = { isSubscribed: false, stop }
  let isOver = false
  let socket
  const open = () => {
    socket = connect(port, '127.0.0.1')
    socket.setEncoding('latin1')
    socket.on('connect', () => socket.write('SUBSCRIBE c0\r\n'))
    socket.on('data', () => {
      listener.isSubscribed = true
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      if (isOver) return
      if (listener.isSubscribed) counts.broken++
      listener.isSubscribed = false
      setTimeout(open, 20)
    })
  }
  open()
  return listener

  function stop() {
    isOver = true
    socket.destroy()
  }
}

/** Asks once, and resolves with the answer; null where none comes, or the connection breaks. */
async function ask(port, request) {
  const socket = connect(port, '127.0.0.1')
  socket.setEncoding('latin1')
  socket.on('error', () => {})
  socket.write(request)
  const answer = await Promise.race([
    once(socket, 'data').then(([text]) => text),
    once(socket, 'close').then(() => null),
    new Promise(resolve => setTimeout(resolve, HANG_MS / 10, null)),
  ])
  socket.destroy()
  return answer
}

/** Whether every subscriber is there again, and a message counts and reaches each of them once. */
async function isWhole(port, listeners) {
  const wanted = `:${listeners.length}\r\n`
  for (const over = Date.now() + HANG_MS / 2; Date.now() < over; ) {
    if (listeners.every(({ isSubscribed }) => isSubscribed)) {
      const counted = await ask(port, 'PUBSUB NUMSUB c0\r\n')
      const published = await ask(port, 'PUBLISH c0 x\r\n')
      if (counted?.endsWith(wanted) && published === wanted) return true
    }
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  return false
}

async function kill(rounds, tell) {
  const demo = await startDemo(3)
  const counts = { kills: 0, reloads: 0, broken: 0, standing: 0, notWhole: 0 }
  const listeners = Array.from({ length: 60 }, () => startListener(demo.port, counts))
  if (!(await isWhole(demo.port, listeners))) counts.notWhole++
  for (let round = 0; round < rounds; round++) {
    const { workers } = JSON.parse(await demo.order('status', '--json'))
    const reloading = demo.order('reload')
    await new Promise(resolve => setTimeout(resolve, Math.random() * 2000))
    const brokenBefore = counts.broken
    try {
      process.kill(workers[round % workers.length].pid, 'SIGKILL')
      counts.kills++
    } catch {
      // It had left already.
    }
    if ((await reloading).startsWith('reloaded')) counts.reloads++
    if (!(await isWhole(demo.port, listeners))) counts.notWhole++
    counts.standing += listeners.length - (counts.broken - brokenBefore)
    tell(round + 1)
  }
  for (const listener of listeners) listener.stop()
  await demo.stop()
  return counts
}

function whatIsWrong(counts, rounds) {
  const wrong = ['missed', 'doubled', 'broken', 'brokenVisits', 'wrongReplies']
    .filter(what => counts[what] !== 0)
    .map(what => `${counts[what]} ${what}`)
  if (counts.reloads !== rounds) wrong.push(`${rounds - counts.reloads} reloads failed`)
  if (counts.received !== counts.published * SUBSCRIBERS)
    wrong.push('not every message came to every subscriber')
  return wrong
}

export const cases = [
  {
    name: 'reload',
    title: `reloads while ${CHANNELS} publish to ${SUBSCRIBERS} subscribers, and others come and go`,
    rounds: 100,
    run: reload,
    check: whatIsWrong,
  },
  {
    name: 'kill',
    title:
      'workers are killed at random moments of reloads; then 60 subscribers are there, and counted, once',
    rounds: 50,
    run: kill,
    check: counts => (counts.notWhole === 0 ? [] : [`${counts.notWhole} times not whole again`]),
  },
  ...busCases,
]
