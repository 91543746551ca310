// A peer's bytes to checked values: the one place in which what a peer says is checked, each number to the range in which
// it is used. What leaves it may be relied on. It knows no streams, and not what a frame is for.
import { isUtf8 } from 'node:buffer'
import { deserialize } from 'node:v8'
import { breach, ipcError, type RemoteError } from '../errors/codes'
import {
  ENCODING_BYTES,
  ENCODING_CLONE,
  ENCODING_JSON,
  ENCODING_NONE,
  ENCODING_PACKED,
  ENCODING_TEXT,
  EXTENDED,
  FLAG_CLONE,
  FLAG_HANDLES,
  LEAST_FRAME_LIMIT_BYTES,
  MAGIC,
  MOST_BUFFERS,
  MOST_HANDLES,
  MOST_HEAD_BYTES,
  MOST_SHARED_BYTES,
  NAMED,
  type Preamble,
  VERSION,
} from './frame'
import { LENGTH_BYTES } from './packing'

/** What a descriptor may be said to be. */
export type NoteKind = 'server' | 'socket' | 'pipe' | 'fd'

const NOTE_KINDS: ReadonlySet<unknown> = new Set<NoteKind>(['server', 'socket', 'pipe', 'fd'])

/** How a handle beside a value is described: what it is, and how many bytes of it were read already. */
export interface HandleNote {
  readonly kind: NoteKind
  readonly unread: number
}

/** A payload whose header has been checked, as `FrameReader` shows it. */
export interface Frame {
  readonly kind: number
  readonly encoding: number
  readonly handles: number
  readonly id: number
  /** The payload is `body` from `start` to `end`. */
  readonly body: Buffer
  readonly start: number
  readonly end: number
}

/** A value with what came beside it. */
export interface Payload {
  /** Of the procedure that is called; empty where the request has none. */
  readonly name: string
  readonly value: unknown
  readonly buffers: readonly Buffer[]
  readonly notes: readonly HandleNote[]
  readonly unread: readonly Buffer[]
  /** The number under which the handles are acknowledged; 0 where there are none. */
  readonly ack: number
}

const UINT32_MAX = 2 ** 32 - 1
const NOTHING: readonly never[] = []

/** One bit for each encoding. */
const VALUES = bits([
  ENCODING_NONE,
  ENCODING_JSON,
  ENCODING_BYTES,
  ENCODING_CLONE,
  ENCODING_TEXT,
  ENCODING_PACKED,
])

interface KindRules {
  /** Bits of the encodings that it may have, without their flags. */
  readonly encodings: number
  readonly flags: number
  /** Null: it may have one or none. */
  readonly hasId: boolean | null
  readonly mostBytes: number
}

/** By kind; looked at for each frame. */
const rules: readonly (KindRules | undefined)[] = [
  undefined,
  { encodings: VALUES, flags: EXTENDED, hasId: false, mostBytes: UINT32_MAX },
  { encodings: VALUES, flags: EXTENDED | NAMED, hasId: true, mostBytes: UINT32_MAX },
  { encodings: VALUES, flags: EXTENDED, hasId: true, mostBytes: UINT32_MAX },
  control([ENCODING_JSON], true),
  control([ENCODING_NONE], true),
  control([ENCODING_NONE], true),
  control([ENCODING_TEXT], true),
  control([ENCODING_NONE, ENCODING_JSON], false),
  control([ENCODING_NONE], null),
]

function bits(encodings: readonly number[]): number {
  return encodings.reduce((sum, encoding) => sum | (1 << encoding), 0)
}

function control(encodings: readonly number[], hasId: boolean | null): KindRules {
  return { encodings: bits(encodings), flags: 0, hasId, mostBytes: LEAST_FRAME_LIMIT_BYTES }
}

/** @throws `ERR_X_CHANNEL_PROTOCOL`, `ERR_X_CHANNEL_VERSION`. */
export function readPreamble(bytes: Buffer, at: number): Preamble {
  if (bytes.readUIntLE(at, 3) !== MAGIC) throw breach('its first bytes are not those of a channel')
  const version = bytes[at + 3]!
  if (version !== VERSION) throw ipcError('ERR_X_CHANNEL_VERSION', version, VERSION)
  const flags = bytes[at + 4]!
  const isReserved = bytes.readUIntLE(at + 5, 3) !== 0 || (flags & ~(FLAG_CLONE | FLAG_HANDLES)) !== 0
  if (isReserved) throw breach('its first bytes ask for what this version does not have')
  const frameLimit = bytes.readUInt32LE(at + 8)
  if (frameLimit < LEAST_FRAME_LIMIT_BYTES) {
    throw breach(`its frame limit is ${frameLimit}, the least is ${LEAST_FRAME_LIMIT_BYTES}`)
  }
  return { version, flags, frameLimit }
}

