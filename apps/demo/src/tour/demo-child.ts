// A demo of the tour's own: a process, the connection to its control socket, and its end. It shows nothing.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Channel, connect, createCalls, createChannel, resolveEndpoint } from '@x/ipc'
import type { ControlProcedures, Order } from '../control/control-messages'
import type { Status } from '../primary/supervisor'

export const WORKERS = 3
/** What may wait for a subscriber that does not read. */
export const OUTPUT_LIMIT = '1mb'
/** What the demo has to end in, once it was asked to. */
const END_MS = 5000

export class DemoChild {
  readonly port: number
  readonly pageUrl: string
  /** Resolves with its exit code; null where a signal ended it. */
  readonly ended: Promise<number | null>
  readonly #child: ChildProcess
  readonly #control: Channel
  readonly #folder: string
  #stopped: Promise<void> | null = null

  private constructor(
    child: ChildProcess,
    about: { port: number; pageUrl: string; folder: string; control: Channel },
  ) {
    this.#child = child
    this.port = about.port
    this.pageUrl = about.pageUrl
    this.#folder = about.folder
    this.#control = about.control
    this.#control.on('close', () => {})
    this.ended = endOf(child)
  }

  /** Resolves when it is ready. Rejects with what it said where it could not start; nothing is left of it then. */
  static async start(signal: AbortSignal): Promise<DemoChild> {
    const folder = mkdtempSync(join(tmpdir(), 'x-demo-tour-'))
    const name = join(folder, 'control.sock')
    const control = process.platform === 'win32' ? `x-demo-tour-${process.pid}` : name
    const child = spawn(
      process.execPath,
      [
        fileURLToPath(new URL('main.js', import.meta.url)),
        ...['--port', '0', '--no-path', '--page', '0', '--control', control, '--workers', String(WORKERS)],
        ...['--output-limit', OUTPUT_LIMIT, '--log-level', 'warn'],
      ],
      // A group of its own: the terminal's Ctrl-C is for the tour, which ends the demo in order.
      { stdio: ['ignore', 'pipe', 'pipe'], detached: true },
    )
    const killed = () => child.kill('SIGKILL')
    process.once('exit', killed)
    void endOf(child).then(() => process.off('exit', killed))
    try {
      const [, port, pageUrl] = await greetingOf(child, signal)
      const channel = createChannel(await connect(resolveEndpoint(control)))
      return new DemoChild(child, { port: Number(port), pageUrl: pageUrl!, folder, control: channel })
    } catch (error) {
      child.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
      throw error
    }
  }

  async status(): Promise<Status> {
    const outcome = await this.#obey({ order: 'status' })
    if (!('status' in outcome)) throw new Error('the demo tells no status')
    return outcome.status
  }

  /** Resolves with a line for people. */
  async order(order: Exclude<Order, { order: 'status' }>): Promise<string> {
    const outcome = await this.#obey(order)
    return 'line' in outcome ? outcome.line : ''
  }

  /** Ends it, and removes what it leaves; where it has ended already, too. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #stop(): Promise<void> {
    this.#child.kill('SIGTERM')
    const late = setTimeout(() => this.#child.kill('SIGKILL'), END_MS)
    await this.ended
    clearTimeout(late)
    await this.#control.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #obey(order: Order) {
    return createCalls<ControlProcedures>(this.#control).obey(order, { timeoutMs: 0 })
  }
}

async function endOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return child.exitCode
}

/** Reads what it prints until it is ready: its port, and the address of its page. */
async function greetingOf(child: ChildProcess, signal: AbortSignal): Promise<RegExpExecArray> {
  let output = ''
  let errors = ''
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  for (;;) {
    const greeting = /Listening: \S+:(\d+)\n.*Live page: (\S+)\n.*Ctrl-C/s.exec(output)
    if (greeting !== null) return greeting
    if (signal.aborted) throw new Error('interrupted')
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(errors || 'the demo ended at once')
    const stop = new AbortController()
    const changes = [
      once(child.stdout!, 'data', stop),
      once(child, 'close', stop),
      once(signal, 'abort', stop),
    ]
    await Promise.race(changes.map(change => change.catch(() => {})))
    stop.abort()
  }
}
