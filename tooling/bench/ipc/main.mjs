// `pnpm bench ipc`: messages between a process and its child by channels, process.send and JSON lines, in turns, as ratios
// to process.send: throughput, CPU of both processes for each message, and time of a round trip.
import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { selectTransport } from '@x/core/transport'
import { CARRIERS } from './carriers.mjs'

const CHILD = fileURLToPath(new URL('child.mjs', import.meta.url))
const WARM_UP_SHARE = 0.5

/** @type {Record<string, unknown>} */
const MESSAGES = {
  'object of 1 KB, mostly a text': { id: 1, kind: 'update', tags: ['a', 'b'], body: 'x'.repeat(940) },
  'object of 1 KB, 60 fields': {
    id: 1,
    kind: 'update',
    items: Array.from({ length: 14 }, (_, at) => ({
      sku: `item-${at}`,
      count: at,
      price: at * 1.25,
      name: 'so-and-so',
    })),
  },
  'text of 1 KB': 'x'.repeat(1024),
}
const BYTES = { 'bytes, 1 KB': Buffer.alloc(1024, 'x') }

/** @param {string[]} words */
export async function benchIpc(words) {
  const { values } = parseArgs({
    args: words,
    options: {
      runs: { type: 'string', default: '5' },
      messages: { type: 'string', default: '60000' },
      trips: { type: 'string', default: '2000' },
    },
  })
  const runs = Number(values.runs)
  const messages = Number(values.messages)
  const trips = Number(values.trips)
  const folder = mkdtempSync(join(tmpdir(), 'x-bench-ipc-'))
  const { transport } = selectTransport()
  console.log(`Node ${process.version}, ${availableParallelism()} x ${cpus()[0]?.model ?? 'unknown'}`)
  console.log(`@x/core on ${transport.name}; ${runs} runs in turns, medians; ratios to process.send\n`)
  try {
    for (const [title, message] of Object.entries({ ...MESSAGES, ...BYTES })) {
      // JSON makes four times as much of bytes, and arrives as an array of numbers: what it is compared to says so.
      const names = Object.keys(CARRIERS).filter(
        name => transport.descriptors !== null || name !== 'channel-handles',
      )
      const rows = await compare(names, folder, {
        message,
        runs,
        messages,
        trips,
      })
      print(title, rows)
      if (!Buffer.isBuffer(message)) printFloor(message)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** @param {string[]} names @param {string} folder @param {{ message: unknown, runs: number, messages: number, trips: number }} work */
async function compare(names, folder, { message, runs, messages, trips }) {
  const pairs = new Map()
  try {
    for (const name of names) pairs.set(name, await open(name, join(folder, `${name}-${pairs.size}`)))
    const samples = new Map(
      names.map(name => [name, /** @type {{ perSecond: number, cpuUs: number, tripUs: number }[]} */ ([])]),
    )
    for (let run = -1; run < runs; run++) {
      const share = run < 0 ? WARM_UP_SHARE : 1
      for (const name of [
        ...names.slice(Math.max(run, 0) % names.length),
        ...names.slice(0, Math.max(run, 0) % names.length),
      ]) {
        const pair = pairs.get(name)
        const flow = await flood(pair, message, Math.ceil(messages * share))
        const tripUs = await pingPong(pair, message, Math.ceil(trips * share))
        if (run >= 0) samples.get(name)?.push({ ...flow, tripUs })
      }
      process.stderr.write('.')
    }
    process.stderr.write('\r')
    return names.map(name => ({ name, ...medians(samples.get(name) ?? []) }))
  } finally {
    for (const { carrier, child } of pairs.values()) {
      carrier.close()
      child.kill()
    }
  }
}

/** @param {string} name @param {string} path */
async function open(name, path) {
  const carrierOf = /** @type {(typeof CARRIERS)[string]} */ (CARRIERS[name])
  const child = fork(CHILD, [name, path], carrierOf.fork ?? {})
  const carrier = await carrierOf.here(path, child)
  /** @type {(message: any) => void} */
  let listener = () => {}
  carrier.hear(message => listener(message))
  return { carrier, child, next: () => new Promise(resolve => (listener = resolve)) }
}

/** @param {any} pair @param {unknown} message @param {number} count */
async function flood(pair, message, count) {
  const { carrier, next } = pair
  let answer = next()
  await carrier.send({ count, isEcho: false })
  const there = (await answer).usage
  const here = process.cpuUsage()
  const startedMs = performance.now()
  answer = next()
  for (let at = 0; at < count; at++) {
    const room = carrier.send(message)
    if (room !== undefined) await room
  }
  const after = (await answer).usage
  const seconds = (performance.now() - startedMs) / 1000
  const own = process.cpuUsage(here)
  const cpuUs = (own.user + own.system + after.user + after.system - there.user - there.system) / count
  return { perSecond: count / seconds, cpuUs }
}

/** @param {any} pair @param {unknown} message @param {number} count */
async function pingPong({ carrier, next }, message, count) {
  let answer = next()
  await carrier.send({ count, isEcho: true })
  await answer
  const startedMs = performance.now()
  for (let at = 0; at < count; at++) {
    answer = next()
    carrier.send(message)
    await answer
  }
  return ((performance.now() - startedMs) * 1000) / count
}

/** What encoding and decoding cost by themselves, whatever carries it. @param {unknown} message */
function printFloor(message) {
  const text = JSON.stringify(message)
  let least = Number.POSITIVE_INFINITY
  for (let run = 0; run < 50; run++) {
    const startedMs = performance.now()
    for (let at = 0; at < 1000; at++) JSON.parse(JSON.stringify(message))
    least = Math.min(least, performance.now() - startedMs)
  }
  console.log(`  ${text.length} bytes as JSON; JSON.stringify and JSON.parse alone: ${least.toFixed(1)} us\n`)
}

/** @template {Record<string, number>} T @param {T[]} samples @returns {T} */
function medians(samples) {
  const keys = Object.keys(samples[0] ?? {})
  return /** @type {T} */ (
    Object.fromEntries(
      keys.map(key => [
        key,
        samples.map(sample => sample[key] ?? 0).sort((a, b) => a - b)[samples.length >> 1],
      ]),
    )
  )
}

/** @param {string} title @param {any[]} rows */
function print(title, rows) {
  const [base] = rows
  console.log(
    `${title.padEnd(32)}${'messages/s'.padStart(12)}${'ratio'.padStart(8)}${'CPU us'.padStart(9)}${'ratio'.padStart(8)}${'trip us'.padStart(9)}${'ratio'.padStart(8)}`,
  )
  for (const { name, perSecond, cpuUs, tripUs } of rows) {
    const cells = [
      Math.round(perSecond).toString().padStart(12),
      (perSecond / base.perSecond).toFixed(2).padStart(8),
      cpuUs.toFixed(1).padStart(9),
      (cpuUs / base.cpuUs).toFixed(2).padStart(8),
      tripUs.toFixed(0).padStart(9),
      (tripUs / base.tripUs).toFixed(2).padStart(8),
    ]
    console.log(`  ${/** @type {any} */ (CARRIERS[name]).title.padEnd(30)}${cells.join('')}`)
  }
  console.log()
}
