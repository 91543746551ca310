// A lock beside a socket path, held by flock(2): the kernel lets go of it when the process dies, however it dies. It does
// not know what it protects.
import { spawnSync } from 'node:child_process'
import { closeSync, constants, fstatSync, lstatSync, openSync, type Stats, unlinkSync } from 'node:fs'
import { abortError, codedError } from '@x/core/internal'
import { errno, type Transport } from '@x/core/transport'
import { ipcError } from '../errors/codes'
import { delay, monotonicMs } from '../host'

const EAGAIN = errno('EAGAIN')
const FIRST_WAIT_MS = 1
const MOST_WAIT_MS = 50

// open(2) of macOS and the BSDs takes the lock itself; Node has no name for the flag (sys/fcntl.h).
const O_EXLOCK = 0x20
const LOCKING_OPEN: ReadonlySet<NodeJS.Platform> = new Set(['darwin', 'freebsd', 'openbsd', 'netbsd'])

/** Lets go of the lock, and removes its file. */
export type Unlock = () => void

/**
 * Waits for the lock of `path`: a file of mode 0600 beside it, its name with `.lock` added. What a killed process leaves
 * of it, an unlocked file, the next one takes.
 *
 * @throws (rejects) `ERR_X_LOCK_TIMEOUT`, `ABORT_ERR`, `ERR_X_UNSAFE_PATH` (the file is somebody else's), `ERR_X_UNSUPPORTED` (no way to
 * lock here), the system's errors for the file.
 */
export async function acquireLock(
  path: string,
  transport: Transport,
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal | undefined },
): Promise<Unlock> {
  const file = `${path}.lock`
  const giveUpAt = monotonicMs() + timeoutMs
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, MOST_WAIT_MS)) {
    if (signal?.aborted) throw abortError(signal.reason)
    const fd = tryLock(file, transport)
    if (fd !== null) return () => unlock(file, fd)
    if (monotonicMs() >= giveUpAt) throw ipcError('ERR_X_LOCK_TIMEOUT', file, timeoutMs)
    // Two that wait do not stay in step.
    await delay(waitMs * (0.5 + Math.random()))
  }
}

/** The locked descriptor; null where another process has it, or had it a moment ago. */
function tryLock(file: string, transport: Transport): number | null {
  const fd = open(file)
  if (fd === null) return null
  let isOurs = false
  try {
    const stat = fstatSync(fd)
    if (!stat.isFile()) throw ipcError('ERR_X_UNSAFE_PATH', file, 'is no file')
    if (stat.uid !== process.geteuid!()) {
      throw ipcError('ERR_X_UNSAFE_PATH', file, `belongs to user ${stat.uid}`)
    }
    // Who had the lock before may have removed the file: a lock on a file that is not there excludes nobody.
    isOurs = lock(fd, transport) && isAt(file, stat.dev, stat.ino)
    return isOurs ? fd : null
  } finally {
    if (!isOurs) closeSync(fd)
  }
}

function open(file: string): number | null {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK
  const locking = LOCKING_OPEN.has(process.platform) ? O_EXLOCK : 0
  try {
    return openSync(file, flags | locking, 0o600)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EAGAIN' || code === 'EWOULDBLOCK') return null
    const what = describeOccupant(file)
    throw what === null ? error : ipcError('ERR_X_UNSAFE_PATH', file, what)
  }
}

/** Why what stands at the lock's path cannot be a lock of ours; null where it may be one. */
function describeOccupant(file: string): string | null {
  let stat: Stats
  try {
    stat = lstatSync(file)
  } catch {
    return null
  }
  if (stat.isFile()) return stat.uid === process.geteuid!() ? null : `belongs to user ${stat.uid}`
  if (stat.isSymbolicLink()) return 'is a symbolic link'
  if (stat.isDirectory()) return 'is a folder'
  if (stat.isSocket()) return 'is a socket'
  return 'is no file'
}

function lock(fd: number, transport: Transport): boolean {
  if (LOCKING_OPEN.has(process.platform)) return true
  if (transport.descriptors !== null) {
    const status = transport.descriptors.lockFile(fd)
    if (status < 0 && status !== EAGAIN)
      throw codedError('ERR_X_UNSUPPORTED', transport.name, 'locks on files')
    return status >= 0
  }
  // flock(1) locks the open file that it inherits, which is ours: the lock outlives it. Its code for "busy" is 1.
  const { status } = spawnSync('flock', ['-n', '3'], { stdio: ['ignore', 'ignore', 'ignore', fd] })
  if (status !== 0 && status !== 1) {
    throw codedError(
      'ERR_X_UNSUPPORTED',
      transport.name,
      'locks on files (there is no flock program, either)',
    )
  }
  return status === 0
}

function isAt(file: string, dev: number, ino: number): boolean {
  try {
    const stat = lstatSync(file)
    return stat.dev === dev && stat.ino === ino
  } catch {
    return false
  }
}

function unlock(file: string, fd: number): void {
  try {
    // While the lock is held, so that nobody has locked it since.
    unlinkSync(file)
  } catch {
    // Somebody cleaned up; the lock goes with the descriptor.
  }
  closeSync(fd)
}
