// Paths of sockets that are too long for the system, and may do from the primary's own folder.
import path from 'node:path'

/** Bytes of a socket's path that every system takes: macOS has 103, Linux 107 (unix(7)). */
const MAX_PATH = 103

/** Workers send absolute paths. One that is too long for a socket may do from here. */
export function shortPath(file: string): string {
  if (file.startsWith('\0') || Buffer.byteLength(file) <= MAX_PATH) return file
  const relative = path.relative(process.cwd(), file)
  return relative.length < file.length ? relative : file
}
