// A part of a file among a socket's writes: Writable orders an empty buffer in its place, and the connection sends the part
// when its turn has come: inside the system where the transport can, else through one buffer. It knows no socket.

import { fstat, read } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { promisify } from 'node:util'
import { abortError, codedError } from '../errors/codes'
import { UV_EAGAIN, UV_ENOTSUP } from '../errors/errno'
import { systemError } from '../errors/system-error'
import { setImmediate } from '../host'
import type { Status, StreamHandle } from '../transport/contract'

/** The most that leaves before other events of the loop have their turn. */
const MOST_BYTES = 512 * 1024

/** What is read at once where the system cannot send from a file, or the peer holds it up. */
const PIECE_BYTES = 64 * 1024

const factsOf = promisify(fstat)
const readAt = promisify(read)

/** The connection that a part goes to. */
export interface FileTarget {
  readonly handle: StreamHandle
  isOpen(): boolean
  /** Bytes have left. */
  progressed(): void
}

/** Which bytes of which file. */
export interface FileRange {
  readonly file: string | Buffer | URL | FileHandle | number
  readonly start: number
  /** The last byte, inclusive; Infinity for all. */
  readonly end: number
  readonly signal: AbortSignal | undefined
}

/** The parts, by the empty buffers that stand for them. */
const parts = new WeakMap<Uint8Array, FilePart>()

/** The part that a chunk stands for. */
export function filePartOf(chunk: Uint8Array): FilePart | undefined {
  return chunk.byteLength === 0 ? parts.get(chunk) : undefined
}

/** Where in a list of chunks the first part stands; -1 where none does. */
export function indexOfFilePart(chunks: readonly Uint8Array[]): number {
  for (let i = 0; i < chunks.length; i++) if (filePartOf(chunks[i] as Uint8Array) !== undefined) return i
  return -1
}

export class FilePart {
  /** What stands for this part among the writes. */
  readonly marker: Uint8Array = Buffer.alloc(0)
  sent = 0
  /** Why nothing was sent, which the connection does not suffer from. */
  refusal: Error | null = null
  readonly #range: FileRange
  /** Opened at once: a file that is replaced meanwhile is still the one that was named. Null: the caller's descriptor. */
  readonly #opened: Promise<FileHandle | null>

  constructor(range: FileRange) {
    const { file } = range
    this.#range = range
    const isOpen = typeof file === 'number' || (typeof file === 'object' && 'fd' in file)
    this.#opened = isOpen ? Promise.resolve(null) : open(file as string | Buffer | URL, 'r')
    // It is looked at when the part's turn has come.
    this.#opened.catch(() => {})
    parts.set(this.marker, this)
  }

  /** Closes what was opened. */
  async close(): Promise<void> {
    const opened = await this.#opened.catch(() => null)
    await opened?.close()
  }

  /** Sends the part. `done` gets an error where some of it is out already: the connection cannot go on. */
  sendTo(target: FileTarget, done: (error: Error | null) => void): void {
    this.#send(target).then(
      () => done(null),
      (error: Error) => {
        // What a closed handle answers says nothing.
        const failure =
          target.isOpen() || error.name === 'AbortError' ? error : codedError('ERR_SOCKET_CLOSED')
        if (this.sent === 0) this.refusal = failure
        done(this.sent === 0 ? null : failure)
      },
    )
  }

  async #send({ handle, isOpen, progressed }: FileTarget): Promise<void> {
    const { file, start, end, signal } = this.#range
    const opened = await this.#opened
    const fd = opened?.fd ?? (typeof file === 'number' ? file : (file as FileHandle).fd)
    const facts = await factsOf(fd)
    if (!facts.isFile()) throw codedError('ERR_INVALID_ARG_VALUE', 'file', file, 'is no regular file')
    const size = Math.min(end + 1, facts.size) - start
    let piece: Buffer | null = null
    while (this.sent < size) {
      if (signal?.aborted) throw abortError(signal.reason)
      if (!isOpen()) throw codedError('ERR_SOCKET_CLOSED')
      const at = start + this.sent
      const taken = handle.sendFile(fd, at, Math.min(size - this.sent, MOST_BYTES))
      if (taken > 0) {
        this.sent += taken
        await new Promise(resolve => setImmediate(resolve))
      } else if (taken === UV_EAGAIN || taken === UV_ENOTSUP) {
        piece ??= Buffer.allocUnsafeSlow(PIECE_BYTES)
        const { bytesRead } = await readAt(fd, piece, 0, Math.min(size - this.sent, PIECE_BYTES), at)
        if (bytesRead === 0) throw codedError('ERR_X_FILE_TOO_SHORT', size, this.sent)
        await writeTo(handle, piece.subarray(0, bytesRead))
        this.sent += bytesRead
      } else if (taken === 0) throw codedError('ERR_X_FILE_TOO_SHORT', size, this.sent)
      else throw systemError(taken, 'sendfile')
      progressed()
    }
  }
}

/** Resolved once the system has the bytes. */
function writeTo(handle: StreamHandle, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (status: Status) => (status < 0 ? reject(systemError(status, 'write')) : resolve())
    const status = handle.write([bytes], done)
    if (status !== 0) done(status)
  })
}
