// What a process tells its service manager (sd_notify(3)): datagrams to the socket that `NOTIFY_SOCKET` names, one after the
// other. It knows what is said, and not why.
import { codedError, systemError, validateInteger, validateObject } from '@x/core/internal'
import { defaultTransport, errno, type Transport } from '@x/core/transport'
import { delay, monotonicMs, systemMicroseconds } from '../host'
import { type Environment, readText, wrong } from './environment'

/** States to report; one message may contain several. */
export interface ServiceState {
  /** The service is up, or up again after a reload (`READY=1`). */
  readonly ready?: true
  /** It begins to reload (`RELOADING=1`, with the time, as `Type=notify-reload` wants it). `ready` ends that. */
  readonly reloading?: true
  /** It begins to stop (`STOPPING=1`). */
  readonly stopping?: true
  /** It is alive (`WATCHDOG=1`), or has failed and is to be treated as one that hangs (`WATCHDOG=trigger`). */
  readonly watchdog?: true | 'trigger'
  /** A status line for people (`STATUS=`). */
  readonly status?: string
  /** The process that the manager is to watch from now on (`MAINPID=`). */
  readonly mainPid?: number
  /** The number of a system error, positive (`ERRNO=`). */
  readonly errno?: number
  /** Milliseconds more for the start, the reload or the stop under way (`EXTEND_TIMEOUT_USEC=`). */
  readonly extendTimeoutMs?: number
}

/** The destination of a message. */
export interface NotifyOptions {
  /** Default: `process.env`, whose `NOTIFY_SOCKET` names the manager's socket. */
  readonly env?: Environment
  /** Default: the transport of the process. */
  readonly transport?: Transport
}

const INT32_MAX = 2 ** 31 - 1
const FIRST_WAIT_MS = 1
const LONGEST_WAIT_MS = 100
const GIVE_UP_MS = 5000
/** The manager is behind, or the system is short of something: it is tried again. */
const SHORTAGES: ReadonlySet<number> = new Set(
  ['EAGAIN', 'ENOBUFS', 'ENOMEM', 'EMFILE', 'ENFILE', 'ETOOMANYREFS'].map(errno),
)

/** Messages that are being sent, in order; each waits for the one before. */
let last: Promise<unknown> | null = null

/**
 * Reports the state of this process to the service manager. Resolves with true once the manager's socket has the
 * message, with false if there is no manager. Messages keep the order of the calls; the first is sent before the call
 * returns, if the manager takes it.
 *
 * @throws `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`; `ERR_X_SERVICE_ENVIRONMENT` where `NOTIFY_SOCKET` names no
 * socket that there can be; `ERR_X_UNSUPPORTED` on a transport without descriptors. Rejects with `ENOENT`, `ECONNREFUSED` (the
 * manager is gone), `EAGAIN` (it has read nothing for five seconds). See sd_notify(3).
 */
export function notify(state: ServiceState, options: NotifyOptions = {}): Promise<boolean> {
  validateObject(state, 'state')
  return sendLines(linesOf(state), [], options)
}

/** Sends these lines in one message, with the descriptors beside them. As `notify`. */
export function sendLines(
  lines: readonly string[],
  fds: readonly number[],
  options: NotifyOptions,
): Promise<boolean> {
  validateObject(options, 'options')
  const { env = process.env, transport = defaultTransport() } = options
  validateObject(env, 'options.env')
  const path = socketPath(env)
  if (path === null) return Promise.resolve(false)
  const operations = transport.descriptors
  if (operations === null) throw codedError('ERR_X_UNSUPPORTED', transport.name, 'a service manager')
  const data = Buffer.from(lines.join('\n'))
  const attempt = () => operations.sendDatagram(path, data, fds)
  if (last === null) {
    const status = attempt()
    if (status >= 0) return Promise.resolve(true)
    if (!SHORTAGES.has(status)) return Promise.reject(systemError(status, 'sendmsg'))
  }
  const before = last ?? Promise.resolve()
  const sent = before.then(() => persist(attempt))
  const quiet = sent.catch(() => {})
  last = quiet
  void quiet.then(() => {
    if (last === quiet) last = null
  })
  return sent
}

async function persist(attempt: () => number): Promise<boolean> {
  const untilMs = monotonicMs() + GIVE_UP_MS
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
    const status = attempt()
    if (status >= 0) return true
    if (!SHORTAGES.has(status) || monotonicMs() > untilMs) throw systemError(status, 'sendmsg')
    await delay(waitMs)
  }
}

/** The path of the manager's socket, an abstract name after a NUL; null where there is no manager. */
function socketPath(env: Environment): string | null {
  const given = readText(env, 'NOTIFY_SOCKET')
  if (given === undefined || given === '') return null
  if (given.startsWith('@') && given.length > 1) return `\0${given.slice(1)}`
  if (given.startsWith('/')) return given
  throw wrong(env, 'NOTIFY_SOCKET', 'is neither an absolute path nor an abstract name')
}

function linesOf(state: ServiceState): readonly string[] {
  const { ready, reloading, stopping, watchdog, status, mainPid, errno: number, extendTimeoutMs } = state
  const lines: string[] = []
  const flag = (name: string, value: unknown) => {
    if (value === undefined) return
    if (value !== true)
      throw codedError('ERR_INVALID_ARG_VALUE', `state.${name.toLowerCase()}`, value, 'must be true')
    lines.push(`${name}=1`)
  }
  const whole = (line: string, name: string, value: number | undefined, factor = 1) => {
    if (value === undefined) return
    validateInteger(value, `state.${name}`, 1, INT32_MAX)
    lines.push(`${line}=${value * factor}`)
  }
  flag('READY', ready)
  flag('RELOADING', reloading)
  if (reloading !== undefined) lines.push(`MONOTONIC_USEC=${systemMicroseconds()}`)
  flag('STOPPING', stopping)
  if (watchdog === 'trigger') lines.push('WATCHDOG=trigger')
  else flag('WATCHDOG', watchdog)
  if (status !== undefined) lines.push(`STATUS=${oneLine(status, 'state.status')}`)
  whole('MAINPID', 'mainPid', mainPid)
  whole('ERRNO', 'errno', number)
  whole('EXTEND_TIMEOUT_USEC', 'extendTimeoutMs', extendTimeoutMs, 1000)
  if (lines.length > 0) return lines
  throw codedError('ERR_INVALID_ARG_VALUE', 'state', state, 'says nothing')
}

/** What would end its line would begin another one, which the manager takes for a word of ours. */
export function oneLine(text: unknown, name: string): string {
  if (typeof text !== 'string') throw codedError('ERR_INVALID_ARG_TYPE', name, 'string', text)
  if (/[\n\0]/.test(text)) throw codedError('ERR_INVALID_ARG_VALUE', name, text, 'must be one line')
  return text
}
