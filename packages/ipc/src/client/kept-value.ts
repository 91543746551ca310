// A value and what goes beside it as they were when they were given, for whoever sends them later. It sends nothing.
import { deserialize, serialize } from 'node:v8'
import type { SendOptions } from '../protocol/message'
import { encodeValue } from '../wire/encoder'

/** What is kept: how much memory it takes, about, and the value itself, as often as it is needed. */
export interface KeptValue {
  readonly bytes: number
  get(): unknown
}

/**
 * Keeps a value, whatever becomes of it later.
 *
 * @throws `ERR_INVALID_ARG_TYPE` for a function or a symbol; what `JSON.stringify` or `v8.serialize` throw of the value.
 */
export function keepValue(value: unknown, asClone: boolean): KeptValue {
  if (typeof value === 'string') return { bytes: value.length * 2, get: () => value }
  if (asClone) {
    const bytes = serialize(value)
    return { bytes: bytes.length, get: () => deserialize(bytes) }
  }
  const { text, bytes } = encodeValue(value, false)
  if (bytes !== null) {
    const copy = Buffer.from(bytes)
    return { bytes: copy.length, get: () => copy }
  }
  if (text === null) return { bytes: 0, get: () => undefined }
  return { bytes: text.length * 2, get: () => JSON.parse(text) }
}

/** The same options, which nobody else can change; so are the buffers, whose bytes are copied. */
export function keepBeside<Options extends SendOptions>(options: Options): Options {
  const { buffers, handles } = options
  return {
    ...options,
    ...(buffers !== undefined && { buffers: buffers.map(each => Buffer.from(each)) }),
    ...(handles !== undefined && { handles: [...handles] }),
  }
}
