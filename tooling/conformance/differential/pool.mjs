// Processes that play, each a range of seeds; one that hangs or dies is a failure of the program that it played, and
// another goes on behind it. It knows nothing of what is played.
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { generate } from './generate.mjs'

const worker = fileURLToPath(new URL('worker.mjs', import.meta.url))
/** No program is played for so long, on a machine under load. */
const HUNG_MS = 15_000
const PROGRESS_MS = 10_000

/**
 * @typedef {Record<'equal' | 'different' | 'undecided' | 'fleeting' | 'died', number>} Counts  programs by outcome
 * @typedef {{ seed: number, program: import('./program.mjs').Program, difference: import('./compare.mjs').Difference }} Failure
 * @typedef {object} Run
 * @property {string} subject
 * @property {number} programs
 * @property {number} seed
 * @property {number} workers
 * @property {boolean} [shrink]
 * @property {(line: string) => void} [progress]  a line now and then
 * @property {(count: number) => void} [played]     the count after each program
 */

/** @param {Run} asked @returns {Promise<{ counts: Counts, failures: Failure[] }>} */
export async function run({
  subject,
  programs,
  seed,
  workers,
  shrink = true,
  progress = () => {},
  played = () => {},
}) {
  /** @type {Counts} */
  const counts = { equal: 0, different: 0, undecided: 0, fleeting: 0, died: 0 }
  /** @type {Failure[]} */
  const failures = []
  const began = performance.now()
  const done = () => Object.values(counts).reduce((sum, count) => sum + count, 0)
  const timer = setInterval(() => {
    const rate = (done() / (performance.now() - began)) * 1000
    progress(`${subject}: ${done()} of ${programs}, ${rate.toFixed(0)} a second, ${JSON.stringify(counts)}`)
  }, PROGRESS_MS)
  /** @param {import('./worker.mjs').Found} found */
  const heard = ({ seed: of, outcome, program, difference }) => {
    counts[/** @type {keyof Counts} */ (outcome)]++
    played(done())
    if (outcome === 'different' && program && difference) failures.push({ seed: of, program, difference })
  }
  const each = Math.ceil(programs / workers)
  const ranges = Array.from({ length: workers }, (_, i) => ({
    from: seed + i * each,
    to: seed + Math.min(programs, (i + 1) * each),
  }))
  await Promise.all(
    ranges.map(async ({ from, to }) => {
      for (let at = from; at < to; ) {
        const { last, how, said } = await runRange({ subject, from: at, to, shrink }, heard)
        at = last + 1
        if (how === '') break
        // A program that ends node:net as well says nothing of the subject.
        const alone = await runRange({ subject: 'node', from: last, to: last + 1, shrink: false }, () => {})
        if (alone.how !== '') {
          counts.undecided++
          continue
        }
        counts.died++
        const difference = {
          actor: 'process',
          index: 0,
          signature: `the process ${how}`,
          expected: [],
          got: [how, ...said.split('\n')],
        }
        failures.push({ seed: last, program: generate(last), difference })
      }
    }),
  )
  clearInterval(timer)
  return { counts, failures }
}

/**
 * @param {import('./worker.mjs').Task} task @param {(found: import('./worker.mjs').Found) => void} heard
 * @returns {Promise<{ last: number, how: string, said: string }>} the last seed that was begun, how the process ended if not well,
 *   and what it said
 */
function runRange(task, heard) {
  return new Promise(resolve => {
    const child = fork(worker, { stdio: ['ignore', 'inherit', 'pipe', 'ipc'] })
    let last = task.from
    let said = ''
    child.stderr?.setEncoding('utf8').on('data', text => {
      said = (said + text).slice(-4_000)
    })
    let isHung = false
    const kill = () => {
      isHung = true
      child.kill('SIGKILL')
    }
    let timer = setTimeout(kill, HUNG_MS)
    child.on('message', message => {
      const found = /** @type {import('./worker.mjs').Found} */ (message)
      clearTimeout(timer)
      timer = setTimeout(kill, HUNG_MS)
      last = found.seed
      if (found.outcome !== 'begun' && found.outcome !== 'done') heard(found)
    })
    child.once('exit', (code, signal) => {
      clearTimeout(timer)
      resolve({ last, how: isHung ? 'hangs' : code === 0 ? '' : `ends with ${signal ?? code}`, said })
    })
    child.send(task)
  })
}
