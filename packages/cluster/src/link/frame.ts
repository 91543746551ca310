// The words on the link between a primary and a worker, and their bytes. Descriptors travel beside the frames: a frame
// says how many are its own, and they arrive in the order of the frames.

/** `listener`: one bound socket. `connections`: `count` accepted ones. */
export type LinkFrame =
  | { readonly type: 'listener'; readonly listener: number }
  | {
      readonly type: 'connections'
      readonly listener: number
      readonly batch: number
      readonly count: number
    }
  /** The worker has these; those at `refused` (indexes) it did not take. `load` counts what its servers hold now. */
  | {
      readonly type: 'ack'
      readonly batch: number
      readonly load: number
      readonly refused: readonly number[]
    }
  | { readonly type: 'load'; readonly load: number }

const types = ['listener', 'connections', 'ack', 'load'] as const

/** type u8, unused u8, count u16, then two u32; `ack` adds `count` times u16. Little-endian. */
const HEADER = 12

/** How many descriptors belong to a frame. */
export function descriptorsOf(frame: LinkFrame): number {
  return frame.type === 'listener' ? 1 : frame.type === 'connections' ? frame.count : 0
}

export function encodeFrame(frame: LinkFrame): Buffer {
  const refused = frame.type === 'ack' ? frame.refused : []
  const bytes = Buffer.alloc(HEADER + refused.length * 2)
  bytes.writeUInt8(types.indexOf(frame.type), 0)
  bytes.writeUInt16LE(frame.type === 'connections' ? frame.count : refused.length, 2)
  bytes.writeUInt32LE(
    frame.type === 'listener' || frame.type === 'connections' ? frame.listener : frame.load,
    4,
  )
  bytes.writeUInt32LE(frame.type === 'connections' || frame.type === 'ack' ? frame.batch : 0, 8)
  for (const [i, index] of refused.entries()) bytes.writeUInt16LE(index, HEADER + i * 2)
  return bytes
}

/** Cuts a stream of bytes back into frames. Throws `RangeError` on a type that it does not know. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0)

  push(data: Buffer): LinkFrame[] {
    let bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, data]) : data
    const frames: LinkFrame[] = []
    for (;;) {
      const length = frameLength(bytes)
      if (length === 0 || bytes.length < length) break
      frames.push(decodeFrame(bytes))
      bytes = bytes.subarray(length)
    }
    this.#rest = bytes
    return frames
  }
}

function frameLength(bytes: Buffer): number {
  if (bytes.length < HEADER) return 0
  return types[bytes.readUInt8(0)] === 'ack' ? HEADER + bytes.readUInt16LE(2) * 2 : HEADER
}

function decodeFrame(bytes: Buffer): LinkFrame {
  const type = types[bytes.readUInt8(0)]
  const count = bytes.readUInt16LE(2)
  const first = bytes.readUInt32LE(4)
  const batch = bytes.readUInt32LE(8)
  if (type === 'listener') return { type, listener: first }
  if (type === 'connections') return { type, listener: first, batch, count }
  if (type === 'load') return { type, load: first }
  if (type === 'ack') {
    const refused: number[] = []
    for (let i = 0; i < count; i++) refused.push(bytes.readUInt16LE(HEADER + i * 2))
    return { type, batch, load: first, refused }
  }
  throw new RangeError(`Unknown frame type ${bytes.readUInt8(0)} on the link between primary and worker`)
}
