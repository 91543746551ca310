// Paths for local sockets in tests: private, short enough, and gone afterwards. It opens no socket.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { codedError, validateString } from '@x/core/internal'

/** A place for a local socket. */
export interface TempEndpoint {
  /** For `server.listen(path)` and `connect(path)`. */
  readonly path: string
  /** Removes it; the process's end does it too. */
  release(): void
  [Symbol.dispose](): void
}

const PREFIX = 'x-tk-'

const folders = new Set<string>()
let isWatchingExit = false
let count = 0

/**
 * A unique path for a local socket: in a folder of its own that only this user can enter, or a pipe name on Windows.
 * Folders left by killed processes are removed by later calls.
 *
 * @param name a word that makes it readable; default `socket`
 * @throws the file system's error where the temporary folder cannot be written, `ERR_OUT_OF_RANGE` where the path would be
 * longer than a socket's may be (107 bytes on Linux, 103 on macOS; unix(7))
 */
export function tempEndpoint(name = 'socket'): TempEndpoint {
  validateString(name, 'name')
  if (!/^[^/\\\0]+$/.test(name) || /^\.\.?$/.test(name)) {
    throw codedError('ERR_INVALID_ARG_VALUE', 'name', name, 'is no name of a file')
  }
  if (process.platform === 'win32') {
    count++
    return endpoint(`\\\\.\\pipe\\${PREFIX}${process.pid}-${count}-${name}`, () => {})
  }
  watchExit()
  const folder = mkdtempSync(path.join(tmpdir(), `${PREFIX}${process.pid}-`))
  const at = path.join(folder, name)
  const limit = process.platform === 'linux' ? 107 : 103
  if (Buffer.byteLength(at) > limit) {
    rmSync(folder, { recursive: true })
    throw codedError('ERR_OUT_OF_RANGE', 'name', `a path of at most ${limit} bytes`, at)
  }
  folders.add(folder)
  return endpoint(at, () => {
    folders.delete(folder)
    rmSync(folder, { recursive: true, force: true })
  })
}

function endpoint(at: string, release: () => void): TempEndpoint {
  return { path: at, release, [Symbol.dispose]: release }
}

function watchExit(): void {
  if (isWatchingExit) return
  isWatchingExit = true
  process.once('exit', () => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true })
  })
  for (const entry of readdirSync(tmpdir())) {
    const owner = new RegExp(`^${PREFIX}(\\d+)-`).exec(entry)?.[1]
    if (owner !== undefined && !isRunning(Number(owner))) clear(path.join(tmpdir(), entry))
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Somebody else's, and so not ours to clear.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function clear(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true })
  } catch {
    // Another user's, or being cleared by another process.
  }
}
