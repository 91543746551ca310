// One name to the path of a local endpoint on each platform. Pure: it reads what it is given and touches no file.
import path from 'node:path'
import { codedError, validateObject, validateString } from '@x/core/internal'
import { isWellFormed } from '../unicode'
import { fit, getPathLimit, measure, type PathParts } from './limits'
import { isPipePath, PIPE_PREFIX, splitPipePath } from './pipe-path'

/** Values for `resolveEndpoint` instead of this process's own platform, environment and user. */
export interface EndpointOptions {
  /** Whose rules count. Default: `process.platform`. */
  readonly platform?: NodeJS.Platform
  /** Where `XDG_RUNTIME_DIR` and `TMPDIR` are looked up. Default: `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** The user whose folder it is. Default: the process's effective user. */
  readonly uid?: number
  /** A name in Linux's abstract namespace: no file, nothing to clear away, no permission bits. Default: false. */
  readonly abstract?: boolean
  /** A folder of your own in place of the user's runtime folder. Absolute. It is not made, and not made private. */
  readonly folder?: string
  /**
   * What becomes of a path beyond the platform's limit: `'shorten'` replaces the end of the name by a hash of it,
   * `'refuse'` throws. Default: `'shorten'` for a name, `'refuse'` for a whole path.
   */
  readonly tooLong?: 'shorten' | 'refuse'
}

/** The address of a local server, for `listen` and `connect`. */
export interface Endpoint {
  /** `file`: a socket file. `abstract`: a Linux abstract name. `pipe`: a Windows named pipe. */
  readonly kind: 'file' | 'abstract' | 'pipe'
  /** What `Server.listen` and `Socket.connect` take as their path. */
  readonly path: string
  /** The folder that `listen` creates with mode 0700 if it is missing; null if there is none to create. */
  readonly privateFolder: string | null
  /** The name did not fit, and a hash stands for its end. */
  readonly isShortened: boolean
}

/**
 * The local endpoint of a name, the same in every process of a user.
 *
 * - POSIX: `$XDG_RUNTIME_DIR/NAME`, where that variable holds an absolute path; else `$TMPDIR/x-ipc-UID/NAME` or
 *   `/tmp/x-ipc-UID/NAME`, in a folder of mode 0700 that `listen` makes.
 * - Linux with `abstract`: a NUL byte and NAME.
 * - Windows: `\\.\pipe\NAME`.
 *
 * A plain name has no separator, no NUL, no half of a surrogate pair, and is neither `.` nor `..`. In its place a whole path may stand: an absolute
 * one on POSIX, `\\.\pipe\...` or `\\?\pipe\...` on Windows, in which `..` is resolved.
 *
 * Limits: 107 bytes on Linux, 103 on macOS and the BSDs, 256 characters on Windows. A longer one is shortened (`~` and 16
 * hex digits of its SHA-256 in place of its end) or refused; it is never cut.
 *
 * @throws `ERR_X_PATH_TOO_LONG` with `path`, `bytes` and `limit`; `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`.
 * @see https://specifications.freedesktop.org/basedir-spec/latest/
 */
export function resolveEndpoint(name: string, options: EndpointOptions = {}): Endpoint {
  validateString(name, 'name')
  validateObject(options, 'options')
  const { platform = process.platform, abstract = false, folder } = options
  if (name === '' || name.includes('\0')) {
    throw codedError('ERR_INVALID_ARG_VALUE', 'name', name, 'must be neither empty nor hold a NUL')
  }
  if (!isWellFormed(name)) {
    throw codedError('ERR_INVALID_ARG_VALUE', 'name', name, 'must be well-formed Unicode')
  }
  if (abstract) return abstractEndpoint(name, platform, options)
  if (platform === 'win32') return pipeEndpoint(name, options)
  if (path.posix.isAbsolute(name)) {
    return finish('file', splitFilePath(name), options, null, 'refuse')
  }
  checkPlain(name)
  if (folder !== undefined) {
    if (typeof folder !== 'string' || !path.posix.isAbsolute(folder) || folder.includes('\0')) {
      throw codedError('ERR_INVALID_ARG_VALUE', 'options.folder', folder, 'must be an absolute path')
    }
    return finish('file', { fixed: inFolder(folder), name }, options, null)
  }
  const home = runtimeFolder(options)
  return finish('file', { fixed: inFolder(home.folder), name }, options, home.isOurs ? home.folder : null)
}

