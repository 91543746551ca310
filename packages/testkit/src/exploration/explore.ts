// Many seeds of one scenario, in as many processes as there are processors: which of them fail, and with how little. It
// knows processes and seeds; what a run does is the scenario's part.
import { availableParallelism } from 'node:os'
import {
  codedError,
  validateFunction,
  validateInteger,
  validateNumber,
  validateObject,
  validateString,
} from '@x/core/internal'
import { testkitError } from '../errors'
import { hostNowMs } from '../host'
import { replayLine } from '../simulation/simulate'
import { currentWorld } from '../simulation/world'
import { KeptSeeds } from './kept-seeds'
import type { RunOutcome } from './messages'
import { Runner } from './runner'
import { keptOf, shrink } from './shrink'

const MOST_SEEDS = 10_000_000

/** Options of `explore`. */
export interface ExploreOptions {
  /**
   * The module with the scenario, as a file URL or an absolute path: its default export (or `scenario`) is a function
   * of a seed that returns the result of `simulate`.
   */
  scenario: string | URL
  /** How many seeds, 1 to 10,000,000. Default 100. */
  seeds?: number
  /** The first of them. Default 1. */
  from?: number
  /** `failure`: until a seed has failed. `end`: all seeds. `{ ms }`: for as long, or all seeds. Default `failure`. */
  until?: 'failure' | 'end' | { readonly ms: number }
  /** Processes at once. Default: one for each processor. */
  processes?: number
  /** Milliseconds of real time that a run may take; one that takes longer is killed, and has failed. Default: 60,000. */
  runTimeoutMs?: number
  /** A file that keeps the seeds that failed: they are the first of the next exploration, until they pass. Default: none. */
  keep?: string
  /** Called with the progress. Default: prints one line, if standard error is a terminal. */
  onProgress?: (line: string) => void
}

/** A seed that failed, with the least misfortune that was found to do. */
export interface ExploredFailure {
  readonly seed: number
  /** What failed: `Error: value 33 was lost`. */
  readonly failure: string
  /** The error's message of the smallest run: how to replay it, and the end of its trace. */
  readonly message: string
  /** What befalls the smallest run. */
  readonly misfortunes: readonly string[]
  /** How long it takes. */
  readonly virtualMs: number
  /** What repeats the smallest run, before the command that makes it. */
  readonly replay: string
}

/** The outcome of an exploration. */
export interface Exploration {
  /** Seeds that were run. */
  readonly seeds: number
  readonly failed: readonly ExploredFailure[]
  readonly virtualMs: number
  readonly events: number
}

/**
 * Runs a scenario on many seeds, and reduces each failing run as far as it still fails in the same way: fewer rules
 * of links (no loss, no jitter), less software, fewer partitions, crashes and kills, shorter waits.
 *
 * A run whose process ends, or that takes longer than `runTimeoutMs`, has failed, too; it is not made smaller. Rejects with
 * `ERR_X_EXPLORATION` where the scenario cannot be loaded; with `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE` or
 * `ERR_OUT_OF_RANGE` for an option that is none; with `ERR_X_NESTED_SIMULATION` within a simulation.
 *
 * @example
 * const { failed } = await explore({ scenario: new URL('./scenario.mjs', import.meta.url), seeds: 1000 })
 * for (const { message } of failed) console.log(message)
 */
export async function explore(options: ExploreOptions): Promise<Exploration> {
  if (currentWorld()) throw testkitError('ERR_X_NESTED_SIMULATION')
  validateObject(options, 'options')
  const { scenario, keep, onProgress = tellTerminal } = options
  const { seeds = 100, from = 1, until = 'failure', processes = availableParallelism() } = options
  const { runTimeoutMs = 60_000 } = options
  if (!(scenario instanceof URL)) validateString(scenario, 'options.scenario')
  if (keep !== undefined) validateString(keep, 'options.keep')
  validateFunction(onProgress, 'options.onProgress')
  validateUntil(until)
  validateInteger(seeds, 'options.seeds', 1, MOST_SEEDS)
  validateInteger(from, 'options.from', 0)
  validateInteger(processes, 'options.processes', 1)
  validateInteger(runTimeoutMs, 'options.runTimeoutMs', 1, 2 ** 31 - 1)
  const beganAt = hostNowMs()
  const kept = new KeptSeeds(keep)
  const queue = [...new Set([...kept.seeds, ...range(from, seeds)])]
  const total = queue.length
  const totals = { seeds: 0, virtualMs: 0, events: 0 }
  const failed: ExploredFailure[] = []
  let isBroken = false
  const isOver = () =>
    isBroken ||
    queue.length === 0 ||
    (until === 'failure' && failed.length > 0) ||
    (typeof until === 'object' && hostNowMs() - beganAt > until.ms)
  const work = async () => {
    const runner = new Runner(scenario, runTimeoutMs)
    try {
      while (!isOver()) {
        const outcome = await runner.run({ seed: queue.shift() as number, omit: [] })
        totals.seeds++
        totals.virtualMs += outcome.virtualMs
        totals.events += outcome.events
        kept.ran(outcome.seed, outcome.failure !== null)
        if (outcome.failure !== null) failed.push(describe(await shrink(outcome, each => runner.run(each))))
        onProgress(`${totals.seeds} of ${total} seeds, ${failed.length} failed`)
      }
    } catch (error) {
      isBroken = true
      throw error
    } finally {
      runner.end()
    }
  }
  await Promise.all(Array.from({ length: Math.min(processes, total) }, work))
  kept.write()
  return { ...totals, failed: failed.sort((one, other) => one.seed - other.seed) }
}

function describe(smallest: RunOutcome): ExploredFailure {
  const { seed, omit, failure, message, virtualMs } = smallest
  return {
    seed,
    failure: failure ?? '',
    message,
    misfortunes: keptOf(smallest),
    virtualMs,
    replay: replayLine(seed, omit),
  }
}

function range(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => from + index)
}

function validateUntil(until: unknown): void {
  if (until === 'failure' || until === 'end') return
  if (typeof until !== 'object' || until === null || !('ms' in until)) {
    throw codedError('ERR_INVALID_ARG_VALUE', 'options.until', until, "must be 'failure', 'end' or { ms }")
  }
  validateNumber(until.ms, 'options.until.ms', 0)
}

function tellTerminal(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${line}`)
}
