// The server's side of a bench: which net module it runs on, and the answers to the bench's questions on standard
// input. It knows no work. Node, Bun and Deno run it.
import { readFileSync } from 'node:fs'
import process from 'node:process'

/** The module under test, named by the arm. */
export const net = await import(process.env.X_BENCH_NET ?? 'node:net')

/** @param {import('node:net').Server} server listens, and tells the bench where */
export function serve(server) {
  server.listen({ port: 0, host: '127.0.0.1' }, () => {
    const address = server.address()
    tell({ port: typeof address === 'object' && address !== null ? address.port : 0 })
  })
  answerQuestions()
}

/** Answers the bench until it closes our input. */
export function answerQuestions() {
  process.stdin.setEncoding('utf8').on('data', async question => {
    tell(String(question).includes('memory') ? await memory() : process.cpuUsage())
  })
  process.stdin.on('end', () => process.exit())
}

/** Pages may be given back by other threads, some time after the collection that has emptied them. */
const SETTLE_MS = 50
const MOST_COLLECTIONS = 20

/** Resident bytes at rest: when collecting once more gives no more than a thousandth of them back. */
async function memory() {
  const collect = await collector()
  let before = Number.POSITIVE_INFINITY
  let residentBytes = Number.MAX_SAFE_INTEGER
  for (let count = 0; count < MOST_COLLECTIONS && residentBytes < before * 0.999; count++) {
    before = residentBytes
    await collect()
    await new Promise(resolve => setTimeout(resolve, SETTLE_MS))
    residentBytes = Math.min(before, resident())
  }
  return { residentBytes }
}

/**
 * A collection of all that can be given back, the room for young objects as well. `gc()` leaves that room as large as what came
 * before has made it, up to 32 MB, which would be counted among the connections.
 *
 * @returns {Promise<() => unknown>}
 */
async function collector() {
  if (typeof globalThis.Bun === 'object') return () => globalThis.Bun.gc(true)
  if (typeof globalThis.Deno === 'object')
    return () => globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  const { Session } = await import('node:inspector')
  const session = new Session()
  session.connect()
  return () => new Promise(resolve => session.post('HeapProfiler.collectGarbage', resolve))
}

/** On Linux without the pages of files, such as the runtime's own code, which is read in when it first runs. */
function resident() {
  if (process.platform !== 'linux') return process.memoryUsage().rss
  return Number(/^RssAnon:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024
}

/** @param {object} facts */
export function tell(facts) {
  process.stdout.write(`${JSON.stringify(facts)}\n`)
}
