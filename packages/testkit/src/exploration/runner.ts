// A process that runs one seed at a time, and what becomes of a run whose process dies or does not answer. It knows processes,
// and no seeds but the one that runs.
import { type ChildProcess, fork } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { testkitError } from '../errors'
import { clearTimeout, setTimeout } from '../host'
import { packageFolder } from '../package-folder'
import { replayLine } from '../simulation/simulate'
import type { Answer, RunOutcome, RunRequest } from './messages'

/** What it may take to load the scenario. */
const LOAD_MS = 60_000

export class Runner {
  readonly #file: string
  readonly #timeoutMs: number
  #child: ChildProcess | null = null
  #isLoaded = false

  /** `timeoutMs`: what a run may take, in the host's time. */
  constructor(scenario: string | URL, timeoutMs: number) {
    const isUrl = scenario instanceof URL || scenario.startsWith('file:')
    this.#file = isUrl ? fileURLToPath(scenario) : path.resolve(scenario as string)
    this.#timeoutMs = timeoutMs
  }

  /**
   * Runs a seed. Where the process dies, or does not answer in time and is killed, the run has failed.
   *
   * @throws (rejects) `ERR_X_EXPLORATION` where the scenario cannot be loaded.
   */
  run(request: RunRequest): Promise<RunOutcome> {
    this.#child ??= fork(childFile(), [this.#file], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    const child = this.#child
    return new Promise((resolve, reject) => {
      const settle = (outcome: RunOutcome | string) => {
        clearTimeout(late)
        child.off('message', heard).off('error', failed).off('exit', ended)
        if (typeof outcome === 'string') reject(testkitError('ERR_X_EXPLORATION', outcome))
        else resolve(outcome)
      }
      const lost = (why: string) => {
        this.#child = null
        const wasLoaded = this.#isLoaded
        this.#isLoaded = false
        settle(wasLoaded ? failedOutcome(request, why) : `${why} before the scenario was loaded`)
      }
      const heard = (answer: Answer) => {
        if ('isLoaded' in answer) {
          this.#isLoaded = true
          clearTimeout(late)
          late = wait(this.#timeoutMs)
        } else settle('fatal' in answer ? answer.fatal : answer)
      }
      const failed = (error: Error) => settle(String(error))
      const ended = (code: number | null, signal: string | null) =>
        lost(`its process ended with ${signal ?? code}`)
      const wait = (ms: number) =>
        setTimeout(() => {
          child.kill('SIGKILL')
          lost(`it has not ended after ${ms} ms of real time`)
        }, ms)
      let late = wait(this.#isLoaded ? this.#timeoutMs : LOAD_MS)
      child.on('message', heard).on('error', failed).on('exit', ended)
      child.send(request)
    })
  }

  end(): void {
    this.#child?.kill('SIGKILL')
  }
}

/** What a run has come to that could not say so itself. */
function failedOutcome({ seed, omit }: RunRequest, why: string): RunOutcome {
  const message = `seed ${seed} failed: ${why}\n  to replay: ${replayLine(seed, omit)}`
  return { seed, omit, failure: why, message, misfortunes: [], kept: [], virtualMs: 0, events: 0 }
}

/** The built file beside this one; from the sources, that of the last build. */
function childFile(): string {
  const beside = path.join(packageFolder, 'explore-child.js')
  return existsSync(beside) ? beside : path.join(packageFolder, '..', 'dist', 'explore-child.js')
}
