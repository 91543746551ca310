// What Writable gathered, as the buffers that go out: neighbouring strings are encoded as one, and neighbouring small
// buffers copied into one. It knows no socket.

export interface GatheredWrite {
  readonly chunk: string | Uint8Array
  readonly encoding: BufferEncoding | 'buffer'
}

/** Encodings in which the bytes of two strings are the bytes of their concatenation. */
const joinable: Partial<Record<string, boolean>> = {
  utf8: true,
  'utf-8': true,
  latin1: true,
  binary: true,
  ascii: true,
}

/** Up to this length the bytes of a buffer are cheaper to copy than its entry in a vector of buffers is to make. */
const SMALL_LENGTH = 256

/** Up to this length a loop copies faster than `set`. */
const TINY_LENGTH = 16

/** The bytes of the writes, in order. */
export function encodeWrites(writes: readonly GatheredWrite[]): Uint8Array[] {
  const chunks: Uint8Array[] = []
  for (let from = 0, to = 0; from < writes.length; from = to) {
    to = endOfRun(writes, from)
    chunks.push(encodeRun(writes, from, to))
  }
  return chunks
}

/** Where the neighbours end that become one buffer with the write at `from`. */
function endOfRun(writes: readonly GatheredWrite[], from: number): number {
  const first = writes[from]!
  let to = from + 1
  if (typeof first.chunk !== 'string') {
    if (isSmall(first.chunk)) while (to < writes.length && isSmall(writes[to]!.chunk)) to++
    return to
  }
  if (!joinable[first.encoding]) return to
  let text = first.chunk
  for (; to < writes.length; to++) {
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
