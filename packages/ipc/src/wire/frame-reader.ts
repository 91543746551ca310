// Bytes in, frames out: finds where frames begin and end, whatever the chunks. It knows neither values nor streams.
import type { Frame } from './decoder'
import { readHeader, readPreamble } from './decoder'
import { HEADER_BYTES, type Preamble } from './frame'

const NOTHING: Buffer = Buffer.alloc(0)
/** What is put together grows with what comes: a length that is only announced takes no more than this. */
const FIRST_PART_BYTES = 65536

/**
 * Cuts a stream of chunks into frames. `push` a chunk, then call `next` until it answers false; after each true the
 * fields say what the frame is. A body that lies within one chunk is a view of it; only what is split over chunks is
 * put together, in one buffer, however small the pieces.
 */
export class FrameReader implements Frame {
  /** What the peer said first; null until then. */
  preamble: Preamble | null = null
  /** 0: the preamble. */
  kind = 0
  encoding = 0
  handles = 0
  id = 0
  body = NOTHING
  start = 0
  end = 0
  /** Where in the stream the frame begins that the fields describe. */
  begin = 0

  readonly #limit: number
  #chunk = NOTHING
  #at = 0
  /** The byte of the stream at which the chunk begins. */
  #chunkBegin = 0
  /** What is split over chunks: how much of it is here, how much is needed before it can be read. */
  #part = NOTHING
  #have = 0
  #need = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Nothing is begun: between two frames. */
  get isBetweenFrames(): boolean {
    return this.#have === 0 && this.#at === this.#chunk.length
  }

  /** Where in the stream the next frame begins, or the one that is here in part. */
  get nextBegin(): number {
    return this.#chunkBegin + this.#at - this.#have
  }

  /** Where in the stream the bytes end that have come. */
  get streamEnd(): number {
    return this.#chunkBegin + this.#chunk.length
  }

  /** Bytes of the frame that is here in part, as far as is known; 0 where there is none. */
  get partBytes(): number {
    return this.#have === 0 ? 0 : this.#need
  }

  /** Only takes the chunk: what is wrong with it `next` says. */
  push(chunk: Buffer): void {
    const rest = this.#chunk.length - this.#at
    this.#chunkBegin += this.#at
    // What is left of the last one: the reader was stopped between two of its frames.
    this.#chunk = rest === 0 ? chunk : Buffer.concat([this.#chunk.subarray(this.#at), chunk])
    this.#at = 0
  }

  /**
   * True where a whole frame, or the preamble (kind 0), is here.
   *
   * @throws as the decoder's `readHeader` and `readPreamble`; the stream is useless then.
   */
  next(): boolean {
    if (this.#have > 0) {
      if (!this.#gather()) return false
      const part = this.#part
      this.#part = NOTHING
      this.#have = 0
      return this.#show(part, 0, part.length)
    }
    const at = this.#at
    const available = this.#chunk.length - at
    if (available < HEADER_BYTES) return this.#keep(HEADER_BYTES)
    const total =
      this.preamble === null ? HEADER_BYTES : HEADER_BYTES + readHeader(this.#chunk, at, this.#limit)
    if (available < total) return this.#keep(total)
    this.#at += total
    return this.#show(this.#chunk, at, at + total)
  }

  #show(bytes: Buffer, at: number, end: number): true {
    this.begin = this.#chunkBegin + this.#at - (end - at)
    if (this.preamble === null) {
      this.preamble = readPreamble(bytes, at)
      this.kind = 0
      return true
    }
    this.kind = bytes[at + 4]!
    this.encoding = bytes[at + 5]!
    this.handles = bytes[at + 6]! | (bytes[at + 7]! << 8)
    this.id = bytes.readUInt32LE(at + 8)
    this.body = bytes
    this.start = at + HEADER_BYTES
    this.end = end
    return true
  }

  /** Nobody needs the frame that was shown last any more: what it lies in may be collected. */
  forget(): void {
    this.body = NOTHING
    this.start = 0
    this.end = 0
    if (this.#at < this.#chunk.length || this.#at === 0) return
    this.#chunkBegin += this.#at
    this.#chunk = NOTHING
    this.#at = 0
  }

  #keep(need: number): false {
    if (this.#chunk.length > this.#at) {
      this.#need = need
      this.#gather()
    }
    return false
  }

  // Completes what was begun: first its header, then, once the length is known, the rest of it.
  #gather(): boolean {
    while (this.#have < this.#need) {
      const take = Math.min(this.#need - this.#have, this.#chunk.length - this.#at)
      if (take === 0) return false
      this.#makeRoom(this.#have + take)
      this.#chunk.copy(this.#part, this.#have, this.#at, this.#at + take)
      this.#at += take
      this.#have += take
      if (this.#have === HEADER_BYTES && this.#need === HEADER_BYTES && this.preamble !== null) {
        this.#need += readHeader(this.#part, 0, this.#limit)
      }
    }
    return true
  }

  #makeRoom(bytes: number): void {
    if (this.#part.length >= bytes) return
    const size = Math.min(this.#need, Math.max(bytes, this.#part.length * 2, FIRST_PART_BYTES))
    const larger = Buffer.allocUnsafeSlow(size)
    this.#part.copy(larger, 0, 0, this.#have)
    this.#part = larger
  }
}
