// Writes as Writable gathers them, turned into the buffers that go out. It knows no socket.
import { filePartOf } from './file-part'

/** A write as `_writev` is given it. */
export interface GatheredWrite {
  readonly chunk: string | Uint8Array
  readonly encoding: BufferEncoding | 'buffer'
}

/** Up to this length copying the bytes of a buffer is cheaper than its entry in a vector of buffers. */
const SMALL_LENGTH = 256

/** The bytes of a write. */
export function encodeChunk(chunk: string | Uint8Array, encoding: BufferEncoding | 'buffer'): Uint8Array {
  return typeof chunk === 'string' ? Buffer.from(chunk, encoding as BufferEncoding) : chunk
}

/** The bytes of the writes, in order; neighbouring small ones as one buffer. */
export function encodeWrites(writes: readonly GatheredWrite[]): Uint8Array[] {
  const chunks: Uint8Array[] = []
  let small: Uint8Array[] = []
  const gather = () => {
    if (small.length > 0) chunks.push(small.length === 1 ? (small[0] as Uint8Array) : Buffer.concat(small))
    small = []
  }
  for (const { chunk, encoding } of writes) {
    const bytes = encodeChunk(chunk, encoding)
    const isPart = filePartOf(bytes) !== undefined
    // Bytes of a buffer that was taken away meanwhile cannot be copied, not even none.
    if (bytes.length === 0 && !isPart) continue
    if (bytes.length <= SMALL_LENGTH && !isPart) small.push(bytes)
    else {
      gather()
      chunks.push(bytes)
    }
  }
  gather()
  return chunks
}

export function byteLength(chunks: readonly Uint8Array[]): number {
  let length = 0
  for (const chunk of chunks) length += chunk.byteLength
  return length
}

/** The bytes that the writes will have. */
export function gatheredLength(writes: readonly GatheredWrite[]): number {
  let length = 0
  for (const { chunk, encoding } of writes) {
    length +=
      typeof chunk === 'string' ? Buffer.byteLength(chunk, encoding as BufferEncoding) : chunk.byteLength
  }
  return length
}

/** What is left of the chunks after their first `count` bytes. */
export function withoutFirst(chunks: readonly Uint8Array[], count: number): Uint8Array[] {
  const rest: Uint8Array[] = []
  let skip = count
  for (const chunk of chunks) {
    if (skip < chunk.byteLength) rest.push(skip === 0 ? chunk : chunk.subarray(skip))
    skip = Math.max(0, skip - chunk.byteLength)
  }
  return rest
}

/** Node counts refused bytes as written, but for those of a text that cannot have more than so many. */
const SHORT_TEXT_BYTES = 16 * 1024

/** Whether Node gives the system this write as a text, from its stack. Of other encodings it makes bytes first. */
export function isShortText(chunk: string | Uint8Array, encoding: BufferEncoding): boolean {
  return typeof chunk === 'string' && chunk.length * mostBytesOfCharacter(encoding) <= SHORT_TEXT_BYTES
}

function mostBytesOfCharacter(encoding: BufferEncoding): number {
  switch (encoding) {
    case 'utf8':
    case 'utf-8':
      return 3
    case 'utf16le':
    case 'utf-16le':
    case 'ucs2':
    case 'ucs-2':
      return 2
    case 'latin1':
    case 'binary':
    case 'ascii':
      return 1
    default:
      return Number.POSITIVE_INFINITY
  }
}
