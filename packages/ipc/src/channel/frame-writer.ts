// Frames out: the frames of a turn are written side by side into one slab and leave together. It knows of
// values how they are packed, and not what a frame is for.
import { ipcError } from '../errors/codes'
import { HEADER_BYTES, writeHeader } from './frame'
import { MOST_BYTES_A_CHAR, mostBytes, type Packed, Packing, packValue } from './packed-values'
import type { Wire } from './wire'

/** A slab is small at first, for most channels say little, and each next one twice as large up to this. */
const SLAB_BYTES = 65536
const FIRST_SLAB_BYTES = 1024
/** Bytes above this are sent from where they are, below it they are copied into the slab: one `writev` entry less. */
const COPY_BYTES = 2048

export class FrameWriter {
  /** The longest payload that the peer takes; ours, until it has told. */
  #limit: number
  #isAgreed = false
  readonly #wire: Wire
  readonly #packing = new Packing()
  #packingKind = 0
  #packingId = 0
  #slab = Buffer.allocUnsafeSlow(FIRST_SLAB_BYTES)
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
    this.#limit = limit
  }

  /** The peer is behind: wait for the wire's `onDrain`. */
  get isFull(): boolean {
    return this.#isFull
  }

  agree(limit: number): void {
    this.#limit = limit
    this.#isAgreed = true
  }

  /** Bytes that the system has not taken. */
  get backlog(): number {
    return this.#wire.backlog + this.#unsent
  }

  get #unsent(): number {
    return this.#chunkBytes + this.#to - this.#from + this.#packing.chars
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
    this.#endPacking()
    this.#reserve(text.length * 3 + HEADER_BYTES)
    const length = this.#slab.write(text, this.#to + HEADER_BYTES)
    this.#check(length)
    writeHeader(this.#slab, this.#to, length, kind, 0, id)
    this.#to += HEADER_BYTES + length
    this.#schedule()
  }

  /** A value as JSON. With `mayShare`, values that follow each other go in one frame, once the peer's limit is known. */
  json(kind: number, id: number, value: unknown, mayShare: boolean): void {
    const packed = packValue(value)
    const mostChars = Math.min(this.#limit, SLAB_BYTES - HEADER_BYTES) / MOST_BYTES_A_CHAR
    if (packed.chars > mostChars) {
      this.#alone(kind, id, packed)
      return
    }
    if (!mayShare || this.#packing.chars + packed.chars > mostChars) this.#endPacking()
    this.#packing.add(packed)
    this.#packingKind = kind
    this.#packingId = id
    if (!mayShare || !this.#isAgreed) this.#endPacking()
    this.#schedule()
  }

  /** What is too long for the slab, or perhaps for the peer. */
  #alone(kind: number, id: number, packed: Packed): void {
    const packing = new Packing()
    packing.add(packed)
    const bytes = Buffer.allocUnsafe(mostBytes(packed))
    const length = packing.write(bytes, 0)
    this.bytes(kind, id, [bytes.subarray(0, length)], length)
  }

  /** Writes the frame of the values that came last. Each other frame comes after it. */
  #endPacking(): void {
    const packing = this.#packing
    if (packing.isEmpty) return
    this.#reserve(packing.chars * MOST_BYTES_A_CHAR + HEADER_BYTES)
    const length = packing.write(this.#slab, this.#to + HEADER_BYTES)
    writeHeader(this.#slab, this.#to, length, this.#packingKind, 0, this.#packingId)
    this.#to += HEADER_BYTES + length
  }

  /** A frame of bytes. Long ones are not copied: leave them alone until they are out. */
  bytes(kind: number, id: number, parts: readonly Uint8Array[], length: number): void {
    this.#check(length)
    this.#endPacking()
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
    if (length > this.#limit) throw ipcError('ERR_X_FRAME_TOO_LONG', length, this.#limit, "the peer's")
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
    if (this.#to + bytes <= this.#slab.length) return
    this.#cut()
    this.#slab = Buffer.allocUnsafeSlow(Math.min(Math.max(this.#slab.length * 2, bytes), SLAB_BYTES))
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
    if (this.#unsent >= SLAB_BYTES / 2) this.flush()
    else if (!this.#isScheduled) {
      this.#isScheduled = true
      process.nextTick(this.#flushLater)
    }
  }

  /** Hands what is written to the wire. */
  flush(): void {
    this.#endPacking()
    this.#cut()
    if (this.#chunks.length === 0) return
    const chunks = this.#chunks
    this.#chunks = []
    this.#chunkBytes = 0
    if (!this.#wire.write(chunks)) this.#isFull = true
  }
}
