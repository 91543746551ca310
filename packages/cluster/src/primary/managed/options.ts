// Options of startCluster, their defaults, and what is wrong with them.
import { availableParallelism } from 'node:os'
import {
  codedError,
  validateBoolean,
  validateFunction,
  validateInteger,
  validateNumber,
  validateObject,
  validateOneOf,
  validateString,
} from '@x/core/internal'
import { MAX_DELAY_MS } from '../../both/host'
import type { ListeningInfo } from '../../both/messages'
import type { Worker } from '../../both/worker'
import { readSpread, type Spread } from '../policy'
import type { ClusterSettings } from '../worker-settings'
import type { RestartOptions } from './back-off'

/** How hanging workers are detected. */
export interface HealthOptions {
  /** Milliseconds between health checks. Default: 1,000. */
  readonly intervalMs?: number
  /**
   * Milliseconds without an answer after which a worker is killed and replaced; time during which the primary itself was
   * blocked does not count. Default: 10,000.
   */
  readonly deadlineMs?: number
}

/** How long a drain may take. */
export interface DrainOptions {
  /** Milliseconds for connections to end by themselves. Default: `drainTimeoutMs` of the cluster. */
  readonly timeoutMs?: number
  /**
   * Milliseconds in which an idle HTTP connection may send one more request, which is answered with `Connection: close`;
   * then it is closed. Default: `drainIdleMs` of the cluster.
   */
  readonly idleMs?: number
}

/** Options of `startCluster`. */
export interface StartOptions<FromWorker = unknown> extends ClusterSettings {
  /** File that each worker runs. */
  exec: string
  /** Number of workers, 0 to 1,024. Default: the number of processors. */
  workers?: number
  /** Environment variables for the workers, in addition to the primary's. */
  env?: NodeJS.ProcessEnv
  /** How connections are distributed. Default: `'round-robin'`. */
  policy?: Spread
  /** Weight of the worker in a place (from 0): a number above 0. Default: 1. */
  weight?: (place: number) => number
  /** When a worker counts as ready: at its first `'listening'` (the default), or when it calls `cluster.worker.ready()`. */
  readyOn?: 'listening' | 'call'
  /** Milliseconds for a worker to become ready. Default: 30,000. */
  readyTimeoutMs?: number
  /** Milliseconds for a drained worker's connections to end by themselves. Default: 30,000. */
  drainTimeoutMs?: number
  /** Milliseconds for one more request on a drained worker's idle HTTP connections. Default: 5,000. */
  drainIdleMs?: number
  /** Restarts of workers that end unexpectedly; false for none. */
  restart?: RestartOptions | false
  /** Health checks of workers; false for none (then `status()` has no memory and lag either). */
  health?: HealthOptions | false
  /**
   * SIGTERM and SIGINT drain and stop the cluster (a second one at once), SIGHUP reloads it. Workers ignore these signals,
   * which often reach the whole process group. Default: false.
   */
  signals?: boolean
  /** Called with every message of every worker, also before `startCluster` resolves; later `'message'` is emitted too. */
  onMessage?: (worker: Worker, message: FromWorker, handle: unknown) => void
  /** Called for every server of every worker that listens, also before `startCluster` resolves. */
  onListening?: (worker: Worker, info: ListeningInfo) => void
}

/** The options with their defaults. */
export interface Plan {
  readonly settings: ClusterSettings
  readonly env: NodeJS.ProcessEnv
  readonly workers: number
  readonly spread: Spread
  readonly weight: (place: number) => number
  readonly readyOn: 'listening' | 'call'
  readonly readyTimeoutMs: number
  readonly drainTimeoutMs: number
  readonly drainIdleMs: number
  readonly restart: Required<RestartOptions> | false
  readonly health: Required<HealthOptions> | false
  readonly signals: boolean
  readonly onMessage: ((worker: Worker, message: unknown, handle: unknown) => void) | undefined
  readonly onListening: ((worker: Worker, info: ListeningInfo) => void) | undefined
}

const MOST_WORKERS = 1024

/** Throws `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE` or `ERR_OUT_OF_RANGE` for options that cannot be meant. */
export function planOf<FromWorker>(options: StartOptions<FromWorker>): Plan {
  validateObject(options, 'options')
  const { onMessage, onListening } = options
  if (onMessage !== undefined) validateFunction(onMessage, 'options.onMessage')
  if (onListening !== undefined) validateFunction(onListening, 'options.onListening')
  const { readyOn = 'listening', signals = false, weight = () => 1, policy = 'round-robin' } = options
  validateOneOf(readyOn, 'options.readyOn', ['listening', 'call'])
  validateBoolean(signals, 'options.signals')
  validateFunction(weight, 'options.weight')
  return {
    settings: settingsOf(options),
    env: envOf(options.env),
    workers: checkedWorkers(options.workers ?? availableParallelism()),
    spread: readSpread(policy),
    weight: place => checkedWeight(weight(place)),
    readyOn,
    readyTimeoutMs: milliseconds(options.readyTimeoutMs ?? 30_000, 'options.readyTimeoutMs'),
    drainTimeoutMs: milliseconds(options.drainTimeoutMs ?? 30_000, 'options.drainTimeoutMs'),
    drainIdleMs: milliseconds(options.drainIdleMs ?? 5_000, 'options.drainIdleMs'),
    restart: restartOf(options.restart),
    health: healthOf(options.health),
    signals,
    onMessage: onMessage as Plan['onMessage'],
    onListening,
  }
}

