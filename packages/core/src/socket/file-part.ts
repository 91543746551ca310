// A part of a file among a socket's writes: Writable orders an empty buffer in its place, and the connection sends the part
// when its turn has come: inside the system where the transport can, else through one buffer. It knows no socket.

import { constants, fstat, read, type Stats } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { promisify } from 'node:util'
import { abortError, codedError } from '../errors/codes'
import { systemError } from '../errors/system-error'
import { setImmediate } from '../host'
import type { Status, StreamHandle } from '../transport/contract'

/** The most that leaves before other events of the loop have their turn. */
const MOST_BYTES = 512 * 1024

/** What is read at once where the system cannot send from a file, or the peer holds it up. */
const PIECE_BYTES = 64 * 1024

/** A FIFO's open would wait for somebody who writes to it; regular files know no such waiting. */
const READ_AT_ONCE = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0)

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

/** An open file: a FileHandle, which tells by its `fd` that it was closed, or what stands for a bare descriptor. */
interface Source {
  readonly fd: number
  stat(): Promise<Stats>
  read(into: Buffer, offset: number, length: number, at: number): Promise<{ bytesRead: number }>
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
  /** Resolved with the number of bytes once the system has them all. */
  readonly outcome: Promise<number>
  /** The socket fails, too, or was destroyed: it tells what the promise is rejected with. */
  isTold = false
  readonly #range: FileRange
  /** Opened at once: a file that is replaced meanwhile is still the one that was named. */
  readonly #source: Promise<Source>
  #opened: FileHandle | null = null
  /** Null once the outcome is there. */
  #settle: { resolve(sent: number): void; reject(error: Error): void } | null = null
  /** What the connection waits for; null before its turn has come, and after it. */
  #turn: ((failure: Error | null) => void) | null = null
  #sent = 0
  /** Bytes may have left: without the rest the connection cannot go on. */
  #hasBegun = false
  #piece: Buffer | null = null
  readonly #abort = () => this.#fail(abortError(this.#range.signal?.reason))

  constructor(range: FileRange) {
    this.#range = range
    this.outcome = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
    })
    this.#source = this.#open(range.file)
    // It is looked at when the part's turn has come.
    this.#source.catch(() => {})
    range.signal?.addEventListener('abort', this.#abort, { once: true })
    parts.set(this.marker, this)
  }

  async #open(file: FileRange['file']): Promise<Source> {
    if (typeof file === 'number') {
      return {
        fd: file,
        stat: () => factsOf(file),
        read: (into, offset, length, at) => readAt(file, into, offset, length, at),
      }
    }
    if (typeof file === 'object' && 'fd' in file) return file
    this.#opened = await open(file, READ_AT_ONCE)
    return this.#opened
  }

  /** Closes what was opened. */
  async close(): Promise<void> {
    await this.#source.catch(() => null)
    await this.#opened?.close()
  }

  /** The stream is done with the marker. Where the part had no turn, its bytes will not be sent any more. */
  written(error: Error | null | undefined): void {
    if (this.#settle === null) return
    this.isTold = true
    this.#fail(error ?? codedError('ERR_SOCKET_CLOSED'))
  }

  /** Sends the part. `done` gets an error where some of it is out already: the connection cannot go on. */
  sendTo(target: FileTarget, done: (failure: Error | null) => void): void {
    // Given up before its turn.
    if (this.#settle === null) return done(null)
    this.#turn = done
    this.#send(target).then(
      () => this.#finish(),
      (error: Error) => {
        if (target.isOpen()) return this.#fail(error)
        // What a closed handle answers says nothing.
        this.isTold = true
        this.#fail(codedError('ERR_SOCKET_CLOSED'))
      },
    )
  }

  #finish(): void {
    this.#over()?.resolve(this.#sent)
    this.#endTurn(null)
  }

  #fail(error: Error): void {
    if (this.#hasBegun) this.isTold = true
    this.#over()?.reject(error)
    this.#endTurn(this.#hasBegun ? error : null)
  }

  #over() {
    this.#range.signal?.removeEventListener('abort', this.#abort)
    const settle = this.#settle
    this.#settle = null
    return settle
  }

  #endTurn(failure: Error | null): void {
    const done = this.#turn
    this.#turn = null
    this.#piece = null
    done?.(failure)
  }

  /** Stops where the turn has ended meanwhile: an abort does not wait for the disk, nor for the peer. */
  async #send(target: FileTarget): Promise<void> {
    const { file, start, end } = this.#range
    const source = await this.#source
    const facts = await source.stat()
    if (!facts.isFile()) throw codedError('ERR_INVALID_ARG_VALUE', 'file', file, 'is no regular file')
    const size = Math.min(end + 1, facts.size) - start
    while (this.#turn !== null && this.#sent < size) {
      if (!target.isOpen()) throw codedError('ERR_SOCKET_CLOSED')
      const most = Math.min(size - this.#sent, MOST_BYTES)
      const taken = target.handle.sendFile(source.fd, start + this.#sent, most)
      if (taken > 0) {
        this.#hasBegun = true
        this.#sent += taken
        target.progressed()
        await new Promise(resolve => setImmediate(resolve))
      } else await this.#sendPiece(target, source, size)
    }
  }

  /**
   * Where the system takes nothing from the file: the peer holds it up, the file has ended, or something failed, the file
   * or the connection. Reading tells of the one, and writing of the other.
   */
  async #sendPiece({ handle, progressed }: FileTarget, source: Source, size: number): Promise<void> {
    this.#piece ??= Buffer.allocUnsafeSlow(PIECE_BYTES)
    const piece = this.#piece
    const most = Math.min(size - this.#sent, PIECE_BYTES)
    const { bytesRead } = await source.read(piece, 0, most, this.#range.start + this.#sent)
    if (this.#turn === null) return
    if (bytesRead === 0) throw codedError('ERR_X_FILE_TOO_SHORT', size, this.#sent)
    this.#hasBegun = true
    await writeTo(handle, piece.subarray(0, bytesRead))
    this.#sent += bytesRead
    progressed()
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
