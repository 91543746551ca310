// `pnpm bench crossing`: what one crossing between JavaScript and the system's side costs, ours beside Node's own: a call in,
// and an event out, with ticks and microtasks after it. There is no system call in them.
import { createServer } from 'node:net'
import { selectTransport } from '@x/core/transport'
import { median } from '../statistics.mjs'

const HELP = `What one crossing between JavaScript and C costs, in nanoseconds: medians, and the least of all runs.

Usage: pnpm bench crossing [--runs N] [--count N]
`

const CALLS_OF_EVENT = 50

/** @param {string[]} words */
export async function benchCrossing(words) {
  const options = parse(words)
  if (options === null) {
    process.stdout.write(HELP)
    return
  }
  const { transport } = selectTransport()
  if (transport.name !== 'native') throw new Error('no native transport here')
  const host = await hostHandles()
  const own = () => transport.stream('tcp')
  /** @type {[string, () => number | Promise<number>][]} */
  const rows = [
    ['call in, own', () => callsIn(transport.stream('tcp'), options.count)],
    ['call in, of Node', () => callsIn(host.make(), options.count)],
    ['event out, own', () => eventsOut(own, options.count / CALLS_OF_EVENT)],
    ['event out, of Node', () => eventsOut(host.make, options.count / CALLS_OF_EVENT)],
  ]
  const taken = rows.map(([name]) => ({ name, samples: /** @type {number[]} */ ([]) }))
  // The first run is the compiler's.
  for (let run = 0; run <= options.runs; run++) {
    for (const [index, [, measure]] of rows.entries()) {
      const ns = await measure()
      if (run > 0) taken[index]?.samples.push(ns)
    }
  }
  host.close()
  for (const { name, samples } of taken) {
    console.log(
      `${name.padEnd(20)} ${median(samples).toFixed(0).padStart(6)} ns  ${Math.min(...samples)
        .toFixed(0)
        .padStart(6)} ns`,
    )
  }
}

/** @param {string[]} words @returns {{ runs: number, count: number } | null} */
function parse(words) {
  const options = { runs: 15, count: 1_000_000 }
  for (let i = 0; i < words.length; i += 2) {
    const [name, value] = [words[i], Number(words[i + 1])]
    if (name === '--help' || name === '-h') return null
    if ((name !== '--runs' && name !== '--count') || !Number.isInteger(value) || value < 1) {
      throw new RangeError(`wrong: ${words.slice(i, i + 2).join(' ')} (pnpm bench crossing --help)`)
    }
    options[name === '--runs' ? 'runs' : 'count'] = value
  }
  return options
}

/** @typedef {{ readonly fd: number, close(done: () => void): void }} Handle */

/** Node's own handles, of the class that its servers have one of. */
async function hostHandles() {
  const server = createServer()
  await new Promise(resolve => server.listen(0, '127.0.0.1', () => resolve(undefined)))
  const { _handle: handle } = /** @type {{ _handle?: object }} */ (/** @type {unknown} */ (server))
  if (handle === undefined) throw new Error('this Node shows no handle of a server')
  const Tcp = /** @type {new (kind: number) => Handle} */ (handle.constructor)
  return { make: () => new Tcp(0), close: () => server.close() }
}

/** Nanoseconds of a question that C answers with a number. @param {Handle} handle @param {number} count */
async function callsIn(handle, count) {
  let sum = 0
  const from = process.hrtime.bigint()
  for (let i = 0; i < count; i++) sum += handle.fd
  const ns = Number(process.hrtime.bigint() - from) / count
  if (sum > 0) throw new Error('a handle that was never opened has a descriptor')
  await new Promise(resolve => handle.close(() => resolve(undefined)))
  return ns
}

/**
 * Nanoseconds from the end of the turn that closes so many handles to the event of the last, for each.
 * @param {() => Handle} make @param {number} count
 */
async function eventsOut(make, count) {
  const handles = Array.from({ length: count }, make)
  let left = count
  return await new Promise(resolve => {
    let from = 0n
    const closed = () => {
      if (--left === 0) resolve(Number(process.hrtime.bigint() - from) / count)
    }
    for (const handle of handles) handle.close(closed)
    from = process.hrtime.bigint()
  })
}
