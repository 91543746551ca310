// Descriptors that a service manager has opened for this process (sd_listen_fds(3)). It knows what the environment says of them,
// and makes no servers.
import { fstatSync } from 'node:fs'
import { systemError, validateObject } from '@x/core/internal'
import { defaultTransport, type Transport } from '@x/core/transport'
import { type Environment, readNumber, readText, wrong } from './environment'

/** A descriptor that was opened for this process. */
export interface ServiceDescriptor {
  /** Its number, as `server.listen({ fd })` takes it. */
  readonly fd: number
  /**
   * `FileDescriptorName=` of its unit, or the name under which it was stored; `unknown` if the manager gives none.
   */
  readonly name: string
}

/** Where `takeListenFds` looks. */
export interface ListenFdsOptions {
  /** Default: `process.env`. */
  readonly env?: Environment
  /** Marks the descriptors as close-on-exec. Default: the transport of the process. */
  readonly transport?: Transport
}

const FIRST_FD = 3
const INT32_MAX = 2 ** 31 - 1
const VARIABLES = ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES', 'LISTEN_PIDFDID']
/** What a process tells the workers of its cluster: its pid, and what it has taken. */
const TAKEN = 'X_LISTEN_FDS_TAKEN'

/** What was taken is there for the second caller as well. */
const taken = new WeakMap<Environment, readonly ServiceDescriptor[]>()

/**
 * The descriptors that a service manager has opened for this process, in its order: sockets of a socket unit, and
 * descriptors stored with `storeDescriptors` before a restart. Empty if there is no such manager, or if they are for
 * another process (`LISTEN_PID`). Programs that this process starts do not get them: they are marked close-on-exec
 * (native transport), and the variables are removed. Each further call answers the same.
 *
 * In a worker of a cluster it answers what its primary has taken before it started the worker: `listen({ fd })` of a worker
 * means a descriptor of the primary.
 *
 * @throws `ERR_X_SERVICE_ENVIRONMENT` where the variables are malformed or contradict each other, or a descriptor is not open.
 * See sd_listen_fds(3).
 */
export function takeListenFds(options: ListenFdsOptions = {}): readonly ServiceDescriptor[] {
  validateObject(options, 'options')
  const { env = process.env, transport = defaultTransport() } = options
  validateObject(env, 'options.env')
  const before = taken.get(env) ?? ofPrimary(env)
  if (before !== null) return before
  let descriptors: readonly ServiceDescriptor[]
  try {
    descriptors = read(env)
  } finally {
    for (const variable of VARIABLES) delete env[variable]
  }
  for (const { fd } of descriptors) {
    const status = transport.descriptors?.closeOnExec(fd) ?? 0
    if (status < 0) throw systemError(status, 'fcntl')
  }
  taken.set(env, descriptors)
  if (descriptors.length > 0) env[TAKEN] = JSON.stringify([process.pid, descriptors])
  return descriptors
}

function read(env: Environment): readonly ServiceDescriptor[] {
  const pid = readNumber(env, 'LISTEN_PID', 1, INT32_MAX)
  const count = readNumber(env, 'LISTEN_FDS', 0, INT32_MAX - FIRST_FD)
  if (count === null || pid !== process.pid) return []
  const text = readText(env, 'LISTEN_FDNAMES')
  const names = text?.split(':')
  if (names !== undefined && names.length !== count && text !== '') {
    throw wrong(env, 'LISTEN_FDNAMES', `has ${names.length} names, but LISTEN_FDS is ${count}`)
  }
  const descriptors: ServiceDescriptor[] = []
  for (let fd = FIRST_FD; fd < FIRST_FD + count; fd++) {
    if (!isOpen(fd)) throw wrong(env, 'LISTEN_FDS', `counts descriptor ${fd}, which is not open`)
    descriptors.push({ fd, name: names?.[fd - FIRST_FD] || 'unknown' })
  }
  return descriptors
}

function isOpen(fd: number): boolean {
  try {
    fstatSync(fd, { bigint: true })
    return true
  } catch {
    return false
  }
}

/** What the primary of this worker has taken; null where there is none. */
function ofPrimary(env: Environment): readonly ServiceDescriptor[] | null {
  const text = env[TAKEN]
  if (text === undefined || process.connected !== true) return null
  try {
    const [pid, descriptors] = JSON.parse(text) as [number, readonly ServiceDescriptor[]]
    return pid === process.ppid ? descriptors : null
  } catch {
    throw wrong(env, TAKEN, 'is not what a primary has said')
  }
}
