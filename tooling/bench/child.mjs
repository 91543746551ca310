// The processes of a bench: a server that answers questions, a load that stands, a program that runs to its end. None
// outlives the bench. It knows no work.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { placed } from './processors.mjs'

/** Nothing in a bench takes longer than this; what does has hung. */
const DEADLINE_MS = 120_000

/** What to kill for each process that runs: itself, or (below 0) the group that it leads. @type {Map<import('node:child_process').ChildProcess, number>} */
const running = new Map()

/** Ends all processes with this one, whichever way it ends. */
export function endChildrenAtExit() {
  process.on('exit', () => {
    for (const pid of running.values()) kill(pid)
  })
  const signals = /** @type {const} */ ({ SIGHUP: 1, SIGINT: 2, SIGTERM: 15 })
  for (const [signal, number] of Object.entries(signals)) process.on(signal, () => process.exit(128 + number))
}

/** @param {number | undefined} pid */
function kill(pid) {
  if (pid === undefined) return
  try {
    // The leader of a group may have others to end that are in none of ours.
    process.kill(pid, pid < 0 ? 'SIGTERM' : 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}

/** @template {import('node:child_process').ChildProcess} T @param {T} child @param {boolean} [leadsGroup] @returns {T} */
function remember(child, leadsGroup = false) {
  if (child.pid !== undefined) running.set(child, leadsGroup ? -child.pid : child.pid)
  return child.once('close', () => running.delete(child))
}

/** A process that answers lines with lines. It ends when its input does. */
class Answerer {
  #child
  #lines
  /** @type {Promise<unknown>} */
  #closed
  #name

  /** @param {readonly string[]} command @param {NodeJS.ProcessEnv} env */
  constructor(command, env) {
    const [program = '', ...args] = command
    this.#name = command.map(word => path.basename(word)).join(' ')
    this.#child = remember(
      spawn(program, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'inherit'] }),
    )
    this.#closed = once(this.#child, 'close')
    this.#closed.catch(() => {})
    // It may be gone when it is asked; the missing answer tells.
    this.#child.stdin.on('error', () => {})
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
  }

  get pid() {
    return this.#child.pid ?? 0
  }

  /** @param {string} question */
  ask(question) {
    this.#child.stdin.write(`${question}\n`)
    return this.answer()
  }

  /** @returns {Promise<string>} the next line; rejects where the process ends, or is silent for too long */
  async answer() {
    const timer = setTimeout(() => kill(running.get(this.#child)), DEADLINE_MS)
    const { value, done } = await this.#lines.next()
    clearTimeout(timer)
    if (done) throw new Error(`${this.#name} has ended without an answer`)
    return value
  }

  async stop() {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.stdin.end()
    await this.#closed
  }
}

/** A server in a process of its own, on the arm's runtime and net module. */
export class ServerProcess {
  #process
  port = 0

  /** @param {readonly string[]} command @param {NodeJS.ProcessEnv} env */
  constructor(command, env) {
    this.#process = new Answerer(command, env)
  }

  get pid() {
    return this.#process.pid
  }

  /** Resolves when it listens. Rejects where it ends instead. */
  async ready() {
    this.port = JSON.parse(await this.#process.answer()).port
    return this
  }

  /** @returns {Promise<{ user: number, system: number }>} microseconds of CPU since the start */
  async usage() {
    return JSON.parse(await this.#process.ask('usage'))
  }

  /** @returns {Promise<{ residentBytes: number }>} */
  async memory() {
    return JSON.parse(await this.#process.ask('memory'))
  }

  async stop() {
    await this.#process.stop()
  }
}

/**
 * A load that opens its connections, stands, does its work once it is told to, and stands on until it is released.
 *
 * @param {string | null} processors
 * @param {readonly (string | number)[]} command
 */
export async function standLoad(processors, command) {
  const load = new Answerer(placed(processors, command.map(String)), {})
  await load.answer()
  return {
    /** @returns {Promise<string>} what it printed of its work */
    work: () => load.ask('go'),
    release: () => load.stop(),
  }
}

/**
 * A tracer of another process, such as strace: resolves when it says that it is attached.
 *
 * @param {readonly (string | number)[]} command
 * @returns {Promise<() => Promise<void>>} takes it off, and resolves when it has written what it saw
 */
export async function traceFor(command) {
  const [program = '', ...args] = command.map(String)
  const child = remember(spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] }))
  const closed = once(child, 'close')
  closed.catch(() => {})
  const [said] = await Promise.race([once(child.stderr.setEncoding('utf8'), 'data'), closed])
  if (!String(said).includes('attached')) throw new Error(`${program} did not attach: ${said}`)
  child.stderr.resume()
  return async () => {
    child.kill('SIGINT')
    await closed
  }
}

/**
 * Runs a program to its end.
 *
 * @param {string | null} processors
 * @param {readonly (string | number)[]} command
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, leadsGroup?: boolean, deadlineMs?: number }} [how] a group ends whole
 * @returns {Promise<string>} what it printed
 */
export async function runToEnd(processors, command, how = {}) {
  const { cwd, env, leadsGroup = false, deadlineMs = DEADLINE_MS } = how
  const [program = '', ...args] = placed(processors, command.map(String))
  const child = remember(
    spawn(program, args, { cwd, env, detached: leadsGroup, stdio: ['ignore', 'pipe', 'pipe'] }),
    leadsGroup,
  )
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', text => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', text => {
    stderr += text
  })
  // Not by spawn's own `timeout`: it stays when the program cannot be started.
  const timer = setTimeout(() => kill(running.get(child)), deadlineMs)
  try {
    const [code] = await once(child, 'close')
    if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}: ${stderr || stdout}`)
    return stdout
  } finally {
    clearTimeout(timer)
  }
}
