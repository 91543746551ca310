// A process of a bench: a server that answers questions, or a load that runs to its end. It knows no work.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** Nothing in a bench takes longer than this; what does has hung. */
const DEADLINE_MS = 120_000

/** A server in a process of its own, on the arm's runtime and net module. */
export class ServerProcess {
  /** @type {import('node:child_process').ChildProcessByStdio<import('node:stream').Writable, import('node:stream').Readable, null>} */
  #child
  /** @type {AsyncIterator<string>} */
  #lines
  port = 0

  /** @param {import('./arms.mjs').Arm} arm @param {string} program */
  constructor(arm, program) {
    const [command, ...args] = arm.command(program)
    this.#child = spawn(command, args, {
      env: { ...process.env, ...arm.env },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
  }

  /** Resolves when it listens. Rejects where it ends instead. */
  async ready() {
    this.port = (await this.#answer()).port
    return this
  }

  /** @returns {Promise<{ user: number, system: number }>} microseconds of CPU since the start */
  usage() {
    this.#child.stdin.write('usage\n')
    return this.#answer()
  }

  /** @returns {Promise<{ residentBytes: number }>} */
  memory() {
    this.#child.stdin.write('memory\n')
    return this.#answer()
  }

  async stop() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const closed = once(this.#child, 'close')
    this.#child.stdin.end()
    await closed
  }

  async #answer() {
    const { value, done } = await this.#lines.next()
    if (done) throw new Error('the server has ended')
    return JSON.parse(value)
  }
}

/** Runs a load to its end. @param {string} command @param {readonly (string | number)[]} args @returns {Promise<string>} what it printed */
export async function runLoad(command, args) {
  const child = spawn(command, args.map(String), { stdio: ['ignore', 'pipe', 'pipe'], timeout: DEADLINE_MS })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', text => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', text => {
    stderr += text
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}: ${stderr || stdout}`)
  return stdout
}

/** Runs a load that stands until `release`. @param {string} program @param {readonly number[]} args */
export async function holdLoad(program, args) {
  const child = spawn(process.execPath, [program, ...args.map(String)], {
    stdio: ['pipe', 'pipe', 'inherit'],
    timeout: DEADLINE_MS,
  })
  const closed = once(child, 'close')
  await Promise.race([
    once(child.stdout, 'data'),
    closed.then(() => Promise.reject(new Error('the load has ended'))),
  ])
  return {
    async release() {
      child.stdin.end()
      await closed
    },
  }
}
