// The bytes of the channel's protocol: preamble and frame header. Pure; it knows neither values nor streams.
//
//   preamble   'x' 'c' 'h' version:u8   flags:u8 0 0 0   frameLimit:u32            once, each way, before all frames
//   frame      length:u32   kind:u8 encoding:u8 handles:u16   id:u32   payload     little endian
//
// `length` is that of the payload. `handles` counts the descriptors that travel with the frame's first byte.
// An encoding with EXTENDED set means: metaLength:u32, meta (JSON), value, buffers, unread bytes of connections.

/** The version of the protocol, in the fourth byte of each direction. */
export const VERSION = 1
/** Length of a frame's header, and of the preamble. */
export const HEADER_BYTES = 12

export const KIND_MESSAGE = 1
export const KIND_REQUEST = 2
export const KIND_REPLY = 3
export const KIND_FAILURE = 4
export const KIND_CANCEL = 5
export const KIND_ACK = 6
export const KIND_REFUSAL = 7
const LAST_KIND = KIND_REFUSAL

export const ENCODING_NONE = 0
export const ENCODING_JSON = 1
export const ENCODING_BYTES = 2
export const ENCODING_CLONE = 3
export const ENCODING_TEXT = 4
/** JSON values, several in a message, whose long strings stand in front of them: see packed-values. */
export const ENCODING_PACKED = 5
const LAST_ENCODING = ENCODING_PACKED
export const EXTENDED = 0x80

export const FLAG_CLONE = 1
export const FLAG_HANDLES = 2

const MAGIC = 0x686378 // 'xch', little endian

/** What each side says first. */
export interface Preamble {
  readonly version: number
  readonly flags: number
  readonly frameLimit: number
}

export function encodePreamble({ version, flags, frameLimit }: Preamble): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES)
  bytes.writeUIntLE(MAGIC, 0, 3)
  bytes[3] = version
  bytes[4] = flags
  bytes.writeUInt32LE(frameLimit, 8)
  return bytes
}

/** The peer's first bytes; null where they are not those of a channel of any version. */
export function decodePreamble(bytes: Buffer, at: number): Preamble | null {
  if (bytes.readUIntLE(at, 3) !== MAGIC) return null
  return { version: bytes[at + 3]!, flags: bytes[at + 4]!, frameLimit: bytes.readUInt32LE(at + 8) }
}

export function writeHeader(
  to: Buffer,
  at: number,
  length: number,
  kindAndEncoding: number,
  handles: number,
  id: number,
): void {
  to.writeUInt32LE(length, at)
  to.writeUInt32LE((kindAndEncoding | (handles << 16)) >>> 0, at + 4)
  to.writeUInt32LE(id, at + 8)
}

/** Kind and encoding as `writeHeader` takes them. */
export function pack(kind: number, encoding: number): number {
  return kind | (encoding << 8)
}

export function isKnown(kind: number, encoding: number): boolean {
  return kind >= KIND_MESSAGE && kind <= LAST_KIND && (encoding & ~EXTENDED) <= LAST_ENCODING
}