/**
 * Checks the header that begins here; answers the length of the payload.
 *
 * @throws `ERR_X_CHANNEL_PROTOCOL`, `ERR_X_FRAME_TOO_LONG`.
 */
export function readHeader(bytes: Buffer, at: number, limit: number): number {
  const length = bytes.readUInt32LE(at)
  const kind = bytes[at + 4]!
  const encoding = bytes[at + 5]!
  const rule = rules[kind]
  const bare = encoding & ~(EXTENDED | NAMED)
  const isKnown =
    rule !== undefined &&
    bare <= ENCODING_PACKED &&
    ((rule.encodings >> bare) & 1) === 1 &&
    (encoding & ~bare & ~rule.flags) === 0
  if (!isKnown) {
    throw breach(`no frame has the kind ${kind}, ${encoding}`)
  }
  if (length > limit) throw ipcError('ERR_X_FRAME_TOO_LONG', length, limit, 'our')
  if (length > rule.mostBytes || (rule.mostBytes !== UINT32_MAX && bare === ENCODING_NONE && length > 0)) {
    throw breach(`a frame of kind ${kind} has ${length} bytes`)
  }
  const handles = bytes.readUInt16LE(at + 6)
  if (handles > MOST_HANDLES || (handles > 0 && (encoding & EXTENDED) === 0)) {
    throw breach(`${handles} handles without a description`)
  }
  const id = bytes.readUInt32LE(at + 8)
  if (rule.hasId !== null && (id !== 0) !== rule.hasId)
    throw breach(`a frame of kind ${kind} has the id ${id}`)
  return length
}

/** Whether a message is one value with nothing beside it. */
export function isOneValue({ encoding }: Frame): boolean {
  return encoding < ENCODING_PACKED
}

/** That value. @throws `ERR_X_CHANNEL_PROTOCOL`. */
export function decodeOneValue({ encoding, body, start, end }: Frame, mayClone: boolean): unknown {
  return decodeValue(encoding, body, start, end, mayClone)
}

/** The values of a message without anything beside them: one, or several that were packed together. */
export function decodeValues(frame: Frame, mayClone: boolean): readonly unknown[] {
  const { encoding, body, start, end } = frame
  if (encoding !== ENCODING_PACKED) return [decodeValue(encoding, body, start, end, mayClone)]
  const values = unpackValues(body, start, end)
  if (values.length > 1 && end - start > MOST_SHARED_BYTES) throw breach('too many bytes in a shared frame')
  return values
}

/** All of a payload. @throws `ERR_X_CHANNEL_PROTOCOL` where its parts do not fit it exactly. */
export function decodePayload(frame: Frame, mayClone: boolean): Payload {
  const { encoding, body, end } = frame
  let { start } = frame
  let name = ''
  if ((encoding & NAMED) !== 0) {
    const length = start < end ? body[start]! : 0
    const from = start + 1
    start = from + length
    if (length === 0 || start > end || !isUtf8(body.subarray(from, start))) {
      throw breach('the name of a procedure')
    }
    name = body.toString('utf8', from, start)
  }
  if ((encoding & EXTENDED) !== 0) return decodeExtended(frame, start, name, mayClone)
  const value = decodeValue(encoding & ~NAMED, body, start, end, mayClone)
  return { name, value, buffers: NOTHING, notes: NOTHING, unread: NOTHING, ack: 0 }
}

/** What a failure or a goodbye tells. */
export function decodeError({ body, start, end }: Frame): RemoteError {
  const { name, message, code } = (parseJson(body, start, end) ?? {}) as Partial<RemoteError>
  const isFine =
    typeof name === 'string' && typeof message === 'string' && (code === null || typeof code === 'string')
  if (!isFine) throw breach('an error that is none')
  return { name, message, code }
}

export function decodeText({ body, start, end }: Frame): string {
  return body.toString('utf8', start, end)
}

function decodeValue(encoding: number, body: Buffer, start: number, end: number, mayClone: boolean): unknown {
  switch (encoding) {
    case ENCODING_JSON:
      return parseJson(body, start, end)
    case ENCODING_TEXT:
      return body.toString('utf8', start, end)
    case ENCODING_BYTES:
      return body.subarray(start, end)
    case ENCODING_PACKED: {
      const values = unpackValues(body, start, end)
      if (values.length !== 1) throw breach('several values in place of one')
      return values[0]
    }
    case ENCODING_CLONE:
      if (!mayClone) throw breach('a structured clone that was not agreed on')
      return revive(body.subarray(start, end))
    default:
      if (start !== end) throw breach('nothing has a length')
      return undefined
  }
}

