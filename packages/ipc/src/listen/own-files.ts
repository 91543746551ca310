// Socket files that this process has made and still serves: removed when it exits, and only those. It opens nothing.
import { linkSync, renameSync, unlinkSync } from 'node:fs'
import { type FileIdentity, identify, isSameFile } from './occupant'

const files = new Map<string, FileIdentity>()
let isHooked = false

/** Remembers the file that was just made at this path. */
export function ownFile(path: string): FileIdentity | null {
  const identity = identify(path)
  if (identity === null) return null
  files.set(path, identity)
  if (!isHooked) {
    isHooked = true
    process.on('exit', removeAll)
  }
  return identity
}

/**
 * Removes the file where it still is the one that was made; a successor's stays. To be called while its socket is open:
 * until then the system gives its inode to no other file.
 */
export function removeOwnFile(path: string, identity: FileIdentity): void {
  disownFile(path, identity)
  if (isSameFile(path, identity)) remove(path)
}

/** The file is another process's from now on, or gone. */
export function disownFile(path: string, identity: FileIdentity): void {
  const known = files.get(path)
  if (known?.dev === identity.dev && known.ino === identity.ino) files.delete(path)
}

/**
 * Calls `close`, which removes whatever stands at the path, so that what is not ours comes back unharmed: under a second
 * name it outlives the removal.
 */
export function closeSparing(path: string, identity: FileIdentity, close: () => void): void {
  const other = identify(path)
  if (other === null || (other.dev === identity.dev && other.ino === identity.ino)) {
    close()
    return
  }
  const spare = `${path}.${process.pid}.spare`
  try {
    linkSync(path, spare)
  } catch {
    close()
    return
  }
  close()
  // rename(2) does nothing where both names are the same file: then nothing was removed, and the spare one goes.
  renameSync(spare, path)
  remove(spare)
}

function removeAll(): void {
  for (const [path, identity] of files) {
    if (isSameFile(path, identity)) remove(path)
  }
}

function remove(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // Somebody else was faster.
  }
}
