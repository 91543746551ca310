// Frames out: the frames of a turn are written side by side into one slab and leave together. It knows no values beyond
// text and bytes, and not what a frame is for.
import { ipcError } from '../errors/codes'
import { HEADER_BYTES, writeHeader } from './frame'
import { type Lifted, liftedSize, writeLifted } from './lifted-strings'
import type { Wire } from './wire'

const SLAB_BYTES = 65536
/** Bytes above this are sent from where they are, below it they are copied into the slab: one `writev` entry less. */
const COPY_BYTES = 2048

export class FrameWriter {
  /** The longest payload that the peer takes. */
  limit: number
  readonly #wire: Wire
  #slab = Buffer.allocUnsafeSlow(SLAB_BYTES)
  /** The slab is sent up to `from`, and written up to `to`. */
  #from = 0
  #to = 0
  #chunks: Buffer[] = []
  #chunkBytes = 0
  #isScheduled = false
  #isFull = false
  readonly #flushLater = () => {
    this.#isScheduled = false
    this.flush()
  }

  constructor(wire: Wire, limit: number) {
    this.#wire = wire
    this.limit = limit
  }

  /** The peer is behind: wait for the wire's `onDrain`. */
  get isFull(): boolean {
    return this.#isFull
  }

  /** Bytes that the system has not taken. */
  get backlog(): number {
    return this.#wire.backlog + this.#chunkBytes + this.#to - this.#from
  }

  drained(): void {
    this.#isFull = false
  }

  /** A frame of text. */
  text(kind: number, id: number, text: string): void {
    // A UTF-16 unit becomes three bytes at most.
    if (text.length * 3 + HEADER_BYTES > SLAB_BYTES) {
      const bytes = Buffer.from(text)
      this.bytes(kind, id, [bytes], bytes.length)
      return
    }
    this.#reserve(text.length * 3 + HEADER_BYTES)
    const length = this.#slab.write(text, this.#to + HEADER_BYTES)
    this.#check(length)
    writeHeader(this.#slab, this.#to, length, kind, 0, id)
    this.#to += HEADER_BYTES + length
    this.#schedule()
  }

  /** A frame of a lifted value; false where it is too long to be written in one go. */
  lifted(kind: number, id: number, value: Lifted): boolean {
    const most = liftedSize(value) + HEADER_BYTES
    if (most > SLAB_BYTES) return false
    this.#reserve(most)
    const length = writeLifted(value, this.#slab, this.#to + HEADER_BYTES)
    this.#check(length)
    writeHeader(this.#slab, this.#to, length, kind, 0, id)
    this.#to += HEADER_BYTES + length
    this.#schedule()
    return true
  }

  /** A frame of bytes. Long ones are not copied: leave them alone until they are out. */
  bytes(kind: number, id: number, parts: readonly Uint8Array[], length: number): void {
    this.#check(length)
    this.#reserve(HEADER_BYTES)
    writeHeader(this.#slab, this.#to, length, kind, 0, id)
    this.#to += HEADER_BYTES
    for (const part of parts) this.#append(part)
    this.#schedule()
  }

  /** A frame with descriptors. What stands before it goes out first. False: the wire is full. */
  handles(
    kind: number,
    id: number,
    payload: readonly Uint8Array[],
    length: number,
    fds: readonly number[],
  ): void {
    this.#check(length)
    this.flush()
    const header = Buffer.allocUnsafe(HEADER_BYTES)
    writeHeader(header, 0, length, kind, fds.length, id)
    if (!this.#wire.writeHandles!(Buffer.concat([header, ...payload]), fds)) this.#isFull = true
  }

  /** Bytes outside of frames: the preamble. */
  raw(bytes: Buffer): void {
    this.#append(bytes)
    this.#schedule()
  }

  #check(length: number): void {
    if (length > this.limit) throw ipcError('ERR_X_FRAME_TOO_LONG', length, this.limit, "the peer's")
  }

  #append(part: Uint8Array): void {
    if (part.byteLength <= COPY_BYTES) {
      this.#reserve(part.byteLength)
      this.#slab.set(part, this.#to)
      this.#to += part.byteLength
      return
    }
    this.#cut()
    this.#push(Buffer.from(part.buffer, part.byteOffset, part.byteLength))
  }

  #reserve(bytes: number): void {
    if (this.#to + bytes <= SLAB_BYTES) return
    this.#cut()
    this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES)
    this.#from = 0
    this.#to = 0
  }

  #cut(): void {
    if (this.#to === this.#from) return
    this.#push(this.#slab.subarray(this.#from, this.#to))
    this.#from = this.#to
  }

  #push(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#chunkBytes += chunk.length
  }

  #schedule(): void {
    if (this.#chunkBytes + this.#to - this.#from >= SLAB_BYTES / 2) this.flush()
    else if (!this.#isScheduled) {
      this.#isScheduled = true
      process.nextTick(this.#flushLater)
    }
  }

  /** Hands what is written to the wire. */
  flush(): void {
    this.#cut()
    if (this.#chunks.length === 0) return
    const chunks = this.#chunks
    this.#chunks = []
    this.#chunkBytes = 0
    if (!this.#wire.write(chunks)) this.#isFull = true
  }
}
