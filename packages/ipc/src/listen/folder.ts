// Whether a folder is a safe place for a socket: who may put files there, and who may swap it for another. It makes the
// user's private folder; it binds nothing.
import { lstatSync, mkdirSync, readlinkSync, type Stats } from 'node:fs'
import path from 'node:path'
import { ipcError } from '../errors/codes'

const OTHERS_WRITE = 0o022
const STICKY = 0o1000
const ANY_BUT_OWNER = 0o077
// Linux follows 40 links and then gives up (path_resolution(7)).
const MOST_LINKS = 40

/**
 * Makes the user's private folder where it is missing, and checks it: a folder, no link, ours, mode 0700.
 *
 * @throws `ERR_X_UNSAFE_PATH`; the system's error where it cannot be made.
 */
export function makePrivateFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  checkPrivateFolder(folder)
}

/** As `makePrivateFolder`, but makes nothing: a client must not follow a folder that somebody else has laid out. */
export function checkPrivateFolder(folder: string): void {
  const stat = lstatSync(folder)
  if (stat.isSymbolicLink()) throw ipcError('ERR_X_UNSAFE_PATH', folder, 'is a symbolic link')
  if (!stat.isDirectory()) throw ipcError('ERR_X_UNSAFE_PATH', folder, 'is no folder')
  if (stat.uid !== process.geteuid!())
    throw ipcError('ERR_X_UNSAFE_PATH', folder, `belongs to user ${stat.uid}`)
  if ((stat.mode & ANY_BUT_OWNER) !== 0) {
    throw ipcError('ERR_X_UNSAFE_PATH', folder, `has mode ${octal(stat)}, not 0700`)
  }
}

/**
 * Checks the folder that a socket is to be made in, and each folder and link on the way to it: all must belong to root or
 * to us; none may be writable by others, but for sticky ones (`/tmp`) on the way, in which nobody can swap what is ours.
 * `isShared`: others may write to the last one.
 *
 * @throws `ERR_X_UNSAFE_PATH`; `ENOENT`, `ENOTDIR`, `EACCES`, `ELOOP` as the system has them.
 */
export function checkFolder(folder: string, isShared: boolean): void {
  const us = process.geteuid!()
  let links = 0
  let at = '/'
  const rest = path.resolve(folder).split('/').filter(Boolean)
  checkDirectory('/', lstatSync('/'), us, rest.length === 0, isShared)
  while (rest.length > 0) {
    const next = path.join(at, rest.shift()!)
    const stat = lstatSync(next)
    if (stat.isSymbolicLink()) {
      if (!isTrusted(stat, us)) {
        throw ipcError('ERR_X_UNSAFE_PATH', next, `is a symbolic link of user ${stat.uid}`)
      }
      if (++links > MOST_LINKS) throw ipcError('ERR_X_UNSAFE_PATH', folder, 'has too many symbolic links')
      const target = readlinkSync(next)
      rest.unshift(...target.split('/').filter(part => part !== '' && part !== '.'))
      if (target.startsWith('/')) at = '/'
      continue
    }
    if (!stat.isDirectory()) throw ipcError('ERR_X_UNSAFE_PATH', next, 'is no folder')
    checkDirectory(next, stat, us, rest.length === 0, isShared)
    at = next
  }
}

function checkDirectory(at: string, stat: Stats, us: number, isLast: boolean, isShared: boolean): void {
  if (isLast && isShared) return
  if (!isTrusted(stat, us)) throw ipcError('ERR_X_UNSAFE_PATH', at, `belongs to user ${stat.uid}`)
  if ((stat.mode & OTHERS_WRITE) === 0) return
  if (!isLast && (stat.mode & STICKY) !== 0) return
  throw ipcError('ERR_X_UNSAFE_PATH', at, `can be written by others (mode ${octal(stat)})`)
}

function isTrusted(stat: Stats, us: number): boolean {
  return stat.uid === 0 || stat.uid === us
}

function octal(stat: Stats): string {
  return `0${(stat.mode & 0o7777).toString(8)}`
}
