// The counted cases of this package: servers that race, servers and receivers that are killed at random moments. Each
// counts; whether the counts are right its `check` says.
import { once } from 'node:events'
import {
  closeSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { createServer } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { selectTransport } from '@x/core/transport'
import { connect, Descriptor, getHandleChannel, listen } from '@x/ipc'
import { pause, start } from './child.mjs'
import { executions } from './executions.mjs'
import { generatedPeers } from './generated.mjs'
import { changedBytes, strayDescriptors } from './hostile.mjs'
import { pairs } from './pairs.mjs'
import { hasPython, strangers } from './strangers.mjs'

const { transport } = selectTransport()

/** @param {(folder: string) => Promise<Record<string, number>>} run */
async function inFolder(run) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'x-ipc-soak-'))
  try {
    return await run(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A socket file of a server that is gone, as a killed process leaves it. */
async function leaveStale(file) {
  const server = createServer().listen(`${file}.was`)
  await once(server, 'listening')
  renameSync(`${file}.was`, file)
  server.close()
  await once(server, 'close')
}

async function greeting(file) {
  let text = ''
  for await (const chunk of await connect(file)) text += chunk
  return text
}

async function race(rounds, tell) {
  return await inFolder(async folder => {
    const file = path.join(folder, 's')
    const racers = [1, 2, 3].map(() => start('racer.mjs', file))
    await Promise.all(racers.map(racer => racer.line()))
    const counts = {
      'rounds with one winner': 0,
      'rounds with none': 0,
      'rounds with more': 0,
      'answers of another than the winner': 0,
      'files left over': 0,
      'stale sockets taken over': 0,
    }
    for (let round = 0; round < rounds; round++) {
      // A free path, a stale socket, and a stale socket with the lock file of a killed process beside it.
      if (round % 3 > 0) await leaveStale(file)
      if (round % 3 > 1) writeFileSync(`${file}.lock`, '', { mode: 0o600 })
      for (const racer of racers) racer.tell('go')
      const answers = await Promise.all(racers.map(racer => racer.line()))
      const winners = racers.filter((_racer, at) => answers[at] === 'won')
      if (winners.length === 1) counts['rounds with one winner']++
      else counts[winners.length === 0 ? 'rounds with none' : 'rounds with more']++
      if (winners.length > 0 && round % 3 > 0) counts['stale sockets taken over']++
      if (winners.length > 0 && (await greeting(file)) !== String(winners[0].pid)) {
        counts['answers of another than the winner']++
      }
      for (const racer of racers) racer.tell('stop')
      await Promise.all(racers.map(racer => racer.line()))
      counts['files left over'] += readdirSync(folder).length
      tell(round + 1)
    }
    await Promise.all(racers.map(racer => racer.kill()))
    return counts
  })
}

async function killServers(rounds, tell) {
  return await inFolder(async folder => {
    const file = path.join(folder, 's')
    const precious = path.join(folder, 'precious')
    const neighbour = path.join(folder, 'neighbour')
    writeFileSync(precious, 'precious')
    const beside = await listen(neighbour, {}, socket => socket.on('error', () => {}).end('still here'))
    const { ino } = lstatSync(neighbour)
    const counts = {
      'killed servers': 0,
      'that left a socket': 0,
      'that left a lock file': 0,
      'that left nothing': 0,
      'next starts that failed': 0,
      'files left over after them': 0,
      'foreign files removed or changed': 0,
    }
    for (let round = 0; round < rounds; round++) {
      const server = start('restarter.mjs', file)
      await server.line()
      await pause(Math.random() * 12)
      await server.kill()
      counts['killed servers']++
      const left = readdirSync(folder)
      if (left.includes('s')) counts['that left a socket']++
      if (left.includes('s.lock')) counts['that left a lock file']++
      if (left.length === 2) counts['that left nothing']++
      try {
        const next = await listen(file, { lockTimeoutMs: 1000 })
        next.close()
        await once(next, 'close')
      } catch {
        counts['next starts that failed']++
      }
      counts['files left over after them'] += readdirSync(folder).length - 2
      const isUnharmed = readFileSync(precious, 'utf8') === 'precious' && lstatSync(neighbour).ino === ino
      if (!isUnharmed || (await greeting(neighbour)) !== 'still here')
        counts['foreign files removed or changed']++
      tell(round + 1)
    }
    beside.close()
    await once(beside, 'close')
    return counts
  })
}

/** What was written to the other end of a pair, once all its copies are closed. */
function proofIn(near) {
  const bytes = Buffer.alloc(8)
  let proof = ''
  for (;;) {
    try {
      const size = readSync(near, bytes, 0, 8, null)
      if (size === 0) return proof
      proof += bytes.toString('latin1', 0, size)
    } catch (error) {
      // A receiver that died with a byte unread (ECONNRESET), or a copy that is still open somewhere (EAGAIN).
      return proof + (error.code === 'EAGAIN' ? 'leak' : '')
    }
  }
}

async function killReceivers(rounds, tell) {
  return await inFolder(async folder => {
    const file = path.join(folder, 's')
    const server = await listen(file)
    // libuv opens a descriptor of its own with a loop's first stream.
    await new Promise(resolve => transport.stream('pipe').close(resolve))
    const before = readdirSync('/proc/self/fd').length
    const counts = {
      'killed receivers': 0,
      'descriptors sent': 0,
      acknowledged: 0,
      'returned to the sender': 0,
      'returned though taken (died before it said so)': 0,
      'lost: neither taken nor returned': 0,
      'acknowledged and not taken': 0,
      'left open here': 0,
    }
    for (let round = 0; round < rounds; round++) {
      const receiver = start('swallower.mjs', file)
      const [socket] = await once(server, 'connection')
      const to = getHandleChannel(socket)
      const closed = once(to, 'close')
      const killing = pause(Math.random() * 40).then(() => receiver.kill())
      const sent = []
      while (to.isOpen && sent.length < 2000) {
        const pairs = Array.from({ length: 1 + Math.floor(Math.random() * 8) }, () =>
          transport.descriptors.socketPair(),
        )
        const handles = pairs.map(([, far]) => Descriptor.ofNumber(transport, far))
        const outcome = to.send('take', { handles }).then(
          () => 'acknowledged',
          () => 'returned',
        )
        sent.push(...pairs.map(([near], at) => ({ near, handle: handles[at], outcome })))
        if (to.unacknowledged > 200) await outcome
        else if (Math.random() < 0.3) await pause(0)
      }
      await killing
      await closed
      counts['killed receivers']++
      await count(sent, counts)
      tell(round + 1)
    }
    server.close()
    await once(server, 'close')
    counts['left open here'] = Math.max(0, readdirSync('/proc/self/fd').length - before + 1)
    return counts
  })
}

async function count(sent, counts) {
  for (const { near, handle, outcome } of sent) {
    const isReturned = (await outcome) === 'returned'
    counts['descriptors sent']++
    counts[isReturned ? 'returned to the sender' : 'acknowledged']++
    if (isReturned) {
      writeSync(handle.fd, 'r')
      handle.close()
    }
    const proof = proofIn(near)
    closeSync(near)
    if (isReturned && proof.includes('t')) counts['returned though taken (died before it said so)']++
    if (isReturned && !proof.includes('r')) counts['lost: neither taken nor returned']++
    if (!isReturned && !proof.includes('t')) counts['acknowledged and not taken']++
    if (proof.includes('leak')) counts['left open here']++
  }
}

/**
 * A case of a thousand rounds: `all` of its counts is to be the number of rounds, and `none` of these anything but zero.
 * @returns {import('../../../../tooling/soak/soak.mjs').SoakCase}
 */
function soakCase(name, title, run, { all, none }) {
  const check = (counts, rounds) => {
    const wrong = none.filter(what => counts[what] !== 0).map(what => `${counts[what]} ${what}, should be 0`)
    if (counts[all] !== rounds) wrong.push(`${counts[all]} ${all}, should be ${rounds}`)
    return wrong
  }
  return { name, title, rounds: 1000, run, check }
}

const all = [
  soakCase('race', 'of three servers that start at once exactly one wins', race, {
    all: 'rounds with one winner',
    none: ['rounds with none', 'rounds with more', 'answers of another than the winner', 'files left over'],
  }),
  soakCase(
    'kill-servers',
    'a server killed at a random moment leaves nothing that the next start does not clear',
    killServers,
    {
      all: 'killed servers',
      none: ['next starts that failed', 'files left over after them', 'foreign files removed or changed'],
    },
  ),
  soakCase('kill-receivers', 'a receiver killed at a random moment loses no descriptor', killReceivers, {
    all: 'killed receivers',
    none: ['lost: neither taken nor returned', 'acknowledged and not taken', 'left open here'],
  }),
  soakCase(
    'changed-bytes',
    'twenty peers whose bytes are not those of a channel end their own',
    changedBytes,
    {
      all: 'rounds of twenty hostile peers',
      none: ['ended otherwise', 'exceptions in the process', 'prototypes changed'],
    },
  ),
  soakCase(
    'stray-descriptors',
    'twenty peers that send other descriptors than they announce leave none open',
    strayDescriptors,
    {
      all: 'rounds of twenty hostile peers',
      none: ['ended otherwise', 'exceptions in the process', 'descriptors left open'],
    },
  ),
  soakCase(
    'generated-exchanges',
    'ten thousand exchanges by the grammar of the protocol stay within what is declared',
    generatedPeers,
    {
      all: 'rounds of generated exchanges',
      none: [
        'peers for whom more was held than the limit',
        'channels that did not end once',
        'exceptions in the process',
        'prototypes changed',
      ],
    },
  ),
  soakCase(
    'pairs',
    'two channels whose programs close and destroy at any time tell the truth of all that was under way',
    pairs,
    {
      all: 'programs of two channels',
      none: [
        'told to be never sent, and executed',
        'told something else',
        'programs that did not end',
        'channels that did not end once',
        'channels that ended as if the other had broken the protocol',
        'handles whose fate nobody told',
        'exceptions in the process',
        'descriptors left open',
      ],
    },
  ),
  soakCase(
    'executions',
    'a client of a server that dies within any byte is told the truth of each request',
    executions,
    {
      all: 'rounds of a client',
      none: [
        'told to be executed, and not',
        'told to be never sent, and executed',
        'executed more than once, though not repeatable',
        'told something else',
        'exceptions in the process',
      ],
    },
  ),
  soakCase(
    'strangers',
    'a peer in another language with many connections makes a server hold no more than is declared',
    strangers,
    {
      all: 'rounds of sixteen connections',
      none: [
        'rounds in which it grew by more than is declared',
        'rounds in which a channel held more than its limit',
        'rounds with more of them than declared',
        'rounds with more connections than declared',
        'bytes left after them, beyond what the heap differs by',
        'descriptors left open after them',
        'requests of an honest client that were not answered',
        'exceptions in the process',
      ],
    },
  ),
]

const needsHandoff = new Set(['kill-receivers', 'stray-descriptors', 'strangers'])
const isAble = name =>
  (!needsHandoff.has(name) || transport.descriptors !== null) && (name !== 'strangers' || hasPython)
export const cases = all.filter(({ name }) => isAble(name))
