// Processes that play, each a range of seeds; one that hangs or dies is a failure of the program that it played, and
// another goes on behind it. It knows nothing of what is played.
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { HANG_MS } from '@x/presets/hang-limit'
import { adapted } from './adapted.mjs'
import { generate } from './generate.mjs'
import { known } from './known/index.mjs'
import { playable, printed } from './trial.mjs'

const worker = fileURLToPath(new URL('worker.mjs', import.meta.url))
/** No program is played for so long, on a machine under load. */
const HUNG_MS = HANG_MS / 10
const PROGRESS_MS = 10_000

/**
 * @typedef {Record<'equal' | 'different' | 'undecided' | 'fleeting' | 'died', number>} Counts  programs by outcome
 * @typedef {import('./worker.mjs').Failure} Failure
 * @typedef {object} Run
 * @property {string} subject
 * @property {string} [reference]  what it is compared with (node:net)
 * @property {number} programs  how many of random ones; 'known' has its own number
 * @property {number} [seed]     of the first
 * @property {number} [workers]
 * @property {'random' | 'known'} [source]  where they come from (random)
 * @property {boolean} [shrink]
 * @property {(line: string) => void} [progress]  a line now and then
 * @property {(count: number) => void} [played]     the count after each program
 */

/**
 * A program that one side plays in several ways.
 * @typedef {Failure & { outcome: string }} Doubt
 */

/** @param {Run} asked @returns {Promise<{ counts: Counts, failures: Failure[], doubts: Doubt[] }>} */
export async function run(asked) {
  const {
    subject,
    reference,
    workers = 1,
    shrink = true,
    progress = () => {},
    played = () => {},
    source = 'random',
  } = asked
  const first = source === 'known' ? 0 : (asked.seed ?? 1)
  const programs = source === 'known' ? known.length : asked.programs
  /** @type {Counts} */
  const counts = { equal: 0, different: 0, undecided: 0, fleeting: 0, died: 0 }
  /** @type {Failure[]} */
  const failures = []
  /** @type {Doubt[]} */
  const doubts = []
  const began = performance.now()
  const done = () => Object.values(counts).reduce((sum, count) => sum + count, 0)
  const timer = setInterval(() => {
    const rate = (done() / (performance.now() - began)) * 1000
    progress(`${subject}: ${done()} of ${programs}, ${rate.toFixed(0)} a second, ${JSON.stringify(counts)}`)
  }, PROGRESS_MS)
  /** @param {string} outcome @param {Failure} failure */
  const keep = (outcome, failure) => {
    progress(`${subject}: ${outcome} ${failure.seed}  ${failure.difference.signature}`)
    if (outcome === 'different' || outcome === 'died') failures.push(failure)
    else doubts.push({ outcome, ...failure })
  }
  /** @param {import('./worker.mjs').Found} found */
  const heard = ({ outcome, failure }) => {
    counts[/** @type {keyof Counts} */ (outcome)]++
    played(done())
    if (failure === undefined) return
    keep(outcome, failure)
  }
  const each = Math.ceil(programs / workers)
  const ranges = Array.from({ length: workers }, (_, i) => ({
    from: first + i * each,
    to: first + Math.min(programs, (i + 1) * each),
  }))
  await Promise.all(
    ranges.map(async ({ from, to }) => {
      const alike = { subject, reference, source, shrink }
      for (let at = from; at < to; ) {
        const { last, how, said } = await runRange({ ...alike, from: at, to }, heard)
        at = last + 1
        if (how === '') break
        // A program that ends node:net as well says nothing of the subject.
        const alone = await runRange(
          {
            ...alike,
            subject: 'node',
            adaptedTo: subject,
            reference: undefined,
            shrink: false,
            from: last,
            to: last + 1,
          },
          () => {},
        )
        const difference = {
          actor: 'process',
          index: 0,
          signature: `the process ${how}`,
          expected: alone.how === '' ? [] : [alone.how],
          got: [how, ...said.split('\n')],
        }
        const one = source === 'known' ? known[last] : playable(adapted(generate(last), subject))
        if (one === undefined) continue
        const failure = { seed: last, ...printed(one), difference }
        const outcome = alone.how === '' ? 'died' : 'undecided'
        counts[outcome]++
        keep(outcome, failure)
      }
    }),
  )
  clearInterval(timer)
  return { counts, failures, doubts }
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
    let isDone = false
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
      isDone = found.outcome === 'done'
      if (found.outcome !== 'begun' && found.outcome !== 'done') heard(found)
    })
    child.once('exit', (code, signal) => {
      clearTimeout(timer)
      resolve({ last, how: isHung ? 'hangs' : isDone ? '' : `ends with ${signal ?? code}`, said })
    })
    child.send(task)
  })
}
