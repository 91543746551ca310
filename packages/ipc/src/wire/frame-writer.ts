// Frames out: the frames of a turn are written side by side into one slab and leave together; while the wire is full, they
// stay here. It knows of values how they are packed, and not what a frame is for.
import { ipcError } from '../errors/codes'
import { nextTick } from '../host'
import { HEADER_BYTES, LEAST_FRAME_LIMIT_BYTES, MOST_SHARED_BYTES, writeHeader } from './frame'
import { MOST_BYTES_A_CHAR, mostBytes, type Packed, Packing, packValue } from './packing'
import type { DescriptorsToSend, Wire } from './wire'

/** A slab is small at first, for most channels say little, and each next one twice as large up to this. */
const SLAB_BYTES = 65536
const FIRST_SLAB_BYTES = 1024
/** Bytes above this are sent from where they are, below it they are copied into the slab: one `writev` entry less. */
const COPY_BYTES = 2048
/** Bytes that wait here before the sender is asked to wait. */
const HIGH_WATER_BYTES = 256 * 1024
/** Bytes that are given to the wire at once. */
const PORTION_BYTES = 256 * 1024

/** What waits for the wire: bytes, or the whole of a frame with its descriptors. */
interface Outgoing {
  readonly bytes: Buffer
  readonly descriptors: DescriptorsToSend | null
  readonly dropped: (() => void) | null
}

