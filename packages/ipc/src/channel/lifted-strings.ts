// Long strings travel beside the JSON of their object rather than inside it: neither side looks at each character for
// what would have to be escaped, which is most of what JSON costs. It knows no frames.
//
//   count:u8   length:u32 of each   strings in UTF-8   JSON: [object with 0 in their places, key of each]
import { ipcError } from '../errors/codes'

const LONG = 256
const MOST = 32
const LENGTH_BYTES = 4

/** An object as JSON, and the strings that are not in it. */
export interface Lifted {
  readonly strings: readonly string[]
  readonly json: string
}

/**
 * The long strings of a plain object apart from its JSON; null where there are none, or where JSON would not say the same
 * (a `toJSON`, half a surrogate pair). Looks at the object's own properties, not deeper.
 */
export function liftStrings(value: unknown): Lifted | null {
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return null
  let keys: string[] | null = null
  const given = value as Record<string, unknown>
  for (const key in given) {
    const each = given[key]
    if (typeof each === 'string' && each.length >= LONG && key !== '__proto__' && isWellFormed(each)) {
      // Not an empty array that grows: that one is made for sixteen.
      if (keys === null) keys = [key]
      else keys.push(key)
    }
  }
  if (keys === null || keys.length > MOST || typeof given['toJSON'] === 'function') return null
  const rest: Record<string, unknown> = { ...given }
  const strings = new Array<string>(keys.length)
  for (let at = 0; at < keys.length; at++) {
    const each = rest[keys[at]!]
    // A getter may have changed its mind.
    if (typeof each !== 'string') return null
    strings[at] = each
    rest[keys[at]!] = 0
  }
  return { strings, json: JSON.stringify(keys.length === 1 ? [rest, keys[0]] : [rest, ...keys]) }
}

/** Bytes that the lifted value needs at most. */
export function liftedSize({ strings, json }: Lifted): number {
  let size = 1 + strings.length * LENGTH_BYTES + json.length * 3
  for (const each of strings) size += each.length * 3
  return size
}

/** Writes it; answers how many bytes it has become. */
export function writeLifted({ strings, json }: Lifted, to: Buffer, at: number): number {
  to[at] = strings.length
  let end = at + 1 + strings.length * LENGTH_BYTES
  let lengthAt = at + 1
  for (const each of strings) {
    const length = to.write(each, end)
    to.writeUInt32LE(length, lengthAt)
    lengthAt += LENGTH_BYTES
    end += length
  }
  return end + to.write(json, end) - at
}

/**
 * The object that was lifted apart.
 *
 * @throws `ERR_X_CHANNEL_PROTOCOL` where the parts do not fit together.
 */
export function joinLifted(
  body: Buffer,
  start: number,
  end: number,
  parse: (text: string) => unknown,
): unknown {
  const count = start < end ? body[start]! : 0
  let lengthAt = start + 1
  let at = lengthAt + count * LENGTH_BYTES
  if (at > end) throw ipcError('ERR_X_CHANNEL_PROTOCOL', 'lifted strings without their lengths')
  const strings = new Array<string>(count)
  for (let index = 0; index < count; index++, lengthAt += LENGTH_BYTES) {
    const stringEnd = at + body.readUInt32LE(lengthAt)
    if (stringEnd > end) throw ipcError('ERR_X_CHANNEL_PROTOCOL', 'a lifted string beyond its frame')
    strings[index] = body.toString('utf8', at, stringEnd)
    at = stringEnd
  }
  const json = parse(body.toString('utf8', at, end))
  if (!Array.isArray(json) || json.length !== count + 1 || typeof json[0] !== 'object' || json[0] === null) {
    throw ipcError('ERR_X_CHANNEL_PROTOCOL', 'lifted strings that belong to nothing')
  }
  const value = json[0] as Record<string, unknown>
  for (let index = 0; index < count; index++) {
    const key: unknown = json[index + 1]
    // Only places that are there: no key can reach a prototype.
    if (typeof key !== 'string' || !Object.hasOwn(value, key) || key === '__proto__') {
      throw ipcError('ERR_X_CHANNEL_PROTOCOL', 'a lifted string that belongs nowhere')
    }
    value[key] = strings[index]
  }
  return value
}

/** Not in the library that the compiler knows; in all of Node from 20 on. */
function isWellFormed(text: string): boolean {
  return (text as string & { isWellFormed(): boolean }).isWellFormed()
}
