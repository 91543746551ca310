// The server's side of a bench: which net module it runs on, and the answers to the bench's questions on standard
// input. It knows no work. Node, Bun and Deno run it.
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
  process.stdin.setEncoding('utf8').on('data', question => {
    tell(String(question).includes('memory') ? memory() : process.cpuUsage())
  })
  process.stdin.on('end', () => process.exit())
}

/** Resident bytes, after a collection where the runtime lets one ask for it. */
function memory() {
  if (typeof globalThis.Bun === 'object') globalThis.Bun.gc(true)
  else globalThis.gc?.()
  return { residentBytes: process.memoryUsage().rss }
}

/** @param {object} facts */
export function tell(facts) {
  process.stdout.write(`${JSON.stringify(facts)}\n`)
}
