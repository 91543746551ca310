// The bytes of the channel's protocol as they are written: preamble, frame header, and the numbers that may stand in them.
// Pure; it knows neither values nor streams. How they are read and checked is the decoder's.
//
//   preamble   'x' 'c' 'h' version:u8   flags:u8 0 0 0   frameLimit:u32            once, each way, before all frames
//   frame      length:u32   kind:u8 encoding:u8 handles:u16   id:u32   payload     little endian
//
// `length` is that of the payload. `handles` counts the descriptors that travel with the frame's first byte.
// An encoding with NAMED set means: nameLength:u8, name, and then what the rest of the encoding says.
// An encoding with EXTENDED set means: headLength:u32, head (JSON), value, buffers, unread bytes of connections.

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
/** The last frame of a side. Empty, or why the channel is ended: `{ name, message, code }`. */
export const KIND_GOODBYE = 8
/** A side takes no more requests: the id is that of the last one it has taken, or 0. It asks for nothing more either. */
export const KIND_CLOSING = 9

export const ENCODING_NONE = 0
export const ENCODING_JSON = 1
export const ENCODING_BYTES = 2
export const ENCODING_CLONE = 3
export const ENCODING_TEXT = 4
/** JSON values, several in a message, whose long strings stand in front of them: see packing. */
export const ENCODING_PACKED = 5
export const NAMED = 0x40
export const EXTENDED = 0x80

export const FLAG_CLONE = 1
export const FLAG_HANDLES = 2

/**
 * A frame limit may be no lower: each side may send frames of this payload before it knows the other's limit, and what the
 * protocol itself has to say always fits.
 */
export const LEAST_FRAME_LIMIT_BYTES = 4096
/** What one `sendmsg` carries (`SCM_MAX_FD` of Linux). */
export const MOST_HANDLES = 253
export const MOST_BUFFERS = 1024
export const MOST_HEAD_BYTES = 65536
export const MOST_NAME_BYTES = 255
/** The payload of a message that packs more values than one. */
export const MOST_SHARED_BYTES = 65536

/** 'xch', little endian. */
export const MAGIC = 0x686378

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

/** `kindAndEncoding`: as `joinKind` answers it. */
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
export function joinKind(kind: number, encoding: number): number {
  return kind | (encoding << 8)
}
