// The bytes of a client of which no request was made yet: added behind, read from the front. However small the pieces in
// which they come, they cost at most twice their size. It knows no protocol.

/** What is held for fewer bytes than this is not worth a copy. */
const SMALL_BYTES = 1024
const EMPTY = Buffer.alloc(0)

export class RequestBytes {
  /** Holds the bytes from `start` on. What lies before them may have been handed out and is not written to again. */
  memory: Buffer = EMPTY
  start = 0
  /** Where the bytes end in `memory`. */
  end = 0
  /** Whether `memory` was made here, and may be written to behind `end`. */
  #isOwn = false

  get length(): number {
    return this.end - this.start
  }

  /** Takes a piece, and keeps it as it is where it is all that there is. `wanted`: how many bytes there should be at last. */
  push(piece: Buffer, wanted = 0): void {
    if (this.length === 0) {
      this.memory = piece
      this.start = 0
      this.end = piece.length
      this.#isOwn = false
      return
    }
    const length = this.length + piece.length
    if (!this.#isOwn || this.memory.length - this.end < piece.length) {
      // Twice as much as there is: each byte is copied twice at most, on average.
      const room = piece.length >= this.length ? length : 2 * length
      this.#moveTo(wanted > length ? Math.min(room, wanted) : room)
    }
    this.memory.set(piece, this.end)
    this.end += piece.length
  }

  /** Lets go of memory that is held for a few bytes of it. */
  compact(): void {
    if (this.length === 0) {
      this.memory = EMPTY
      this.start = this.end = 0
      this.#isOwn = false
    } else if (!this.#isOwn && this.memory.buffer.byteLength > 2 * this.length + SMALL_BYTES) {
      this.#moveTo(this.length)
    }
  }

  /** The bytes. */
  view(): Buffer {
    return this.memory.subarray(this.start, this.end)
  }

  #moveTo(capacity: number): void {
    const memory = Buffer.allocUnsafeSlow(capacity)
    memory.set(this.view(), 0)
    this.end = this.length
    this.start = 0
    this.memory = memory
    this.#isOwn = true
  }
}
