// What node:net reports, as statuses of the contract: errors to negative numbers, paths to the length that fits.

import { errno, UV_EACCES, UV_ECANCELED, UV_EINVAL, UV_ENAMETOOLONG } from '../../errors/errno'
import { platform } from '../../host'
import type { Status } from '../contract'

/** The status that an error of node:net stands for. A host that gives no number (Deno) still gives the name. */
export function statusOf(error: NodeJS.ErrnoException): Status {
  if (typeof error.errno === 'number' && error.errno < 0) return error.errno
  if (error.code === undefined) return UV_EINVAL
  // Node's permission model (--permission without --allow-net).
  if (error.code === 'ERR_ACCESS_DENIED') return UV_EACCES
  return error.code.startsWith('ERR_') ? UV_ECANCELED : errno(error.code)
}

// sun_path less its NUL (unix(7); macOS has 104 bytes). An abstract name needs no NUL. Pipe names: CreateNamedPipe.
const longestPath = { linux: 107, android: 107, win32: 256 } as Record<string, number>

/** 0 where the system can hold the whole path. A longer one would be cut in silence by the host's libuv. */
export function pathStatus(path: string): Status {
  if (path === '') return UV_EINVAL
  const abstract = path.charCodeAt(0) === 0
  const limit = (longestPath[platform] ?? 103) + (abstract ? 1 : 0)
  // Windows counts characters.
  const length = platform === 'win32' ? path.length : Buffer.byteLength(path)
  if (length > limit) return UV_ENAMETOOLONG
  return !abstract && path.includes('\0') ? UV_EINVAL : 0
}
