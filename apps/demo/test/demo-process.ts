// The built demo as a child process, and other programs beside it. It knows nothing of the protocol.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { selectTransport } from '@x/core/transport'
import { resolveEndpoint } from '@x/ipc'
import type { Status } from '../src/primary/supervisor'

/** The built demo. */
export const PROGRAM = new URL('../dist/main.js', import.meta.url).pathname

export interface Finished {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** A program that runs; what it writes is collected. */
export class Program {
  readonly child: ChildProcess
  readonly finished: Promise<Finished>
  #stdout = ''
  #stderr = ''
  /** Whether it has ended, and all that it wrote has come. */
  #isFinished = false
  readonly #watchers = new Set<() => void>()

  constructor(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
    this.child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'pipe'] })
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => this.#heard(text, ''))
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => this.#heard('', text))
    this.finished = once(this.child, 'close').then(([code, signal]) => {
      this.#isFinished = true
      for (const watcher of this.#watchers) watcher()
      return { code, signal, stdout: this.#stdout, stderr: this.#stderr }
    })
  }

  get stdout(): string {
    return this.#stdout
  }

  get stderr(): string {
    return this.#stderr
  }

  /** Resolves with the first match in what the program wrote or will write; rejects where it ends without one. */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    let match: RegExpExecArray | null = null
    await this.when(({ stdout, stderr }) => {
      match = pattern.exec(stdout) ?? pattern.exec(stderr)
      return match !== null
    }, pattern)
    return match!
  }

  /** Resolves once what the program wrote is so; rejects where it ends before. */
  when(isSo: (written: this) => boolean, what: unknown = isSo): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const isReached = isSo(this)
        if (!isReached && !this.#isFinished) return
        this.#watchers.delete(look)
        if (isReached) resolve()
        else reject(new Error(`ended without ${what}:\n${this.#stdout}${this.#stderr}`))
      }
      this.#watchers.add(look)
      look()
    })
  }

  async kill(signal: NodeJS.Signals): Promise<Finished> {
    this.child.kill(signal)
    return this.finished
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL')
    await this.finished
  }

  #heard(stdout: string, stderr: string): void {
    this.#stdout += stdout
    this.#stderr += stderr
    for (const watcher of this.#watchers) watcher()
  }
}

/** A running demo on a TCP port and a path of its own. */
export class DemoProcess extends Program {
  port = 0
  path = ''
  #folder = ''

  /** Starts the built demo, and waits until it is ready. */
  static start(...options: string[]): Promise<DemoProcess> {
    return DemoProcess.startWith(process.env, ...options)
  }

  /** The same with other environment variables. */
  static async startWith(env: NodeJS.ProcessEnv, ...options: string[]): Promise<DemoProcess> {
    const folder = mkdtempSync(join(tmpdir(), 'x-demo-'))
    const page = options.includes('--page') ? [] : ['--no-page']
    const path = join(folder, 'demo.sock')
    const demo = new DemoProcess(
      process.execPath,
      [PROGRAM, '--port', '0', '--path', path, ...page, ...options],
      env,
    )
    demo.path = path
    demo.#folder = folder
    demo.port = Number((await demo.printed(/Listening: 127\.0\.0\.1:(\d+)\n/))[1])
    await demo.printed(/Ctrl-C stops it/)
    return demo
  }

  /** The process of a worker, by the log. */
  async pidOf(worker: number): Promise<number> {
    return Number((await this.printed(new RegExp(`worker ${worker}: ready \\(process (\\d+)\\)`)))[1])
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]()
    rmSync(this.#folder, { recursive: true, force: true })
    // It was killed, and could not.
    rmSync(resolveEndpoint(`x-demo-${this.port}.ctl`).path, { force: true })
  }
}

/** Runs the built demo with options that make it end by itself. */
export function runDemo(options: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<Finished> {
  return new Program(process.execPath, [PROGRAM, ...options], env).finished
}

/** What `demo ctl status` tells. */
export async function statusOf(demo: DemoProcess): Promise<Status> {
  const { stdout } = await runDemo(['ctl', 'status', '--json', '--port', String(demo.port)])
  return JSON.parse(stdout)
}

/** Runs a program to its end. */
export function run(command: string, args: readonly string[]): Promise<Finished> {
  return new Program(command, args).finished
}

/** Why tests that move connections are skipped; null where they can be moved. */
export function whyNoMoves(): string | null {
  const { transport } = selectTransport()
  return transport.descriptors !== null ? null : `the ${transport.name} transport passes no descriptors`
}

/** Programs that tests drive, and the Debian package of each. */
const DEBIAN_PACKAGES = {
  'redis-cli': 'redis-tools',
  'redis-benchmark': 'redis-tools',
  'redis-server': 'redis-server',
  'nats-server': 'nats-server',
  haproxy: 'haproxy',
  'systemd-socket-activate': 'systemd',
  python3: 'python3',
} as const

/** Why tests that need a program are skipped, and how to install it; null where the program is there. */
export function whyNo(program: keyof typeof DEBIAN_PACKAGES): string | null {
  const { error } = spawnSync(program, ['--version'])
  return error === undefined
    ? null
    : `${program} is not installed (Debian: apt-get install ${DEBIAN_PACKAGES[program]})`
}
