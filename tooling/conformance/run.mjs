// Runs the conformance suite without a test runner, so that any host can: `bun run.mjs`, `deno run -A run.mjs`. It
// prints what fails and counts the rest.
//   run.mjs [portable|native] [part of a test's name]
import { HANG_MS } from '@x/presets/hang-limit'
import { transportSuite } from '@x/testkit/conformance'

const [name = 'portable', part = ''] = process.argv.slice(2)
const { newTransport } = await import(`./transports/${name}.mjs`)

/** @type {{ title: string, body: (test: { skip(reason?: string): void }) => Promise<void> }[]} */
const tests = []
/** @type {string[]} */
const groups = []

transportSuite({
  runner: {
    describe(group, body) {
      groups.push(group)
      body()
      groups.pop()
    },
    it: (title, body) => tests.push({ title: [...groups, title].join(' > '), body }),
  },
  newTransport,
})

const counts = { passed: 0, skipped: 0, failed: 0 }
for (const { title, body } of tests) {
  if (title.includes(part)) await run(title, body)
}
const { bun, deno, node } = process.versions
const host = bun ? `Bun ${bun}` : deno ? `Deno ${deno}` : `Node ${node}`
console.log(`${host}, ${name}: ${JSON.stringify(counts)}`)
process.exit(counts.failed > 0 ? 1 : 0)

/** @param {string} title @param {(test: { skip(reason?: string): void }) => Promise<void>} body */
async function run(title, body) {
  let isSkipped = false
  let timer
  const hung = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('hung')), HANG_MS)
  })
  try {
    await Promise.race([
      body({
        skip: () => {
          isSkipped = true
        },
      }),
      hung,
    ])
    counts[isSkipped ? 'skipped' : 'passed']++
  } catch (error) {
    counts.failed++
    console.log(`failed: ${title}\n  ${error instanceof Error ? error.message.split('\n')[0] : error}`)
  }
  clearTimeout(timer)
}
