// Starts the other process of a test and waits for what it tells. It knows no scenario.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import type { Duplex } from 'node:stream'
import { packageFolder } from '../package-folder'
import type { Bed } from './bed'
import type { ChildInput, FromChild, Scenario, ToChild } from './child-messages'

export interface ChildOptions {
  /** The peer's transport runs in the process instead of the one under test. */
  readonly isPeer?: boolean
  readonly at?: ChildInput['at']
  /** The most descriptors that the process may have (`ulimit -n`). */
  readonly descriptors?: number
  /** A connection between the two processes: descriptor 4 there, `connection` here. */
  readonly hasConnection?: boolean
}

type Told<Event> = Extract<FromChild, { event: Event }>

export class ChildRun {
  readonly process: ChildProcess
  readonly exit: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  #told: FromChild[] = []
  #errors = ''
  #heard = () => {}
  #isOver = false

  /** Started, and ended with the test. */
  static start(bed: Bed, scenario: Scenario, options: ChildOptions = {}): ChildRun {
    return bed.own(new ChildRun(bed, scenario, options))
  }

  private constructor(bed: Bed, scenario: Scenario, options: ChildOptions) {
    const { subject, peer } = bed.modules
    const input: ChildInput = {
      scenario,
      module: options.isPeer ? peer : subject,
      peerModule: options.isPeer ? subject : peer,
      variant: bed.variant,
      at: options.at ?? bed.address(),
    }
    const args = [childFile(), JSON.stringify(input)]
    const [command, list] = limited(process.execPath, args, options.descriptors)
    this.process = spawn(command, list, {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc', options.hasConnection ? 'pipe' : 'ignore'],
      env: { ...process.env, NODE_OPTIONS: '' },
    })
    this.process.stderr?.on('data', chunk => {
      this.#errors += chunk
    })
    this.process.on('message', message => {
      this.#told.push(message as FromChild)
      this.#heard()
    })
    this.exit = new Promise(resolve => {
      this.process.on('close', (code, signal) => {
        this.#isOver = true
        this.#heard()
        resolve({ code, signal })
      })
    })
  }

  /** The next message of a sort; fails where the process ends, or fails, before. */
  async next<Event extends FromChild['event']>(event: Event): Promise<Told<Event>> {
    for (;;) {
      const index = this.#told.findIndex(message => message.event === event)
      if (index >= 0) return this.#told.splice(index, 1)[0] as Told<Event>
      const failed = this.#told.find(message => message.event === 'failed')
      if (failed) throw new Error(failed.reason)
      if (this.#isOver) throw new Error(`the process ended before "${event}": ${this.#errors}`)
      await new Promise<void>(resolve => {
        this.#heard = resolve
      })
    }
  }

  get connection(): Duplex {
    return this.process.stdio[4] as Duplex
  }

  /** Messages of a sort that came and were not asked for. */
  unasked(event: FromChild['event']): number {
    return this.#told.filter(message => message.event === event).length
  }

  send(message: ToChild): void {
    this.process.send(message)
  }

  close(done: () => void): void {
    if (!this.#isOver) this.process.kill('SIGKILL')
    void this.exit.then(done)
  }
}

function limited(
  command: string,
  args: readonly string[],
  descriptors?: number,
): [string, readonly string[]] {
  if (descriptors === undefined) return [command, args]
  return ['/bin/sh', ['-c', `ulimit -n ${descriptors} && exec "$0" "$@"`, command, ...args]]
}

// The build has it beside the suite.
function childFile(): string {
  const file = path.join(packageFolder, 'conformance-child.js')
  if (!existsSync(file)) throw new Error(`${file} is missing; build @x/testkit`)
  return file
}
