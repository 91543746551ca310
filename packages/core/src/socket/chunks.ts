// What Writable gathered, as the buffers that go out: neighbouring strings are encoded as one. It knows no socket.

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

/** The bytes of the writes, in order. */
export function encodeWrites(writes: readonly GatheredWrite[]): Uint8Array[] {
  const chunks: Uint8Array[] = []
  let text = ''
  let textEncoding: BufferEncoding = 'utf8'
  for (let i = 0; i < writes.length; i++) {
    const { chunk, encoding } = writes[i]!
    const isText = typeof chunk === 'string'
    if (text !== '' && (!isText || encoding !== textEncoding || endsInHalfPair(text))) {
      chunks.push(Buffer.from(text, textEncoding))
      text = ''
    }
    if (!isText) chunks.push(chunk)
    else if (joinable[encoding]) {
      text += chunk
      textEncoding = encoding as BufferEncoding
    } else chunks.push(Buffer.from(chunk, encoding as BufferEncoding))
  }
  if (text !== '') chunks.push(Buffer.from(text, textEncoding))
  return chunks
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
