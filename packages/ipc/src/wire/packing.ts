// Values as JSON whose long strings travel in front of it rather than inside it: neither side looks at each character for
// what would have to be escaped, which is most of what JSON costs. Several values share one text: what a parser costs
// before it begins is paid once. It knows no frames; the decoder takes a packing apart.
//
//   stringBytes:u32   strings in UTF-8   JSON: [value, value, ..., [index of a value, key, bytes of the string, ...]]
//
// A string's place in its value holds 0.
import { codedError } from '@x/core/internal'
import { isWellFormed } from '../unicode'

const LONG = 256
export const LENGTH_BYTES = 4
/** What a string's place takes in the JSON beside its key, and what a packing takes beside its values. */
const PLACE_CHARS = 24
const FRAME_CHARS = 8
/** A unit of a key may become `\\u0000`: six bytes, which is twice three. */
const ESCAPED = 2

/** A UTF-16 unit in UTF-8. */
export const MOST_BYTES_A_CHAR = 3

const NONE: string[] = []

/** One value, encoded. */
export interface Packed {
  readonly json: string
  readonly keys: readonly string[]
  readonly strings: readonly string[]
  /** UTF-16 units of it all, or a little more. */
  readonly chars: number
}

/**
 * Encodes a value now, whatever becomes of it later. Lifts the long strings among a plain object's own properties, not
 * deeper, unless JSON would not say the same of it then (a `toJSON`, half a surrogate pair).
 *
 * @throws `ERR_INVALID_ARG_TYPE` for a function or a symbol; what `JSON.stringify` throws.
 */
export function packValue(value: unknown): Packed {
  // The value without its long strings; null while it has none.
  let rest: Record<string, unknown> | null = null
  let keys = NONE
  let strings = NONE
  let chars = FRAME_CHARS
  if (isPlainObject(value)) {
    for (const key in value) {
      const each = value[key]
      if (!isLong(each) || key === '__proto__' || !Object.hasOwn(value, key)) continue
      if (rest === null) {
        // Not empty arrays that grow: those are made for sixteen.
        rest = { ...value }
        keys = [key]
        strings = [each]
      } else {
        keys.push(key)
        strings.push(each)
      }
      chars += each.length + key.length * ESCAPED + PLACE_CHARS
      rest[key] = 0
    }
  }
  const json = JSON.stringify(rest ?? value)
  if (json === undefined) throw codedError('ERR_INVALID_ARG_TYPE', 'value', 'a JSON value', value)
  return { json, keys, strings, chars: chars + json.length }
}

/** No class has made it, and JSON says what stands in it. */
function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) {
    return false
  }
  return typeof (value as Record<string, unknown>)['toJSON'] !== 'function'
}

/** Long enough to be worth lifting. JSON keeps half a surrogate pair, UTF-8 does not: such a string stays where it is. */
function isLong(value: unknown): value is string {
  return typeof value === 'string' && value.length >= LONG && isWellFormed(value)
}

/** Bytes that it needs at most. */
export function mostBytes({ json, strings, chars }: Packed): number {
  let texts = json.length
  let bytes = Buffer.byteLength(json)
  for (const each of strings) {
    texts += each.length
    bytes += Buffer.byteLength(each)
  }
  return bytes + (chars - texts) * MOST_BYTES_A_CHAR
}

/** Values that go out together. */
export class Packing {
  #json = '['
  #count = 0
  #strings: string[] = []
  /** Of each string the index of its value and its key. */
  #places: (number | string)[] = []
  #chars = 0

  get isEmpty(): boolean {
    return this.#count === 0
  }

  /** As of `Packed`: the sum. */
  get chars(): number {
    return this.#chars
  }

  add({ json, keys, strings, chars }: Packed): void {
    this.#json += `${json},`
    for (let at = 0; at < keys.length; at++) {
      this.#strings.push(strings[at]!)
      this.#places.push(this.#count, keys[at]!)
    }
    this.#count++
    this.#chars += chars
  }

  /** Writes it, answers how many bytes it has become, and is empty again. `to` must have room for `chars` times three. */
  write(to: Buffer, at: number): number {
    const start = at + LENGTH_BYTES
    let end = start
    const lifts: (number | string)[] = []
    for (let index = 0; index < this.#strings.length; index++) {
      const length = to.write(this.#strings[index]!, end)
      lifts.push(this.#places[index * 2]!, this.#places[index * 2 + 1]!, length)
      end += length
    }
    to.writeUInt32LE(end - start, at)
    end += to.write(`${this.#json}${JSON.stringify(lifts)}]`, end)
    this.clear()
    return end - at
  }

  clear(): void {
    this.#json = '['
    this.#count = 0
    this.#strings = []
    this.#places = []
    this.#chars = 0
  }
}