function revive(bytes: Buffer): unknown {
  try {
    return deserialize(bytes)
  } catch (error) {
    throw breach(`not a structured clone (${(error as Error).message})`)
  }
}

function parseJson(body: Buffer, start: number, end: number): unknown {
  try {
    return JSON.parse(body.toString('utf8', start, end))
  } catch (error) {
    throw breach(`not JSON (${(error as Error).message.slice(0, 200)})`)
  }
}

/** The values of a packing, their long strings put back. */
function unpackValues(body: Buffer, start: number, end: number): unknown[] {
  let at = start + LENGTH_BYTES
  const stringsEnd = at <= end ? at + body.readUInt32LE(start) : Number.POSITIVE_INFINITY
  if (stringsEnd > end) throw breach('lifted strings beyond their frame')
  const values = parseJson(body, stringsEnd, end)
  const lifts: unknown = Array.isArray(values) ? values.pop() : null
  if (!Array.isArray(values) || !Array.isArray(lifts) || values.length === 0) {
    throw breach('lifted strings that belong to nothing')
  }
  for (let index = 0; index < lifts.length; index += 3) {
    const value: unknown = typeof lifts[index] === 'number' ? values[lifts[index]] : null
    const key: unknown = lifts[index + 1]
    const bytes: unknown = lifts[index + 2]
    if (!hasPlace(value, key) || !isLength(bytes) || bytes > stringsEnd - at) {
      throw breach('a lifted string that belongs nowhere')
    }
    value[key as string] = body.toString('utf8', at, at + bytes)
    at += bytes
  }
  if (at !== stringsEnd) throw breach('lifted strings that nobody wants')
  return values
}

/** Only a place that is there, in a plain object: no key can reach a prototype, or the length of an array. */
function hasPlace(value: unknown, key: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    typeof key === 'string' &&
    key !== '__proto__' &&
    Object.hasOwn(value, key)
  )
}

/** What stands in front of an extended payload. */
interface Head {
  readonly value: number
  readonly buffers: readonly number[]
  readonly handles: readonly HandleNote[]
  readonly ack: number
}

function decodeExtended(frame: Frame, start: number, name: string, mayClone: boolean): Payload {
  const { encoding, body, end } = frame
  if (end - start < 4) throw breach('an extended payload without its head')
  const headLength = body.readUInt32LE(start)
  let at = start + 4 + headLength
  if (headLength > MOST_HEAD_BYTES || at > end) throw breach('an extended payload shorter than its head')
  const head = checkHead(parseJson(body, start + 4, at), frame.handles)
  const take = (length: number): number => {
    const from = at
    at += length
    if (at > end) throw breach('an extended payload shorter than its parts')
    return from
  }
  const valueAt = take(head.value)
  const valueEnd = at
  const buffers = head.buffers.map(length => body.subarray(take(length), at))
  const unread = head.handles.map(note => body.subarray(take(note.unread), at))
  if (at !== end) throw breach('an extended payload longer than its parts')
  const value = decodeValue(encoding & ~EXTENDED & ~NAMED, body, valueAt, valueEnd, mayClone)
  return { name, value, buffers, notes: head.handles, unread, ack: head.ack }
}

function checkHead(head: unknown, handleCount: number): Head {
  const { value, buffers, handles, ack } = (head ?? {}) as Partial<Head>
  const isFine =
    isLength(value) &&
    Array.isArray(buffers) &&
    buffers.length <= MOST_BUFFERS &&
    buffers.every(isLength) &&
    Array.isArray(handles) &&
    handles.every(note => NOTE_KINDS.has(note?.kind) && isLength(note.unread)) &&
    isLength(ack)
  if (!isFine) throw breach('the head of an extended payload')
  if (handles.length !== handleCount) throw breach('handles that do not fit their description')
  if ((ack !== 0) !== handleCount > 0) throw breach(`handles acknowledged as ${ack}`)
  return head as Head
}

/** Lengths and numbers of acknowledgements: what a u32 holds. */
function isLength(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= UINT32_MAX
}

/**
 * The frame by itself, where it is held: a view would keep all of what it was read with, which may be much more than the
 * frame.
 */
export function ownFrame(frame: Frame): Frame {
  const { kind, encoding, handles, id, body, start, end } = frame
  const isMost = (end - start) * 2 >= body.buffer.byteLength
  if (isMost) return { kind, encoding, handles, id, body, start, end }
  const own = Buffer.allocUnsafeSlow(end - start)
  body.copy(own, 0, start, end)
  return { kind, encoding, handles, id, body: own, start: 0, end: own.length }
}

/** Whether what is decoded of a frame is a part of its bytes, and no copy. */
export function isView({ encoding }: Frame): boolean {
  return (encoding & EXTENDED) !== 0 || (encoding & ~NAMED) === ENCODING_BYTES
}
