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
  const bytes = Buffer.allocUnsafe(HEADER + refused.length * 2)
  bytes.writeUInt16LE(types.indexOf(frame.type), 0)
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
  #rest: Buffer | null = null

  push(data: Buffer): LinkFrame[] {
    const bytes = this.#rest === null ? data : Buffer.concat([this.#rest, data])
    const frames: LinkFrame[] = []
    let at = 0
    while (at + HEADER <= bytes.length) {
      const end = at + frameLength(bytes, at)
      if (end > bytes.length) break
      frames.push(decodeFrame(bytes, at))
      at = end
    }
    this.#rest = at < bytes.length ? bytes.subarray(at) : null
    return frames
  }
}

function frameLength(bytes: Buffer, at: number): number {
  return types[bytes[at] as number] === 'ack' ? HEADER + bytes.readUInt16LE(at + 2) * 2 : HEADER
}

function decodeFrame(bytes: Buffer, at: number): LinkFrame {
  const type = types[bytes[at] as number]
  const count = bytes.readUInt16LE(at + 2)
  const first = bytes.readUInt32LE(at + 4)
  const batch = bytes.readUInt32LE(at + 8)
  if (type === 'listener') return { type, listener: first }
  if (type === 'connections') return { type, listener: first, batch, count }
  if (type === 'load') return { type, load: first }
  if (type === 'ack') {
    const refused: number[] = []
    for (let i = 0; i < count; i++) refused.push(bytes.readUInt16LE(at + HEADER + i * 2))
    return { type, batch, load: first, refused }
  }
  throw new RangeError(`Unknown frame type ${bytes[at]} on the link between primary and worker`)
}
