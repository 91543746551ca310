// sendFile(socket, file): a file among the writes of a socket. It checks what is asked for, and settles the promise; the
// bytes are the connection's.
import type { FileHandle } from 'node:fs/promises'
import { Writable } from 'node:stream'
import { abortError, codedError } from './errors/codes'
import { validateAbortSignal, validateInteger } from './errors/validate'
import { FilePart } from './socket/file-part'
import { Socket } from './socket/index'

/** Options of `sendFile`. */
export interface SendFileOptions {
  /** The first byte. Default: 0. */
  start?: number
  /** The last byte, inclusive, as of `fs.createReadStream`. Default: the file's last. */
  end?: number
  /** Aborts: before the first byte, nothing is sent; after it, the socket is destroyed. */
  signal?: AbortSignal
}

/**
 * Sends a regular file, or a part of it, in order with the writes before and after the call: by sendfile(2) on native on
 * Linux, where the bytes do not pass through JavaScript, else through one buffer. A file handle or descriptor stays open and
 * keeps its position. Resolves with the number of bytes once the system has taken all of them.
 *
 * Rejects before the first byte with the error of open(2) or stat(2) (`ENOENT`, `EACCES`), with `ERR_INVALID_ARG_VALUE` if it
 * is not a regular file, or with an AbortError; then the socket remains usable. Rejects after the first byte with
 * `ERR_X_FILE_TOO_SHORT` if the file was truncated, or with the error of reading or of the connection; then the socket is
 * destroyed, since its peer cannot know what is missing. If the socket emits the failure too, an unused promise causes no
 * unhandled rejection.
 *
 * A file that is not in the system's cache is read synchronously, up to 512 KiB at a time: meanwhile the event loop waits
 * for the disk.
 *
 * @throws `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`.
 * Source: https://man7.org/linux/man-pages/man2/sendfile.2.html
 *
 * @example
 * socket.write(head)
 * await sendFile(socket, 'movie.mp4', { start: 1000, end: 1999 })
 */
export function sendFile(
  socket: Socket,
  file: string | Buffer | URL | FileHandle | number,
  options: SendFileOptions = {},
): Promise<number> {
  if (!(socket instanceof Socket)) throw codedError('ERR_INVALID_ARG_TYPE', 'socket', 'Socket', socket)
  const { start = 0, end = Number.POSITIVE_INFINITY, signal } = options
  validateInteger(start, 'options.start', 0)
  if (end !== Number.POSITIVE_INFINITY) validateInteger(end, 'options.end', 0)
  if (start > end) throw codedError('ERR_OUT_OF_RANGE', 'options.start', `<= "end" (here: ${end})`, start)
  validateAbortSignal(signal, 'options.signal')
  if (!isFile(file)) throw codedError('ERR_INVALID_ARG_TYPE', 'file', 'string', file)
  if (signal?.aborted) return Promise.reject(abortError(signal.reason))
  const part = new FilePart({ file, start, end, signal })
  socket.flush()
  enqueue.call(socket, part.marker, error => part.written(error))
  const sent = part.outcome.finally(() => part.close())
  part.outcome.catch(() => {
    if (part.isTold) sent.catch(() => {})
  })
  return sent
}

/** Writable's own: the socket's would send an empty buffer at once. */
const enqueue = Writable.prototype.write as (
  this: Writable,
  chunk: Uint8Array,
  callback: (error?: Error | null) => void,
) => boolean

function isFile(file: unknown): boolean {
  if (typeof file === 'number') return Number.isInteger(file) && file >= 0
  if (typeof file === 'string' || file instanceof URL || file instanceof Uint8Array) return true
  const { fd, stat, read } = (file ?? {}) as Partial<FileHandle>
  return typeof fd === 'number' && typeof stat === 'function' && typeof read === 'function'
}
