// Plays programs that end their process: starts each, serves it, and compares what was seen on node:net and on the
// subject. It makes no programs.
import { spawn } from 'node:child_process'
import net from 'node:net'
import { fileURLToPath } from 'node:url'
import { freshPath } from '../places.mjs'
import { shortened } from '../trace.mjs'
import { generateExit } from './generate.mjs'

const child = fileURLToPath(new URL('child.mjs', import.meta.url))

/**
 * @typedef {object} ExitFailure
 * @property {number} seed
 * @property {import('./generate.mjs').ExitProgram} program  cut down
 * @property {string} expected  what was seen on node:net
 * @property {string} got
 */

/**
 * @param {{ subject: string, programs: number, seed: number, played?: (count: number) => void }} asked
 * @returns {Promise<{ counts: Record<'equal' | 'different' | 'undecided', number>, failures: ExitFailure[] }>}
 */
export async function runExits({ subject, programs, seed, played = () => {} }) {
  const counts = { equal: 0, different: 0, undecided: 0 }
  /** @type {ExitFailure[]} */
  const failures = []
  for (let at = seed; at < seed + programs; at++) {
    const program = generateExit(at)
    const expected = await seenOf('node', program)
    const got = await seenOf(subject, program)
    if (expected === got) counts.equal++
    else if ((await seenOf('node', program)) !== expected) counts.undecided++
    else {
      counts.different++
      failures.push({ seed: at, ...(await smallest(subject, program, { expected, got })) })
    }
    played(at - seed + 1)
  }
  return { counts, failures }
}

/** @param {string} subject @param {import('./generate.mjs').ExitProgram} program @param {{ expected: string, got: string }} seen */
async function smallest(subject, program, seen) {
  let best = { program, ...seen }
  for (let i = 0; i < best.program.steps.length - 1; ) {
    const steps = best.program.steps.filter((_, index) => index !== i)
    const candidate = { ...best.program, steps }
    const [expected, got] = [await seenOf('node', candidate), await seenOf(subject, candidate)]
    if (expected !== got && expected === (await seenOf('node', candidate)))
      best = { program: candidate, expected, got }
    else i++
  }
  return best
}

/** What a program's process says, how it ends, and what its peers get. @param {string} subject @param {import('./generate.mjs').ExitProgram} program @returns {Promise<string>} */
async function seenOf(subject, program) {
  /** @type {{ text: string, how: string }[]} */
  const peers = []
  /** @type {Promise<void>[]} */
  const closed = []
  const server = net.createServer(socket => {
    const peer = { text: '', how: '' }
    peers.push(peer)
    socket.on('data', data => {
      peer.text += data
    })
    socket.on('end', () => {
      peer.how += ' end'
    })
    socket.on('error', error => {
      peer.how += ` ${/** @type {NodeJS.ErrnoException} */ (error).code}`
    })
    closed.push(new Promise(resolve => socket.once('close', () => resolve())))
  })
  const place = program.family === 'unix' ? { path: freshPath() } : { port: 0, host: '127.0.0.1' }
  await new Promise(resolve => server.listen(place, () => resolve(undefined)))
  const address = server.address()
  const where = typeof address === 'string' ? place : { port: address?.port, host: '127.0.0.1' }
  const started = spawn(process.execPath, [child, JSON.stringify({ subject, where, program })], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let said = ''
  started.stdout.setEncoding('utf8').on('data', text => {
    said += text
  })
  const code = await new Promise(resolve => started.once('close', resolve))
  await Promise.all(closed)
  await new Promise(resolve => server.close(resolve))
  const got = peers.map(({ text, how }) => `<${shortened(text)}>${how}`).join(' ')
  return `${said.trim().replaceAll('\n', '; ')}; ends with ${code}; ${got}`
}