export class FrameWriter {
  /** The longest payload that the peer takes; until it has told, the least that each one does. */
  #limit = LEAST_FRAME_LIMIT_BYTES
  readonly #wire: Wire
  readonly #packing = new Packing()
  #packingKind = 0
  #slab = Buffer.allocUnsafeSlow(FIRST_SLAB_BYTES)
  /** The slab is queued up to `from`, and written up to `to`. */
  #from = 0
  #to = 0
  readonly #queue: Outgoing[] = []
  #queueBytes = 0
  /** Bytes that the wire was given so far. */
  #given = 0
  #isScheduled = false
  /** The wire takes nothing for now. */
  #isBlocked = false
  readonly #flushLater = () => {
    this.#isScheduled = false
    this.#guard(this.#flush)
  }
  readonly #flush = () => this.flush()
  readonly #guard: (act: () => void) => void

  /** What it does in a turn of its own it does through `guard`. */
  constructor(wire: Wire, guard: (act: () => void) => void) {
    this.#wire = wire
    this.#guard = guard
  }

  /** The peer is behind: wait until `drained` says that nothing is left. */
  get isFull(): boolean {
    return this.#isBlocked && this.#unsent() > HIGH_WATER_BYTES
  }

  set limit(bytes: number) {
    this.#limit = bytes
  }

  /** Bytes that the system has not taken. */
  get backlog(): number {
    return this.#wire.backlog + this.#unsent()
  }

  #unsent(): number {
    return this.#queueBytes + this.#to - this.#from + this.#packing.chars
  }

  /** Ends the frame that is being packed; answers where in the stream the next one begins. */
  mark(): number {
    this.#endPacking()
    return this.#given + this.#unsent()
  }

  /** How many bytes of the stream may have reached the peer. */
  get given(): number {
    return this.#given
  }

  /** Whether a payload is more than the peer takes. */
  isTooLong(bytes: number): boolean {
    return bytes > this.#limit
  }

  /** A frame of text. @throws `ERR_X_FRAME_TOO_LONG`. */
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

  /** A value as JSON. Values of messages (id 0) that follow each other go in one frame. @throws as `packValue`, `text`. */
  json(kind: number, id: number, value: unknown): void {
    const packed = packValue(value)
    const mostChars = Math.min(this.#limit, MOST_SHARED_BYTES - HEADER_BYTES) / MOST_BYTES_A_CHAR
    if (packed.chars > mostChars) {
      this.#alone(kind, id, packed)
      return
    }
    if (id !== 0 || this.#packing.chars + packed.chars > mostChars) this.#endPacking()
    this.#packing.add(packed)
    this.#packingKind = kind
    if (id !== 0) this.#endPacking(id)
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
  #endPacking(id = 0): void {
    const packing = this.#packing
    if (packing.isEmpty) return
    this.#reserve(packing.chars * MOST_BYTES_A_CHAR + HEADER_BYTES)
    const length = packing.write(this.#slab, this.#to + HEADER_BYTES)
    writeHeader(this.#slab, this.#to, length, this.#packingKind, 0, id)
    this.#to += HEADER_BYTES + length
  }

  /** A frame of bytes. Long ones are not copied: leave them alone until they are out. @throws `ERR_X_FRAME_TOO_LONG`. */
  bytes(kind: number, id: number, parts: readonly Uint8Array[], length: number): void {
    this.#check(length)
    this.#endPacking()
    this.#reserve(HEADER_BYTES)
    writeHeader(this.#slab, this.#to, length, kind, 0, id)
    this.#to += HEADER_BYTES
    for (const part of parts) this.#append(part)
    this.#schedule()
  }

  /**
   * A frame with descriptors: `header` and payload in one. `dropped` where the descriptors are gone when its turn comes.
   *
   * @throws `ERR_X_FRAME_TOO_LONG`.
   */
  handles(frame: Buffer, descriptors: DescriptorsToSend, dropped: () => void): void {
    this.#check(frame.length - HEADER_BYTES)
    this.#endPacking()
    this.#cut()
    this.#push({ bytes: frame, descriptors, dropped })
    this.flush()
  }

  /** Bytes outside of frames: the preamble. */
  raw(bytes: Buffer): void {
    this.#append(bytes)
    this.#schedule()
  }

  #check(length: number): void {
    if (this.isTooLong(length)) throw ipcError('ERR_X_FRAME_TOO_LONG', length, this.#limit, "the peer's")
  }

  #append(part: Uint8Array): void {
    if (part.byteLength <= COPY_BYTES) {
      this.#reserve(part.byteLength)
      this.#slab.set(part, this.#to)
      this.#to += part.byteLength
      return
    }
    this.#cut()
    const bytes = Buffer.from(part.buffer, part.byteOffset, part.byteLength)
    this.#push({ bytes, descriptors: null, dropped: null })
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
    const bytes = this.#slab.subarray(this.#from, this.#to)
    this.#from = this.#to
    this.#push({ bytes, descriptors: null, dropped: null })
  }

  #push(outgoing: Outgoing): void {
    this.#queue.push(outgoing)
    this.#queueBytes += outgoing.bytes.length
  }

  #schedule(): void {
    if (this.#isBlocked) return
    if (this.#unsent() >= SLAB_BYTES / 2) this.flush()
    else if (!this.#isScheduled) {
      this.#isScheduled = true
      nextTick(this.#flushLater)
    }
  }

  /** Gives the wire what is written, until it is full. A stream in memory may call us again while it is written to. */
  flush(): void {
    if (this.#isBlocked) return
    this.#endPacking()
    this.#cut()
    while (this.#queue.length > 0 && !this.#isBlocked) this.#give()
    this.#rewind()
  }

  /** Gives the wire what stands first: one frame with descriptors, or bytes. */
  #give(): void {
    const [first] = this.#queue
    if (first!.descriptors !== null) {
      const { bytes, descriptors, dropped } = this.#queue.shift()!
      this.#count(bytes.length)
      this.#isBlocked = !this.#wire.writeHandles(bytes, descriptors!, dropped!)
      return
    }
    const portion: Buffer[] = []
    let length = 0
    for (const { bytes, descriptors } of this.#queue) {
      if (descriptors !== null || length >= PORTION_BYTES) break
      portion.push(bytes)
      length += bytes.length
    }
    this.#queue.splice(0, portion.length)
    this.#count(length)
    this.#isBlocked = !this.#wire.write(portion)
  }

  /** Writes into the same slab again once all of it is out: a new one each time costs more than what it is filled with. */
  #rewind(): void {
    if (this.#unsent() > 0 || !this.#wire.isDone) return
    this.#from = 0
    this.#to = 0
  }

  #count(bytes: number): void {
    this.#given += bytes
    this.#queueBytes -= bytes
  }

  /** The wire takes more. True where nothing waits any more. */
  drained(): boolean {
    this.#isBlocked = false
    this.flush()
    return !this.#isBlocked
  }

  /** Nothing waits here, and nothing in the wire. */
  get isEmpty(): boolean {
    return this.#unsent() === 0 && !this.#isBlocked
  }
}
