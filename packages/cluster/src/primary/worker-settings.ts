// Settings of forked workers: what setupPrimary takes, and the arguments with which a child is started from them.
import type { ForkOptions } from 'node:child_process'
import { codedError, validateObject } from '@x/core/internal'
import type { Spread } from './policy'
import { readSpread } from './policy'

/** Options of `setupPrimary` (https://nodejs.org/api/cluster.html#clustersettings); `policy` is ours. */
export interface ClusterSettings {
  /** Arguments to the Node executable. Default: `process.execArgv`. */
  execArgv?: string[]
  /** File of the worker. Default: `process.argv[1]`. */
  exec?: string
  /** Arguments to the worker. Default: `process.argv.slice(2)`. */
  args?: readonly string[]
  /** Working directory of the worker. Default: the primary's. */
  cwd?: string
  /** How messages are serialized. Default: `'json'`. */
  serialization?: 'json' | 'advanced'
  /** Pipe the worker's output to the primary's streams instead of sharing them. Default: false. */
  silent?: boolean
  stdio?: ForkOptions['stdio']
  /** User and group of the worker. Default: the primary's. */
  uid?: number
  gid?: number
  windowsHide?: boolean
  /** Inspector port of a worker, or a function that returns one. Default: the primary's plus the worker's id. */
  inspectPort?: number | (() => number)
  /** How connections are distributed. Default: `'round-robin'`. */
  policy?: Spread
}

/** Defaults, what was set before, and what is set now. Throws as `readSpread` for a wrong policy. */
export function mergeSettings(before: ClusterSettings, now: ClusterSettings | undefined): ClusterSettings {
  if (now !== undefined && now !== null) validateObject(now, 'settings')
  return {
    args: process.argv.slice(2),
    exec: process.argv[1] ?? '',
    execArgv: process.execArgv,
    silent: false,
    ...before,
    ...now,
    ...(now?.policy !== undefined && { policy: readSpread(now.policy) }),
  }
}

/** What a child is started with. */
export interface SpawnArguments {
  readonly file: string
  readonly args: readonly string[]
  readonly options: ForkOptions
}

/**
 * How the process of a worker is started. `extra` becomes a further descriptor in the child; the variable tells it which.
 * Throws `ERR_SOCKET_BAD_PORT` for a wrong `inspectPort`.
 */
export function spawnArguments(
  settings: ClusterSettings,
  env: NodeJS.ProcessEnv,
  extra: { readonly fd: number; readonly variable: string } | null,
): SpawnArguments {
  const stdio = [...baseStdio(settings)]
  const childEnv: NodeJS.ProcessEnv = { ...process.env, ...env }
  if (extra) {
    childEnv[extra.variable] = String(stdio.length)
    stdio.push(extra.fd)
  }
  const { cwd, serialization, silent, windowsHide, gid, uid } = settings
  const execArgv = inspected(settings)
  return {
    file: settings.exec as string,
    args: settings.args ?? [],
    options: { cwd, env: childEnv, serialization, silent, windowsHide, execArgv, stdio, gid, uid },
  }
}

type StdioList = Extract<ForkOptions['stdio'], readonly unknown[]>

function baseStdio(settings: ClusterSettings): StdioList {
  const { stdio } = settings
  if (Array.isArray(stdio)) return stdio
  const each = typeof stdio === 'string' ? stdio : settings.silent ? 'pipe' : 'inherit'
  return [each, each, each, 'ipc']
}

let lastInspectOffset = 0

/** A worker of an inspected primary gets a port of its own. */
function inspected(settings: ClusterSettings): string[] {
  const execArgv = settings.execArgv ?? []
  if (!execArgv.some(arg => /^--(?:inspect|debug)(?:-brk|-port|-wait)?(?:=|$)/.test(arg)))
    return [...execArgv]
  const { inspectPort } = settings
  if (typeof inspectPort === 'number' && inspectPort === 0) return [...execArgv, '--inspect-port=0']
  const port =
    typeof inspectPort === 'function'
      ? inspectPort()
      : (inspectPort ?? process.debugPort + ++lastInspectOffset)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw codedError('ERR_SOCKET_BAD_PORT', 'options.inspectPort', port, true)
  }
  return [...execArgv, `--inspect-port=${port}`]
}