/**
 * The endpoint that `listen`, `connect` or `createClient` was given: a name or a path, or what `resolveEndpoint` has
 * returned. An object that only looks like one would be served without its checks.
 *
 * @throws as `resolveEndpoint`; `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE` for what is no endpoint of this platform.
 */
export function readEndpoint(where: string | Endpoint): Endpoint {
  if (typeof where === 'string') return resolveEndpoint(where)
  validateObject(where, 'where')
  const { kind, path: place, privateFolder } = where
  validateString(place, 'where.path')
  if (privateFolder !== null) validateString(privateFolder, 'where.privateFolder')
  if (!isOfKind(kind, place)) {
    throw codedError('ERR_INVALID_ARG_VALUE', 'where', where, 'must be as resolveEndpoint() returns it here')
  }
  return where
}

function isOfKind(kind: unknown, place: string): boolean {
  if (process.platform === 'win32') return kind === 'pipe' && isPipePath(place)
  const limit = getPathLimit(process.platform)
  if (kind === 'abstract') return place.startsWith('\0') && measure(place, limit) <= limit.limit + 1
  return (
    kind === 'file' &&
    path.posix.isAbsolute(place) &&
    !place.includes('\0') &&
    measure(place, limit) <= limit.limit
  )
}

/** The user's own folder for sockets, and whether it is for us to make. */
function runtimeFolder(options: EndpointOptions): { folder: string; isOurs: boolean } {
  const { env = process.env, uid = process.geteuid?.() } = options
  const runtime = env['XDG_RUNTIME_DIR']
  if (runtime !== undefined && path.posix.isAbsolute(runtime)) {
    return { folder: path.posix.normalize(runtime), isOurs: false }
  }
  if (uid === undefined) throw codedError('ERR_MISSING_ARGS', 'options.uid')
  const temporary = env['TMPDIR']
  const isUsable = temporary !== undefined && path.posix.isAbsolute(temporary)
  return { folder: path.posix.join(isUsable ? temporary : '/tmp', `x-ipc-${uid}`), isOurs: true }
}

function abstractEndpoint(name: string, platform: NodeJS.Platform, options: EndpointOptions): Endpoint {
  if (platform !== 'linux' && platform !== 'android') {
    throw codedError('ERR_INVALID_ARG_VALUE', 'options.abstract', true, 'needs Linux')
  }
  const { limit, unit } = getPathLimit(platform)
  const parts = { fixed: '\0', name }
  const whole = fit(parts, { limit: limit + 1, unit }, options.tooLong !== 'refuse')
  return { kind: 'abstract', path: whole, privateFolder: null, isShortened: whole !== `\0${name}` }
}

function pipeEndpoint(name: string, options: EndpointOptions): Endpoint {
  if (isPipePath(name)) return finish('pipe', splitPipePath(name), options, null, 'refuse')
  checkPlain(name)
  return finish('pipe', { fixed: PIPE_PREFIX, name }, options, null)
}

function finish(
  kind: 'file' | 'pipe',
  parts: PathParts,
  { platform = process.platform, tooLong }: EndpointOptions,
  privateFolder: string | null,
  fallback: 'shorten' | 'refuse' = 'shorten',
): Endpoint {
  const limit = getPathLimit(platform)
  const whole = fit(parts, limit, (tooLong ?? fallback) === 'shorten')
  const isShortened = measure(parts.fixed + parts.name, limit) > limit.limit
  return { kind, path: whole, privateFolder, isShortened }
}

function checkPlain(name: string): void {
  if (name === '.' || name === '..' || /[\\/]/.test(name)) {
    throw codedError('ERR_INVALID_ARG_VALUE', 'name', name, 'must be a plain name or a whole path')
  }
}

// Not normalized: `a/link/../b` is another file where `link` is a symbolic link.
function splitFilePath(whole: string): PathParts {
  const name = whole.slice(whole.lastIndexOf('/') + 1)
  if (name === '' || name === '.' || name === '..') {
    throw codedError('ERR_INVALID_ARG_VALUE', 'name', whole, 'names a folder')
  }
  return { fixed: whole.slice(0, whole.length - name.length), name }
}

function inFolder(folder: string): string {
  const normal = path.posix.normalize(folder)
  return normal.endsWith('/') ? normal : `${normal}/`
}
