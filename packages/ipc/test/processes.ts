// Real processes for tests: started with another user where asked, spoken to in lines. It holds no tests.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface, type Interface } from 'node:readline'

const programs = path.join(__dirname, 'programs')

export interface ProgramOptions {
  readonly args?: readonly string[]
  readonly uid?: number
  readonly env?: Record<string, string>
  /** What runs it. Default: this Node. */
  readonly command?: string
  /** A command line that starts that in its turn. Default: none. */
  readonly starter?: readonly string[]
}

/** A program of `programs/` that runs: its lines one by one, and how it ended. */
export class Program {
  readonly process: ChildProcess
  readonly #lines: AsyncIterator<string>
  readonly #reader: Interface
  readonly #closed: Promise<unknown>
  #errors = ''

  constructor(name: string, options: ProgramOptions = {}) {
    const { args = [], uid, env = {}, command = process.execPath, starter = [] } = options
    const [first = command, ...words] = [...starter, command, path.join(programs, name), ...args]
    this.process = spawn(first, words, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
      ...(uid !== undefined && { uid, gid: uid }),
    })
    this.#closed = once(this.process, 'close')
    this.process.stderr!.setEncoding('utf8').on('data', text => {
      this.#errors += text
    })
    this.process.stdin!.on('error', () => {})
    this.#reader = createInterface({ input: this.process.stdout! })
    this.#lines = this.#reader[Symbol.asyncIterator]()
  }

  /** The next line that it prints. Fails where it ends instead. */
  async line(): Promise<string> {
    const { value, done } = await this.#lines.next()
    if (done) throw new Error(`the program ended: ${this.#errors || 'it said nothing'}`)
    return value
  }

  tell(line: string): void {
    this.process.stdin!.write(`${line}\n`)
  }

  /** How it ended: exit code, or signal. Its pipes are closed by then. */
  async ended(): Promise<number | string> {
    await this.#closed
    return this.process.exitCode ?? this.process.signalCode!
  }

  async stop(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.process.kill(signal)
    this.#reader.close()
    // What it has printed and nobody has read would keep its pipe.
    this.process.stdout!.resume()
    await this.ended()
  }
}

/** True where processes of other users can be started. */
export const isRoot = process.getuid?.() === 0
/** A user that is nobody else here. */
export const STRANGER = 54321
