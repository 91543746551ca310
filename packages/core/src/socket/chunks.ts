// What Writable gathered, as the buffers that go out: neighbouring strings are encoded as one, and neighbouring small
// buffers copied into one. It knows no socket.

export interface GatheredWrite {
  chunk: string | Uint8Array
  encoding: BufferEncoding | 'buffer'
}

/** Encodings in which the bytes of two strings are the bytes of their concatenation. */
export function isJoinable(encoding: string): boolean {
  return (
    encoding === 'utf8' ||
    encoding === 'latin1' ||
    encoding === 'utf-8' ||
    encoding === 'ascii' ||
    encoding === 'binary'
  )
}

/** Up to this length the bytes of a buffer are cheaper to copy than its entry in a vector of buffers is to make. */
const SMALL_LENGTH = 256

/** Up to this length a loop copies faster than `set`. */
const TINY_LENGTH = 16

/** The bytes of the first `count` writes, in order. */
export function encodeWrites(writes: readonly GatheredWrite[], count = writes.length): Uint8Array[] {
  const chunks: Uint8Array[] = []
  for (let from = 0, to = 0; from < count; from = to) {
    to = endOfRun(writes, from, count)
    chunks.push(encodeRun(writes, from, to))
  }
  return chunks
}

/** Where the neighbours end that become one buffer with the write at `from`. */
function endOfRun(writes: readonly GatheredWrite[], from: number, end: number): number {
  const first = writes[from]!
  let to = from + 1
  if (typeof first.chunk !== 'string') {
    if (isSmall(first.chunk)) while (to < end && isSmall(writes[to]!.chunk)) to++
    return to
  }
  if (!isJoinable(first.encoding)) return to
  let text = first.chunk
  for (; to < end; to++) {
    const { chunk, encoding } = writes[to]!
    if (typeof chunk !== 'string' || encoding !== first.encoding || endsInHalfPair(text)) break
    if (chunk !== '') text = chunk
  }
  return to
}

function isSmall(chunk: string | Uint8Array): boolean {
  return typeof chunk !== 'string' && chunk.length <= SMALL_LENGTH
}

function encodeRun(writes: readonly GatheredWrite[], from: number, to: number): Uint8Array {
  const first = writes[from]!
  if (typeof first.chunk !== 'string') return to - from === 1 ? first.chunk : copyTogether(writes, from, to)
  let text = first.chunk
  for (let i = from + 1; i < to; i++) text += writes[i]!.chunk as string
  return Buffer.from(text, first.encoding as BufferEncoding)
}

function copyTogether(writes: readonly GatheredWrite[], from: number, to: number): Uint8Array {
  let length = 0
  for (let i = from; i < to; i++) length += writes[i]!.chunk.length
  const together = Buffer.allocUnsafe(length)
  let at = 0
  for (let i = from; i < to; i++) {
    const chunk = writes[i]!.chunk as Uint8Array
    if (chunk.length > TINY_LENGTH) together.set(chunk, at)
    else for (let n = 0; n < chunk.length; n++) together[at + n] = chunk[n]!
    at += chunk.length
  }
  return together
}

/** A lone half of a surrogate pair is a replacement character by itself, and may not meet its other half. */
function endsInHalfPair(text: string): boolean {
  const last = text.charCodeAt(text.length - 1)
  return last >= 0xd800 && last <= 0xdbff
}

export function byteLength(chunks: readonly Uint8Array[]): number {
  let length = 0
  for (const chunk of chunks) length += chunk.byteLength
  return length
}
