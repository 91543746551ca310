// Values to bytes and back: JSON, bytes as they are, structured clones. It knows no frames and no streams.
import { deserialize, serialize } from 'node:v8'
import { codedError } from '@x/core/transport'
import { ipcError } from '../errors/codes'
import {
  ENCODING_BYTES,
  ENCODING_CLONE,
  ENCODING_JSON,
  ENCODING_NONE,
  ENCODING_PACKED,
  ENCODING_TEXT,
  EXTENDED,
} from './frame'
import { isLength, parseJson } from './json'
import { unpackValues } from './packed-values'

/** A value in its encoding. Text is what becomes UTF-8. */
export interface EncodedValue {
  readonly encoding: number
  readonly text: string | null
  readonly bytes: Uint8Array | null
}

/** How the handles beside a value are described: what each is, and how many bytes of it were read already. */
export interface HandleNote {
  readonly kind: string
  readonly unread: number
}

/** What stands in front of an extended payload. */
interface Meta {
  readonly value: number
  readonly buffers: readonly number[]
  readonly handles: readonly HandleNote[]
  /** The number under which the handles are acknowledged; 0 where there are none. */
  readonly ack: number
}

export interface DecodedPayload {
  readonly value: unknown
  readonly buffers: readonly Buffer[]
  readonly notes: readonly HandleNote[]
  readonly unread: readonly Buffer[]
  readonly ack: number
}

/** What goes beside a value. */
export interface Beside {
  readonly buffers: readonly Uint8Array[]
  readonly notes: readonly HandleNote[]
  readonly unread: readonly Uint8Array[]
  readonly ack: number
}

const NONE: EncodedValue = { encoding: ENCODING_NONE, text: null, bytes: null }

/**
 * A value as it travels. A string goes as UTF-8; a Buffer, typed array or DataView at the top as its bytes, and arrives
 * as a Buffer; `undefined` as nothing; all else as JSON, or as a structured clone.
 *
 * @throws `ERR_INVALID_ARG_TYPE` for a function or a symbol; what `JSON.stringify` or `v8.serialize` throw of the value.
 */
export function encodeValue(value: unknown, asClone: boolean): EncodedValue {
  if (typeof value === 'string' && isWellFormed(value))
    return { encoding: ENCODING_TEXT, text: value, bytes: null }
  if (value === undefined) return NONE
  if (ArrayBuffer.isView(value)) {
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    return { encoding: ENCODING_BYTES, text: null, bytes }
  }
  if (asClone) return { encoding: ENCODING_CLONE, text: null, bytes: serialize(value) }
  const text = JSON.stringify(value)
  if (text === undefined) throw codedError('ERR_INVALID_ARG_TYPE', 'value', 'a JSON value', value)
  return { encoding: ENCODING_JSON, text, bytes: null }
}

export function decodeValue(
  encoding: number,
  body: Buffer,
  start: number,
  end: number,
  mayClone: boolean,
): unknown {
  switch (encoding) {
    case ENCODING_JSON:
      return parseJson(body.toString('utf8', start, end))
    case ENCODING_TEXT:
      return body.toString('utf8', start, end)
    case ENCODING_BYTES:
      return body.subarray(start, end)
    case ENCODING_PACKED:
      return onlyOne(unpackValues(body, start, end))
    case ENCODING_NONE:
      if (start !== end) throw ipcError('ERR_X_CHANNEL_PROTOCOL', 'nothing has a length')
      return undefined
    default:
      if (!mayClone) throw ipcError('ERR_X_CHANNEL_PROTOCOL', 'a structured clone that was not agreed on')
      return revive(body.subarray(start, end))
  }
}

/** No text, bytes or nothing, which have encodings of their own, so that it goes as JSON. */
export function isPackable(value: unknown): boolean {
  return typeof value === 'object'
    ? !ArrayBuffer.isView(value)
    : typeof value !== 'string' && value !== undefined
}

function onlyOne(values: readonly unknown[]): unknown {
  if (values.length !== 1) throw ipcError('ERR_X_CHANNEL_PROTOCOL', 'several values in place of one')
  return values[0]
}

/** JSON keeps half a surrogate pair, UTF-8 does not. */
function isWellFormed(text: string): boolean {
  return (text as string & { isWellFormed(): boolean }).isWellFormed()
}

function revive(bytes: Buffer): unknown {
  try {
    return deserialize(bytes)
  } catch (error) {
    throw ipcError('ERR_X_CHANNEL_PROTOCOL', `not a structured clone (${(error as Error).message})`)
  }
}

/** A value with buffers and unread bytes of handles beside it, as the parts of one payload. */
export function encodeExtended(
  value: EncodedValue,
  { buffers, notes, unread, ack }: Beside,
): { encoding: number; parts: Uint8Array[]; length: number } {
  const valueBytes = value.bytes ?? Buffer.from(value.text ?? '')
  const meta: Meta = {
    value: valueBytes.byteLength,
    buffers: buffers.map(each => each.byteLength),
    handles: notes,
    ack,
  }
  const metaBytes = Buffer.from(JSON.stringify(meta))
  const head = Buffer.alloc(4)
  head.writeUInt32LE(metaBytes.length)
  const parts = [head, metaBytes, valueBytes, ...buffers, ...unread]
  const length = parts.reduce((sum, part) => sum + part.byteLength, 0)
  return { encoding: value.encoding | EXTENDED, parts, length }
}

/**
 * Takes an extended payload apart.
 *
 * @throws `ERR_X_CHANNEL_PROTOCOL` where its lengths do not add up to it exactly.
 */
export function decodeExtended(
  encoding: number,
  body: Buffer,
  start: number,
  end: number,
  mayClone: boolean,
): DecodedPayload {
  if (end - start < 4) throw ipcError('ERR_X_CHANNEL_PROTOCOL', 'an extended payload without its head')
  let at = start + 4
  const metaEnd = at + body.readUInt32LE(start)
  if (metaEnd > end) throw ipcError('ERR_X_CHANNEL_PROTOCOL', 'an extended payload shorter than its head')
  const meta = checkMeta(parseJson(body.toString('utf8', at, metaEnd)))
  at = metaEnd
  const take = (length: number): number => {
    const from = at
    at += length
    if (at > end) throw ipcError('ERR_X_CHANNEL_PROTOCOL', 'an extended payload shorter than its parts')
    return from
  }
  const valueAt = take(meta.value)
  const buffers = meta.buffers.map(length => body.subarray(take(length), at))
  const unread = meta.handles.map(note => body.subarray(take(note.unread), at))
  if (at !== end) throw ipcError('ERR_X_CHANNEL_PROTOCOL', 'an extended payload longer than its parts')
  const value = decodeValue(encoding & ~EXTENDED, body, valueAt, valueAt + meta.value, mayClone)
  return { value, buffers, notes: meta.handles, unread, ack: meta.ack }
}

function checkMeta(meta: unknown): Meta {
  const { value, buffers, handles, ack } = (meta ?? {}) as Partial<Meta>
  const isFine =
    isLength(value) &&
    isLength(ack) &&
    Array.isArray(buffers) &&
    buffers.every(isLength) &&
    Array.isArray(handles) &&
    handles.every(note => typeof note?.kind === 'string' && isLength(note.unread))
  if (!isFine) throw ipcError('ERR_X_CHANNEL_PROTOCOL', 'the head of an extended payload')
  return meta as Meta
}
