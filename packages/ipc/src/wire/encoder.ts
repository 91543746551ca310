// Values to bytes: JSON, bytes as they are, structured clones, and what goes beside them. It knows no streams.
import { deserialize, serialize } from 'node:v8'
import { codedError } from '@x/core/internal'
import type { RemoteError } from '../errors/codes'
import { isWellFormed } from '../unicode'
import type { HandleNote } from './decoder'
import {
  ENCODING_BYTES,
  ENCODING_CLONE,
  ENCODING_JSON,
  ENCODING_NONE,
  ENCODING_TEXT,
  EXTENDED,
  LEAST_FRAME_LIMIT_BYTES,
  MOST_NAME_BYTES,
  NAMED,
} from './frame'

/** A value in its encoding. Text is what becomes UTF-8. */
export interface EncodedValue {
  readonly encoding: number
  readonly text: string | null
  readonly bytes: Uint8Array | null
}

/** What goes beside a value. */
export interface Beside {
  /** Of the procedure that is called, in UTF-8; null where the frame has none. */
  readonly name: Buffer | null
  readonly buffers: readonly Uint8Array[]
  readonly notes: readonly HandleNote[]
  readonly unread: readonly Uint8Array[]
  readonly ack: number
}

/** A payload in its encoding. */
export interface EncodedPayload {
  readonly encoding: number
  readonly parts: readonly Uint8Array[]
  readonly length: number
}

const NONE: EncodedValue = { encoding: ENCODING_NONE, text: null, bytes: null }

/**
 * A value as it travels. A string goes as UTF-8; a Buffer, typed array or DataView at the top as its bytes, and arrives
 * as a Buffer; `undefined` as nothing; all else as JSON, or as a structured clone.
 *
 * @throws `ERR_INVALID_ARG_TYPE` for a function or a symbol; what `JSON.stringify` or `v8.serialize` throw of the value.
 */
export function encodeValue(value: unknown, asClone: boolean): EncodedValue {
  if (isText(value)) return { encoding: ENCODING_TEXT, text: value, bytes: null }
  if (value === undefined) return NONE
  if (ArrayBuffer.isView(value)) {
    const isBytes = value instanceof Uint8Array
    const bytes = isBytes ? value : new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    return { encoding: ENCODING_BYTES, text: null, bytes }
  }
  if (asClone) return { encoding: ENCODING_CLONE, text: null, bytes: serialize(value) }
  const text = JSON.stringify(value)
  if (text === undefined) throw codedError('ERR_INVALID_ARG_TYPE', 'value', 'a JSON value', value)
  return { encoding: ENCODING_JSON, text, bytes: null }
}

/** The same value as JSON, where the peer turns out to take no structured clones. @throws as `encodeValue`. */
export function withoutClone(encoded: EncodedValue): EncodedValue {
  if (encoded.encoding !== ENCODING_CLONE) return encoded
  return encodeValue(deserialize(encoded.bytes!), false)
}

/** A string that UTF-8 can say. */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && isWellFormed(value)
}

/** No text, bytes or nothing, which have encodings of their own, so that it goes as JSON. */
export function isPackable(value: unknown): boolean {
  return typeof value === 'object'
    ? !ArrayBuffer.isView(value)
    : typeof value !== 'string' && value !== undefined
}

export const NOTHING_BESIDE: Beside = { name: null, buffers: [], notes: [], unread: [], ack: 0 }

/** A value with its name, buffers and unread bytes of handles beside it, as the parts of one payload. */
export function encodePayload(value: EncodedValue, beside: Beside): EncodedPayload {
  const { name, buffers, notes, unread, ack } = beside
  const valueBytes = value.bytes ?? Buffer.from(value.text ?? '')
  const front = name === null ? [] : [Buffer.from([name.length]), name]
  const flags = name === null ? 0 : NAMED
  if (buffers.length === 0 && notes.length === 0) {
    return payload(value.encoding | flags, [...front, valueBytes])
  }
  const head = {
    value: valueBytes.byteLength,
    buffers: buffers.map(each => each.byteLength),
    handles: notes,
    ack,
  }
  const headBytes = Buffer.from(JSON.stringify(head))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(headBytes.length)
  const parts = [...front, length, headBytes, valueBytes, ...buffers, ...unread]
  return payload(value.encoding | flags | EXTENDED, parts)
}

function payload(encoding: number, parts: readonly Uint8Array[]): EncodedPayload {
  return { encoding, parts, length: parts.reduce((sum, part) => sum + part.byteLength, 0) }
}

/**
 * The name of a procedure in UTF-8. `argument`: how it is called in an error.
 *
 * @throws `ERR_INVALID_ARG_TYPE` for what is no text, `ERR_INVALID_ARG_VALUE` where it is empty, longer than 255 bytes, or
 * has half a surrogate pair, which UTF-8 does not have.
 */
export function encodeName(name: string, argument = 'name'): Buffer {
  if (typeof name !== 'string') throw codedError('ERR_INVALID_ARG_TYPE', argument, 'string', name)
  const bytes = Buffer.from(name)
  if (bytes.length < 1 || bytes.length > MOST_NAME_BYTES) {
    throw codedError('ERR_INVALID_ARG_VALUE', argument, name, `must have 1 to ${MOST_NAME_BYTES} bytes`)
  }
  if (!isWellFormed(name)) {
    throw codedError('ERR_INVALID_ARG_VALUE', argument, name, 'must be well-formed Unicode')
  }
  return bytes
}

const MOST_ERROR_CHARS = 256
const MOST_CODE_CHARS = 64

/** An error for the peer. Cut so that it fits into what each peer takes, whatever its characters become in JSON. */
export function encodeError({ name, message, code }: RemoteError): Buffer {
  const whole = Buffer.from(JSON.stringify({ name, message, code }))
  if (whole.length <= LEAST_FRAME_LIMIT_BYTES) return whole
  const cut = {
    name: name.slice(0, MOST_CODE_CHARS),
    message: message.slice(0, MOST_ERROR_CHARS),
    code: code?.slice(0, MOST_CODE_CHARS) ?? null,
  }
  return Buffer.from(JSON.stringify(cut))
}

/** A text for the peer, cut so that it fits into what each peer takes. */
export function encodeReason(text: string): Buffer {
  return Buffer.from(text.slice(0, MOST_ERROR_CHARS))
}
