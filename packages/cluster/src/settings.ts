// Settings of forked workers: what setupPrimary takes, and how a child is started from them.
import { type ChildProcess, type ForkOptions, fork } from 'node:child_process'
import type { PolicyChoice } from './policy'

/** How connections come to workers. */
export type Spread = PolicyChoice | 'shared' | 'reuse-port'

/** Options of `setupPrimary` (https://nodejs.org/api/cluster.html#clustersettings); `policy` is ours. */
export interface ClusterSettings {
  /** Arguments to the Node executable; `process.execArgv` unless told. */
  execArgv?: string[]
  /** File of the worker; `process.argv[1]` unless told. */
  exec?: string
  /** Arguments to the worker; `process.argv.slice(2)` unless told. */
  args?: string[]
  /** Working directory of the worker. */
  cwd?: string
  serialization?: 'json' | 'advanced'
  /** Pipe the worker's output to the primary's streams instead of sharing them. */
  silent?: boolean
  stdio?: ForkOptions['stdio']
  uid?: number
  gid?: number
  windowsHide?: boolean
  /** Inspector port of a worker, or a function that gives one; the primary's plus the worker's number unless told. */
  inspectPort?: number | (() => number)
  /**
   * How connections spread: a policy by which the primary hands them over (`'round-robin'` unless told), `'shared'` (all
   * workers accept on one socket, as with `SCHED_NONE`) or `'reuse-port'` (each has a socket of its own on the port).
   */
  policy?: Spread
}

/** Defaults, what was set before, and what is set now. */
export function mergeSettings(before: ClusterSettings, now: ClusterSettings | undefined): ClusterSettings {
  const settings: ClusterSettings = {
    args: process.argv.slice(2),
    exec: process.argv[1] ?? '',
    execArgv: process.execArgv,
    silent: false,
    ...before,
    ...now,
  }
  return settings
}

let nextInspectOffset = 0

/** Starts the process of worker `id`. `extraFd` becomes a further descriptor in the child; its number there is returned. */
export function startWorker(
  settings: ClusterSettings,
  env: NodeJS.ProcessEnv,
  extra: { readonly fd: number; readonly variable: string } | null,
): ChildProcess {
  const stdio = [...baseStdio(settings)]
  const childEnv: NodeJS.ProcessEnv = { ...process.env, ...env }
  if (extra) {
    childEnv[extra.variable] = String(stdio.length)
    stdio.push(extra.fd)
  }
  return fork(settings.exec as string, settings.args, {
    cwd: settings.cwd,
    env: childEnv,
    serialization: settings.serialization,
    silent: settings.silent,
    windowsHide: settings.windowsHide,
    execArgv: inspected(settings),
    stdio,
    gid: settings.gid,
    uid: settings.uid,
  })
}

type StdioList = Extract<ForkOptions['stdio'], readonly unknown[]>

function baseStdio(settings: ClusterSettings): StdioList {
  const { stdio } = settings
  if (Array.isArray(stdio)) return stdio
  const each = typeof stdio === 'string' ? stdio : settings.silent ? 'pipe' : 'inherit'
  return [each, each, each, 'ipc']
}

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
      : (inspectPort ?? process.debugPort + ++nextInspectOffset)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    const error = new RangeError(`options.inspectPort should be >= 0 and < 65536. Received ${String(port)}.`)
    throw Object.assign(error, { code: 'ERR_SOCKET_BAD_PORT' })
  }
  return [...execArgv, `--inspect-port=${port}`]
}
