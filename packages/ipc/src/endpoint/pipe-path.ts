// Paths of Windows named pipes: what is one, and which pipe it means. Pure; it opens nothing.
import { codedError } from '@x/core/internal'

const PIPE_PATH = /^[\\/]{2}([.?])[\\/]pipe[\\/](.*)$/is

/** The prefix of the pipe namespace in its usual form. */
export const PIPE_PREFIX = '\\\\.\\pipe\\'

/** True for `\\.\pipe\...` and `\\?\pipe\...`, in either case and with slashes either way. */
export function isPipePath(path: string): boolean {
  return PIPE_PATH.test(path)
}

/**
 * The parts of a pipe's path: prefix and name, with `.`, `..` and doubled separators resolved, which Windows itself
 * does for `\\.\` alone. The namespace is flat: a backslash inside a name is one of its characters.
 *
 * @throws `ERR_INVALID_ARG_VALUE` where it is no pipe's path, leads out of the namespace, or names no pipe.
 * @see https://nodejs.org/api/net.html#identifying-paths-for-ipc-connections
 * @see https://learn.microsoft.com/windows/win32/ipc/pipe-names
 */
export function splitPipePath(path: string): { fixed: string; name: string } {
  const match = PIPE_PATH.exec(path)
  if (match === null) throw codedError('ERR_INVALID_ARG_VALUE', 'name', path, 'is not the path of a pipe')
  const segments: string[] = []
  for (const segment of match[2]!.split(/[\\/]/)) {
    if (segment === '' || segment === '.') continue
    if (segment !== '..') segments.push(segment)
    else if (segments.pop() === undefined) {
      throw codedError('ERR_INVALID_ARG_VALUE', 'name', path, 'leads out of the pipe namespace')
    }
  }
  if (segments.length === 0) throw codedError('ERR_INVALID_ARG_VALUE', 'name', path, 'names no pipe')
  return { fixed: `\\\\${match[1]}\\pipe\\`, name: segments.join('\\') }
}
