// How published messages and the numbers of their receivers go from worker to worker: many in one frame. Numbers are
// little endian; channels are latin1. It sends nothing.

const PUBLISHED = 1
const COUNTS = 2
/** Kind, how many, and the number of the first. */
const HEAD_BYTES = 1 + 4 + 8
/** Lengths of channel and payload. */
const LENGTHS_BYTES = 8

export interface PublishedMessage {
  readonly channel: string
  readonly payload: Uint8Array
}

export type Frame =
  | { readonly kind: 'published'; readonly first: number; readonly messages: readonly PublishedMessage[] }
  | { readonly kind: 'counts'; readonly first: number; readonly counts: readonly number[] }

/** Messages that follow each other from the number `first` on. */
export function encodePublished(first: number, messages: readonly PublishedMessage[]): Buffer {
  let length = HEAD_BYTES
  for (const { channel, payload } of messages) length += LENGTHS_BYTES + channel.length + payload.length
  const frame = Buffer.allocUnsafe(length)
  let at = writeHead(frame, PUBLISHED, messages.length, first)
  for (const { channel, payload } of messages) {
    at = frame.writeUInt32LE(channel.length, at)
    at = frame.writeUInt32LE(payload.length, at)
    at += frame.write(channel, at, 'latin1')
    frame.set(payload, at)
    at += payload.length
  }
  return frame
}

/** The receivers of the messages from the number `first` on. */
export function encodeCounts(first: number, counts: readonly number[]): Buffer {
  const frame = Buffer.allocUnsafe(HEAD_BYTES + counts.length * 4)
  let at = writeHead(frame, COUNTS, counts.length, first)
  for (const count of counts) at = frame.writeUInt32LE(count, at)
  return frame
}

/** Reads a frame; payloads are views of it. Throws `RangeError` for what is no frame. */
export function decode(frame: Buffer): Frame {
  const count = frame.readUInt32LE(1)
  const first = frame.readDoubleLE(5)
  if (!Number.isSafeInteger(first)) throw new RangeError('the number of a message is none')
  if (frame[0] === COUNTS) {
    const counts = Array.from({ length: count }, (_, index) => frame.readUInt32LE(HEAD_BYTES + index * 4))
    return { kind: 'counts', first, counts }
  }
  if (frame[0] !== PUBLISHED) throw new RangeError('there is no such kind of frame')
  const messages: PublishedMessage[] = []
  let at = HEAD_BYTES
  for (let index = 0; index < count; index++) {
    const payloadAt = at + LENGTHS_BYTES + frame.readUInt32LE(at)
    const end = payloadAt + frame.readUInt32LE(at + 4)
    if (end > frame.length) throw new RangeError('a message is longer than its frame')
    const channel = frame.toString('latin1', at + LENGTHS_BYTES, payloadAt)
    messages.push({ channel, payload: frame.subarray(payloadAt, end) })
    at = end
  }
  return { kind: 'published', first, messages }
}

function writeHead(frame: Buffer, kind: number, count: number, first: number): number {
  frame.writeUInt8(kind, 0)
  frame.writeUInt32LE(count, 1)
  return frame.writeDoubleLE(first, 5)
}
