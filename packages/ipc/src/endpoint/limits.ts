// How long the path of a local socket may be on each platform, and how an over-long one is shortened. Pure; it does
// not know where paths come from.
import { createHash } from 'node:crypto'
import { codedError } from '@x/core/internal'

/**
 * The greatest length of a path: bytes of UTF-8 for socket files and abstract names, characters for Windows pipes.
 */
export interface PathLimit {
  readonly limit: number
  readonly unit: 'bytes' | 'characters'
}

// `sun_path` less its closing NUL: unix(7), and sys/un.h of the BSDs, macOS and AIX.
const SOCKET_PATH_LIMITS: Partial<Record<NodeJS.Platform, number>> = {
  aix: 1022,
  android: 107,
  darwin: 103,
  freebsd: 103,
  linux: 107,
  netbsd: 103,
  openbsd: 103,
  sunos: 107,
}

// CreateNamedPipeW: "The entire pipe name string can be up to 256 characters long."
const PIPE_PATH_LIMIT = 256

/**
 * The longest path of a local endpoint: 107 bytes on Linux, 103 on macOS and the BSDs, 256 characters on Windows. An
 * unknown platform gets the least of them. An abstract name has as many bytes after its leading NUL.
 * @see https://man7.org/linux/man-pages/man7/unix.7.html
 * @see https://learn.microsoft.com/windows/win32/api/namedpipeapi/nf-namedpipeapi-createnamedpipew
 */
export function getPathLimit(platform: NodeJS.Platform): PathLimit {
  if (platform === 'win32') return { limit: PIPE_PATH_LIMIT, unit: 'characters' }
  return { limit: SOCKET_PATH_LIMITS[platform] ?? 103, unit: 'bytes' }
}

export function measure(text: string, { unit }: PathLimit): number {
  return unit === 'bytes' ? Buffer.byteLength(text) : text.length
}

/** A path in two parts, of which the second may be shortened. */
export interface PathParts {
  readonly fixed: string
  readonly name: string
}

/** What follows the kept start of a name: a tilde and the first 64 bits of SHA-256 of the whole name, in hex. */
function digest(name: string): string {
  return `~${createHash('sha256').update(name).digest('hex').slice(0, 16)}`
}

/**
 * The parts as one path that fits. Where the name is too long its end is replaced by `~` and the first 16 hex digits of
 * the SHA-256 of the whole name: as much of its start is kept as fits, cut between characters. The same name gives
 * the same path in every process.
 *
 * @throws `ERR_X_PATH_TOO_LONG` where even that does not fit, or where shortening was not allowed.
 */
export function fit(parts: PathParts, limit: PathLimit, mayShorten: boolean): string {
  const whole = parts.fixed + parts.name
  if (measure(whole, limit) <= limit.limit) return whole
  const end = digest(parts.name)
  let room = limit.limit - measure(parts.fixed, limit) - end.length
  if (!mayShorten || room < 0) {
    throw codedError('ERR_X_PATH_TOO_LONG', whole, measure(whole, limit), limit.limit)
  }
  let start = ''
  for (const character of parts.name) {
    room -= measure(character, limit)
    if (room < 0) break
    start += character
  }
  return parts.fixed + start + end
}
