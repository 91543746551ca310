// Copies of what was read into the addon's scratch. Small ones share a slab, one behind the other, which costs less than a
// piece of Node's pool. It knows no stream.
import { markAsUntransferable } from 'node:worker_threads'

/** What one kept chunk may pin. */
const SLAB_BYTES = 8 * 1024

/** Up to this length a loop copies faster than a call into the host. */
const SHORT_BYTES = 256

const WORD_BYTES = Int32Array.BYTES_PER_ELEMENT

/** Larger reads get memory of their own. */
const MOST_SHARED = 2048

export class ReadCopies {
  readonly #from: Buffer
  readonly #fromWords: Int32Array
  #slab: Buffer
  #words: Int32Array
  #used = 0

  /** `from`: the scratch. */
  constructor(from: Buffer) {
    this.#from = from
    this.#fromWords = wordsOf(from, SHORT_BYTES)
    this.#slab = newSlab()
    this.#words = wordsOf(this.#slab, SLAB_BYTES)
  }

  /** The first `size` bytes of the scratch, for the receiver to keep. */
  take(size: number): Buffer {
    if (size > MOST_SHARED) {
      const own = Buffer.allocUnsafeSlow(size)
      this.#from.copy(own, 0, 0, size)
      return own
    }
    // Of a slab that the program has transferred away the length is 0.
    if (this.#used + size > this.#slab.length) this.#renew()
    const start = this.#used
    this.#used = start + ((size + WORD_BYTES - 1) & -WORD_BYTES)
    if (size <= SHORT_BYTES) {
      const [to, from] = [this.#words, this.#fromWords]
      const first = start / WORD_BYTES
      const count = (this.#used - start) / WORD_BYTES
      for (let i = 0; i < count; i++) to[first + i] = from[i] as number
    } else this.#from.copy(this.#slab, start, 0, size)
    return this.#slab.subarray(start, start + size)
  }

  #renew(): void {
    this.#slab = newSlab()
    this.#words = wordsOf(this.#slab, SLAB_BYTES)
    this.#used = 0
  }
}

function newSlab(): Buffer {
  const slab = Buffer.allocUnsafeSlow(SLAB_BYTES)
  // As Node's own pool: others have chunks in it.
  markAsUntransferable(slab.buffer)
  return slab
}

function wordsOf(bytes: Buffer, length: number): Int32Array {
  return new Int32Array(bytes.buffer, bytes.byteOffset, length / WORD_BYTES)
}