/** A number of workers, or `ERR_OUT_OF_RANGE`, `ERR_INVALID_ARG_TYPE`. */
export function checkedWorkers(workers: number): number {
  validateInteger(workers, 'workers', 0, MOST_WORKERS)
  return workers
}

/** Deadlines of a drain, with the cluster's defaults. Throws `ERR_OUT_OF_RANGE`, `ERR_INVALID_ARG_TYPE`. */
export function drainTimes(options: number | DrainOptions | undefined, plan: Plan): Required<DrainOptions> {
  const given = typeof options === 'number' ? { timeoutMs: options } : (options ?? {})
  validateObject(given, 'options')
  return {
    timeoutMs: milliseconds(given.timeoutMs ?? plan.drainTimeoutMs, 'timeoutMs'),
    idleMs: milliseconds(given.idleMs ?? plan.drainIdleMs, 'idleMs'),
  }
}

function checkedWeight(weight: number): number {
  validateNumber(weight, 'weight')
  if (weight > 0 && Number.isFinite(weight)) return weight
  throw codedError('ERR_OUT_OF_RANGE', 'weight', 'a finite number above 0', weight)
}

function milliseconds(value: number, name: string, least = 0): number {
  validateInteger(value, name, least, MAX_DELAY_MS)
  return value
}

function settingsOf(options: StartOptions<never>): ClusterSettings {
  const { exec, args, execArgv, cwd, silent, stdio, uid, gid, serialization, windowsHide, inspectPort } =
    options
  validateString(exec, 'options.exec')
  if (exec === '') throw codedError('ERR_INVALID_ARG_VALUE', 'options.exec', exec, 'must name a file')
  const settings: ClusterSettings = {
    exec,
    args: args ?? process.argv.slice(2),
    execArgv: execArgv ?? process.execArgv,
  }
  strings(settings.args, 'options.args')
  strings(settings.execArgv, 'options.execArgv')
  if (cwd !== undefined) {
    validateString(cwd, 'options.cwd')
    settings.cwd = cwd
  }
  if (silent !== undefined) {
    validateBoolean(silent, 'options.silent')
    settings.silent = silent
  }
  if (serialization !== undefined) {
    validateOneOf(serialization, 'options.serialization', ['json', 'advanced'])
    settings.serialization = serialization
  }
  if (uid !== undefined) settings.uid = id(uid, 'options.uid')
  if (gid !== undefined) settings.gid = id(gid, 'options.gid')
  if (stdio !== undefined) settings.stdio = stdio
  if (windowsHide !== undefined) settings.windowsHide = windowsHide
  if (inspectPort !== undefined) settings.inspectPort = inspectPort
  return settings
}

function id(value: number, name: string): number {
  validateInteger(value, name, 0, 2 ** 32 - 1)
  return value
}

function strings(list: readonly string[] | undefined, name: string): void {
  if (Array.isArray(list) && list.every(each => typeof each === 'string')) return
  throw codedError('ERR_INVALID_ARG_TYPE', name, 'an array of strings', list)
}

function envOf(env: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  validateObject(env, 'options.env')
  return env
}

function restartOf(options: RestartOptions | false = {}): Required<RestartOptions> | false {
  if (options === false) return false
  validateObject(options, 'options.restart')
  const { minDelayMs = 100, jitter = 0.2, maxFailures = 10, windowMs = 60_000 } = options
  const { maxDelayMs = Math.max(30_000, minDelayMs) } = options
  milliseconds(minDelayMs, 'options.restart.minDelayMs')
  // Half of what a timer takes: jitter makes it longer.
  validateInteger(maxDelayMs, 'options.restart.maxDelayMs', minDelayMs, Math.floor(MAX_DELAY_MS / 2))
  validateNumber(jitter, 'options.restart.jitter', 0, 1)
  if (maxFailures !== Number.POSITIVE_INFINITY) validateInteger(maxFailures, 'options.restart.maxFailures', 0)
  milliseconds(windowMs, 'options.restart.windowMs')
  return { minDelayMs, maxDelayMs, jitter, maxFailures, windowMs }
}

function healthOf(options: HealthOptions | false = {}): Required<HealthOptions> | false {
  if (options === false) return false
  validateObject(options, 'options.health')
  const { intervalMs = 1_000, deadlineMs = 10_000 } = options
  milliseconds(intervalMs, 'options.health.intervalMs', 1)
  milliseconds(deadlineMs, 'options.health.deadlineMs', 1)
  return { intervalMs, deadlineMs }
}
