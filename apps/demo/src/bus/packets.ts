// From frames to packets that fit the bus, and back: a frame that is too long for one packet goes in several. Packets of one sender
// to one address are numbered, so that a frame with a hole in it is known, and none is taken twice. It knows no frame's content.

/** What a packet says before its part of a frame: mark, edition, flags, to all or to one, sender, number. */
const HEAD_BYTES = 4 + 8 + 8
const MARK = 0x78
const EDITION = 1
const FIRST = 1
const LAST = 2

/** A sender's identity is as many bytes, in hexadecimal digits where it is text. */
export const ID_BYTES = 8

export interface Packet {
  readonly sender: string
  /** Whether it is for all: those for one are numbered apart. */
  readonly isForAll: boolean
  readonly number: number
  readonly isFirst: boolean
  readonly isLast: boolean
  readonly part: Uint8Array
}

/** Numbers what one broker sends to one address, and divides it. */
export class PacketWriter {
  readonly #sender: Buffer
  readonly #isForAll: boolean
  #number: number

  /** @param after the packets are numbered from the next number on */
  constructor(sender: string, isForAll: boolean, after: number) {
    this.#sender = Buffer.from(sender, 'hex')
    this.#isForAll = isForAll
    this.#number = after
  }

  /** One packet, of the bytes of a frame from `from` on; the next begins at `end`. */
  write(
    frame: Uint8Array,
    from: number,
    maxPacketBytes: number,
  ): { readonly packet: Buffer; readonly end: number } {
    const end = Math.min(frame.length, from + maxPacketBytes - HEAD_BYTES)
    const packet = Buffer.allocUnsafe(HEAD_BYTES + end - from)
    packet.writeUInt8(MARK, 0)
    packet.writeUInt8(EDITION, 1)
    packet.writeUInt8((from === 0 ? FIRST : 0) | (end === frame.length ? LAST : 0), 2)
    packet.writeUInt8(this.#isForAll ? 1 : 0, 3)
    packet.set(this.#sender, 4)
    packet.writeDoubleLE(++this.#number, 12)
    packet.set(frame.subarray(from, end), HEAD_BYTES)
    return { packet, end }
  }
}

/** Null for what is no packet of this edition. */
export function readPacket(bytes: Uint8Array): Packet | null {
  const packet = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (packet.length < HEAD_BYTES || packet[0] !== MARK || packet[1] !== EDITION) return null
  const number = packet.readDoubleLE(12)
  if (!Number.isSafeInteger(number) || number < 1) return null
  return {
    sender: packet.toString('hex', 4, 4 + ID_BYTES),
    isForAll: packet[3] === 1,
    number,
    isFirst: (packet[2]! & FIRST) !== 0,
    isLast: (packet[2]! & LAST) !== 0,
    part: packet.subarray(HEAD_BYTES),
  }
}

/** Puts the frames of one sender together again. */
export class FrameAssembly {
  readonly #mostBytes: number
  #number = 0
  /** Null where no frame has begun, or a part of it is missing. */
  #parts: Uint8Array[] | null = null
  #bytes = 0

  /** @param mostBytes of one frame: a longer one is not taken */
  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes
  }

  /** A frame that is whole now; null where none is. */
  take({ number, isFirst, isLast, part }: Packet): Buffer | null {
    if (number <= this.#number) return null
    const isNext = number === this.#number + 1
    this.#number = number
    if (isFirst) this.#begin()
    else if (!isNext) this.#parts = null
    if (this.#parts === null) return null
    this.#bytes += part.length
    if (this.#bytes > this.#mostBytes) {
      this.#parts = null
      return null
    }
    this.#parts.push(part)
    if (!isLast) return null
    const frame = Buffer.concat(this.#parts)
    this.#parts = null
    return frame
  }

  #begin(): void {
    this.#parts = []
    this.#bytes = 0
  }
}
