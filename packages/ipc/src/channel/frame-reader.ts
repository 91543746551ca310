// Bytes in, frames out: finds where frames begin and end, whatever the chunks. It knows neither values nor streams.
import { ipcError } from '../errors/codes'
import { decodePreamble, HEADER_BYTES, isKnown, type Preamble } from './frame'

const NOTHING: Buffer = Buffer.alloc(0)

/**
 * Cuts a stream of chunks into frames. `push` a chunk, then call `next` until it answers false; after each true the
 * fields say what the frame is. A body that lies within one chunk is a view of it; only what is split over chunks is
 * put together, once.
 */
export class FrameReader {
  /** What the peer said first; null until then. */
  preamble: Preamble | null = null
  kind = 0
  encoding = 0
  handles = 0
  id = 0
  /** The payload is `body` from `start` to `end`. */
  body = NOTHING
  start = 0
  end = 0

  readonly #limit: number
  #chunk = NOTHING
  #at = 0
  /** The pieces of what is split over chunks: how much is there, how much is needed before it can be read. */
  #pieces: Buffer[] = []
  #have = 0
  #need = 0
  #joined: Buffer | null = null

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Nothing is begun: between two frames. */
  get isBetweenFrames(): boolean {
    return this.#have === 0 && this.#joined === null && this.#at === this.#chunk.length
  }

  /** A frame, or the preamble, is here in part. */
  get isWaiting(): boolean {
    return this.#have > 0
  }

  /** Only takes the chunk: what is wrong with it `next` says. */
  push(chunk: Buffer): void {
    // What is left of the last one: the reader was stopped between two of its frames.
    const rest = this.#chunk.subarray(this.#at)
    this.#chunk = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    this.#at = 0
  }

  // Completes what the last chunk began: first its header, then, once the length is known, the rest of it.
  #fill(): void {
    while (this.#have < this.#need) {
      const take = Math.min(this.#need - this.#have, this.#chunk.length - this.#at)
      if (take === 0) return
      this.#pieces.push(this.#chunk.subarray(this.#at, this.#at + take))
      this.#at += take
      this.#have += take
      if (this.#have === HEADER_BYTES && this.#need === HEADER_BYTES && this.preamble !== null) {
        this.#pieces = [Buffer.concat(this.#pieces)]
        this.#need += this.#lengthAt(this.#pieces[0]!, 0)
      }
    }
    this.#joined = Buffer.concat(this.#pieces, this.#have)
    this.#pieces = []
    this.#have = 0
  }

  /** The length of the payload whose header begins here. */
  #lengthAt(bytes: Buffer, at: number): number {
    const length = bytes.readUInt32LE(at)
    if (!isKnown(bytes[at + 4]!, bytes[at + 5]!)) {
      throw ipcError('ERR_X_CHANNEL_PROTOCOL', `no frame has the kind ${bytes[at + 4]}, ${bytes[at + 5]}`)
    }
    if (length > this.#limit) throw ipcError('ERR_X_FRAME_TOO_LONG', length, this.#limit, 'our')
    return length
  }

  /**
   * True where a whole frame, or the preamble (kind 0), is here.
   *
   * @throws `ERR_X_CHANNEL_PROTOCOL` or `ERR_X_FRAME_TOO_LONG`; the stream is useless then.
   */
  next(): boolean {
    if (this.#have > 0) this.#fill()
    let bytes = this.#chunk
    let at = this.#at
    if (this.#joined !== null) {
      bytes = this.#joined
      at = 0
    } else {
      const available = bytes.length - at
      if (available < HEADER_BYTES) return this.#keep(HEADER_BYTES)
      const total = HEADER_BYTES + (this.preamble === null ? 0 : this.#lengthAt(bytes, at))
      if (available < total) return this.#keep(total)
      this.#at += total
    }
    const end = this.#joined === null ? this.#at : bytes.length
    this.#joined = null
    if (this.preamble === null) return this.#begin(bytes, at)
    this.kind = bytes[at + 4]!
    this.encoding = bytes[at + 5]!
    this.handles = bytes[at + 6]! | (bytes[at + 7]! << 8)
    this.id = bytes.readUInt32LE(at + 8)
    this.body = bytes
    this.start = at + HEADER_BYTES
    this.end = end
    return true
  }

  #begin(bytes: Buffer, at: number): true {
    this.preamble = decodePreamble(bytes, at)
    if (this.preamble === null) {
      throw ipcError('ERR_X_CHANNEL_PROTOCOL', 'its first bytes are not those of a channel')
    }
    this.kind = 0
    return true
  }

  #keep(need: number): false {
    const rest = this.#chunk.length - this.#at
    if (rest > 0) {
      this.#pieces = [this.#chunk.subarray(this.#at)]
      this.#have = rest
      this.#need = need
    }
    this.#chunk = NOTHING
    this.#at = 0
    return false
  }
}
