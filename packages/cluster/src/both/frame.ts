// The words on the link between a primary and a worker, and their bytes. A frame that carries descriptors says how many are
// its own; they travel with its first byte.
import type { Refusal } from './messages'

export type Frame =
  /** One bound socket. `id` is answered by `ack`. */
  | { readonly type: 'listener'; readonly listener: number; readonly id: number }
  /** `count` accepted connections. */
  | { readonly type: 'connections'; readonly listener: number; readonly id: number; readonly count: number }
  /**
   * The worker has what came with the frame `id`; those at `refused` (indexes) it did not take, and `why`. `connections`
   * counts what its servers hold now.
   */
  | {
      readonly type: 'ack'
      readonly id: number
      readonly connections: number
      readonly refused: readonly number[]
      readonly why: Refusal
    }
  /** What the worker's servers hold now. */
  | { readonly type: 'held'; readonly connections: number }

/** By their number on the wire. */
const types = ['listener', 'connections', 'ack', 'held'] as const
const refusals: readonly Refusal[] = ['full', 'shortage']
const LISTENER = 0
const CONNECTIONS = 1
const ACK = 2
const HELD = 3

/** A message's limit of descriptors (SCM_MAX_FD, unix(7)). */
export const MAX_DESCRIPTORS = 253

/** type u8, why u8, count u16, then two u32; `ack` adds `count` times u16. Little-endian. */
const HEADER = 12

const NONE: readonly number[] = []

/** How many descriptors belong to a frame. */
export function descriptorsOf(frame: Frame): number {
  return frame.type === 'listener' ? 1 : frame.type === 'connections' ? frame.count : 0
}

/** Plain stores: the methods of Buffer are more code for the engine to compile than all of this. */
export function encodeFrame(frame: Frame): Buffer {
  switch (frame.type) {
    case 'listener':
      return encode(LISTENER, 0, frame.listener, frame.id)
    case 'connections':
      return encode(CONNECTIONS, frame.count, frame.listener, frame.id)
    case 'held':
      return encode(HELD, 0, frame.connections, 0)
    case 'ack': {
      const { refused } = frame
      const bytes = encode(ACK, refused.length, frame.connections, frame.id)
      bytes[1] = refusals.indexOf(frame.why)
      for (let i = 0; i < refused.length; i++) write16(bytes, HEADER + i * 2, refused[i] as number)
      return bytes
    }
  }
}

function encode(type: number, count: number, first: number, id: number): Buffer {
  const bytes = Buffer.allocUnsafe(type === ACK ? HEADER + count * 2 : HEADER)
  bytes[0] = type
  bytes[1] = 0
  write16(bytes, 2, count)
  write16(bytes, 4, first)
  write16(bytes, 6, first >>> 16)
  write16(bytes, 8, id)
  write16(bytes, 10, id >>> 16)
  return bytes
}

function write16(bytes: Buffer, at: number, value: number): void {
  bytes[at] = value
  bytes[at + 1] = value >>> 8
}

function read16(bytes: Buffer, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8)
}

function read32(bytes: Buffer, at: number): number {
  return (read16(bytes, at) | (read16(bytes, at + 2) << 16)) >>> 0
}

/** A frame with what came along: null where it carried descriptors and they were lost on the way. */
export interface CarriedFrame {
  readonly frame: Frame
  readonly fds: readonly number[] | null
}

/**
 * Cuts a stream of bytes back into frames, and finds whose the descriptors are that came with each piece. It holds less
 * than one frame.
 */
export class FrameReader {
  #rest: Buffer | null = null
  /** What came with the first byte of the frame that is not whole yet. */
  #restFds: readonly number[] = []

  /**
   * The frames that are whole now, and the descriptors that belong to none: the caller's to close. Throws `RangeError` on
   * bytes that are no frame; all descriptors are the caller's then (`drop` gives those of before).
   *
   * A receive stops after the bytes that descriptors were attached to (unix(7)), so that of the frames which begin in one
   * piece one at most has descriptors. Were there two, nobody could say whose they are, and both have lost theirs.
   */
  push(data: Buffer, fds: readonly number[]): { frames: CarriedFrame[]; stray: readonly number[] } {
    if (this.#rest === null && data.length >= HEADER && frameLength(data, 0) === data.length) {
      const frame = decodeFrame(data, 0)
      if (fds.length === descriptorsOf(frame)) return { frames: [{ frame, fds }], stray: NONE }
    }
    const before = this.#rest?.length ?? 0
    const bytes = this.#rest === null ? data : Buffer.concat([this.#rest, data])
    const { frames, end } = cut(bytes)
    const begun = this.#restFds
    const isRestNew = end >= before && end < bytes.length
    const carriers = frames.filter(({ frame, at }) => at >= before && descriptorsOf(frame) > 0)
    const owner = carriers.length === 1 ? carriers[0] : undefined
    const isForRest = carriers.length === 0 && isRestNew
    this.#rest = end < bytes.length ? bytes.subarray(end) : null
    if (end > 0 || before === 0) this.#restFds = isForRest ? fds : []
    const stray: number[] = owner || isForRest ? [] : [...fds]
    const carried = frames.map(({ frame, at }) => {
      const own = at < before ? begun : frame === owner?.frame ? fds : []
      if (own.length === descriptorsOf(frame)) return { frame, fds: own }
      stray.push(...own)
      return { frame, fds: descriptorsOf(frame) > 0 ? null : [] }
    })
    return { frames: carried, stray }
  }

  /** Forgets the frame that is not whole; answers its descriptors. */
  drop(): readonly number[] {
    const fds = this.#restFds
    this.#restFds = []
    this.#rest = null
    return fds
  }
}

/** The whole frames, where each begins, and where the rest begins. */
function cut(bytes: Buffer): { frames: { frame: Frame; at: number }[]; end: number } {
  const frames: { frame: Frame; at: number }[] = []
  let at = 0
  while (at + HEADER <= bytes.length) {
    const end = at + frameLength(bytes, at)
    if (end > bytes.length) break
    frames.push({ frame: decodeFrame(bytes, at), at })
    at = end
  }
  return { frames, end: at }
}

function frameLength(bytes: Buffer, at: number): number {
  const type = types[bytes[at] as number]
  const count = read16(bytes, at + 2)
  if (type === undefined) throw new RangeError(`a frame of the unknown type ${bytes[at]}`)
  if (count > MAX_DESCRIPTORS) throw new RangeError(`a frame with ${count} entries`)
  return type === 'ack' ? HEADER + count * 2 : HEADER
}

function decodeFrame(bytes: Buffer, at: number): Frame {
  const type = types[bytes[at] as number]
  const count = read16(bytes, at + 2)
  const first = read32(bytes, at + 4)
  const id = read32(bytes, at + 8)
  if (type === 'listener') return { type, listener: first, id }
  if (type === 'connections') return { type, listener: first, id, count }
  if (type === 'held') return { type, connections: first }
  const why = refusals[bytes[at + 1] as number]
  if (why === undefined) throw new RangeError('a refusal for no known reason')
  const refused: number[] = []
  for (let i = 0; i < count; i++) refused.push(read16(bytes, at + HEADER + i * 2))
  return { type: 'ack', id, connections: first, refused, why }
}
