// Options of startCluster, their defaults, and what is wrong with them.
import { availableParallelism } from 'node:os'
import type { ListeningInfo } from '../control/messages'
import { toPolicy } from '../policy'
import type { ClusterSettings, Spread } from '../settings'
import type { Worker } from '../worker'
import type { RestartOptions } from './back-off'

/** How a worker that hangs is found. */
export interface HealthOptions {
  /** Milliseconds between questions; 1,000 unless told. */
  readonly intervalMs?: number
  /** Milliseconds without an answer after which a worker is killed and replaced; 10,000 unless told. */
  readonly deadlineMs?: number
}

/** What `startCluster` runs, in how many workers, and how it looks after them. */
export interface StartOptions extends Omit<ClusterSettings, 'policy'> {
  /** File that each worker runs. */
  exec: string
  /** How many; the number of processors unless told. */
  workers?: number
  /** Environment variables for the workers, beside the primary's own. */
  env?: NodeJS.ProcessEnv
  /** How connections spread; `'round-robin'` unless told. */
  policy?: Spread
  /** Weight of each worker, by its place from 0; 1 unless told. */
  weight?: (place: number) => number
  /** What shows that a worker can serve: its first `'listening'`, or its call of `cluster.worker.ready()`. */
  readyOn?: 'listening' | 'call'
  /** Milliseconds that a worker has to become ready; 30,000 unless told. */
  readyTimeoutMs?: number
  /** Milliseconds that a drained worker's connections have to end by themselves; 30,000 unless told. */
  drainTimeoutMs?: number
  /** Restarts of workers that fall; false for none. */
  restart?: RestartOptions | false
  /** Workers that do not answer are replaced; false for no questions (then no memory and lag in `status()` either). */
  health?: HealthOptions | false
  /** SIGTERM and SIGINT drain and stop (a second one hurries), SIGHUP reloads. False unless told. */
  signals?: boolean
  /** Hears every message of every worker from the first on; later ones also come as `'message'` events. */
  onMessage?: (worker: Worker, message: unknown, handle: unknown) => void
  /** Hears of every server of every worker that listens, from the first on. */
  onListening?: (worker: Worker, info: ListeningInfo) => void
}

export interface Plan extends StartOptions {
  readonly workers: number
  readonly policy: Spread
  readonly weight: (place: number) => number
  readonly readyOn: 'listening' | 'call'
  readonly readyTimeoutMs: number
  readonly drainTimeoutMs: number
  readonly signals: boolean
}

/** Throws `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE` or `ERR_OUT_OF_RANGE` for options that cannot be meant. */
export function planOf(options: StartOptions): Plan {
  if (typeof options?.exec !== 'string' || options.exec === '') {
    throw Object.assign(
      new TypeError("The 'exec' option must be the path of the file that each worker runs"),
      {
        code: 'ERR_INVALID_ARG_TYPE',
      },
    )
  }
  const plan: Plan = {
    ...options,
    workers: options.workers ?? availableParallelism(),
    policy: options.policy ?? 'round-robin',
    weight: options.weight ?? (() => 1),
    readyOn: options.readyOn ?? 'listening',
    readyTimeoutMs: options.readyTimeoutMs ?? 30_000,
    drainTimeoutMs: options.drainTimeoutMs ?? 30_000,
    signals: options.signals ?? false,
  }
  if (plan.policy !== 'shared' && plan.policy !== 'reuse-port') toPolicy(plan.policy)
  for (const name of ['workers', 'readyTimeoutMs', 'drainTimeoutMs'] as const) checkCount(name, plan[name])
  return plan
}

/** Throws `ERR_OUT_OF_RANGE` unless it is a whole number of 0 or more. */
export function checkCount(name: string, value: number): void {
  if (Number.isInteger(value) && value >= 0) return
  throw Object.assign(
    new RangeError(`The '${name}' option must be a whole number of 0 or more. Received ${value}`),
    {
      code: 'ERR_OUT_OF_RANGE',
    },
  )
}
