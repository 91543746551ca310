// The random functions of `node:crypto` and of Web Crypto, from a seed. It knows the forms of Node's functions: an argument
// that is none of theirs goes to the real function, which refuses it. Keys and signatures keep the system's own randomness.
import type crypto from 'node:crypto'
import { createRequire } from 'node:module'
import path from 'node:path'
import { setImmediate } from '../host'
import { packageFolder } from '../package-folder'
import type { Random } from './random'
import { type AnyFunction, type Replacements, withProperties } from './replacements'
import { bindToLife, currentWorld, type World } from './world'

/** The module as an object that may be written to. */
const cryptoModule = createRequire(path.join(packageFolder, 'index.js'))('node:crypto') as typeof crypto

/** `crypto.randomInt` spans at most that. */
const MOST_RANGE = 2 ** 48 - 1
const MOST_BYTES = 2 ** 31 - 1
/** Web Crypto gives no more at once (W3C Web Cryptography API 10.1.1). */
const QUOTA_BYTES = 65_536

type Callback<T> = (error: Error | null, value: T) => void
/** The virtual answer, or null for arguments that the real function is to refuse. */
type Virtual = (...args: never[]) => { value: unknown } | null

/** Puts the seeded functions before code of the simulation. `dateMs`: what a UUID of version 7 begins with. */
export function replaceCrypto(replacements: Replacements, random: Random, dateMs: () => number): void {
  const uuid = () => ({ value: uuidOf(random.bytes(16), 4) })
  const bytes = (size: unknown, callback?: unknown) =>
    isInteger(size, 0, MOST_BYTES) ? answered(() => random.bytes(size), callback) : null
  const table: Readonly<Record<string, Virtual>> = {
    randomBytes: bytes,
    pseudoRandomBytes: bytes,
    prng: bytes,
    rng: bytes,
    randomUUID: uuid,
    randomUUIDv7: () => ({ value: uuidOf(withTime(random.bytes(16), dateMs()), 7) }),
    randomInt: (...args: unknown[]) => virtualInteger(random, args),
    randomFillSync: (into: unknown, offset?: unknown, size?: unknown) => {
      const range = rangeOf(into, offset, size)
      return range && { value: fill(random, range, into) }
    },
    getRandomValues: (into: unknown) => {
      const range = isIntegerArray(into) && into.byteLength <= QUOTA_BYTES ? rangeOf(into) : null
      return range && { value: fill(random, range, into) }
    },
    randomFill: (...args: unknown[]) => {
      const callback = args.pop()
      const range = rangeOf(args[0], args[1], args[2])
      return range && typeof callback === 'function'
        ? answered(() => fill(random, range, args[0]), callback)
        : null
    },
  }
  tables.set(replacements.world, table)
  const owner = cryptoModule as unknown as Record<string, AnyFunction>
  for (const name of Object.keys(table)) {
    if (name !== 'getRandomValues' && typeof owner[name] === 'function') {
      replacements.replace(owner, name, real => seeded(name, real))
    }
  }
  // The module's `getRandomValues` is that of Web Crypto.
  const web = Object.getPrototypeOf(cryptoModule.webcrypto) as Record<string, AnyFunction>
  for (const name of ['randomUUID', 'getRandomValues'])
    replacements.replace(web, name, real => seeded(name, real))
}

/** The functions of each simulation, by name. */
const tables = new WeakMap<World, Readonly<Record<string, Virtual>>>()

/**
 * The function of the simulation that calls, else the real one. A module that takes its functions once, when it is loaded
 * within a simulation, has those of later simulations too.
 */
function seeded(name: string, real: AnyFunction): AnyFunction {
  const both = function (this: unknown, ...args: never[]) {
    const world = currentWorld()
    const answer = world ? tables.get(world)?.[name]?.(...args) : null
    return answer ? answer.value : Reflect.apply(real, this, args)
  }
  return withProperties(real, both)
}

/** At once, or to a callback in a later turn. */
function answered<T>(make: () => T, callback: unknown): { value: T | undefined } | null {
  if (callback === undefined) return { value: make() }
  if (typeof callback !== 'function') return null
  setImmediate(bindToLife(() => (callback as Callback<T>)(null, make())))
  return { value: undefined }
}

function virtualInteger(random: Random, args: readonly unknown[]): { value: unknown } | null {
  const bounds = args.filter(each => typeof each === 'number')
  const callback = args.find(each => typeof each === 'function')
  const [least = 0, end = 0] = bounds.length === 2 ? bounds : [0, ...bounds]
  const range = end - least
  const isKnown = args.every(
    each => bounds.includes(each as number) || each === callback || each === undefined,
  )
  if (!isKnown || !bounds.every(Number.isSafeInteger) || range <= 0 || range > MOST_RANGE) return null
  return answered(() => least + (random.bytes(6).readUIntBE(0, 6) % range), callback)
}

function isInteger(value: unknown, least: number, most: number): value is number {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most
}

function isIntegerArray(value: unknown): value is NodeJS.TypedArray {
  return ArrayBuffer.isView(value) && !/^(?:DataView|Float\d+Array)$/.test(value.constructor.name)
}

/** The bytes that are to be filled; offset and size count elements, as Node's do. Null where they do not fit. */
function rangeOf(into: unknown, offset: unknown = 0, size?: unknown): Uint8Array | null {
  const isBuffer = into instanceof ArrayBuffer || into instanceof SharedArrayBuffer
  if (!isBuffer && !ArrayBuffer.isView(into)) return null
  const each = 'BYTES_PER_ELEMENT' in into ? (into.BYTES_PER_ELEMENT as number) : 1
  const most = into.byteLength / each
  if (!isInteger(offset, 0, most)) return null
  const length = size ?? most - offset
  if (!isInteger(length, 0, most - offset)) return null
  const [buffer, start] = isBuffer ? [into, 0] : [into.buffer, into.byteOffset]
  return new Uint8Array(buffer, start + offset * each, length * each)
}

function fill<T>(random: Random, range: Uint8Array, whole: T): T {
  range.set(random.bytes(range.length))
  return whole
}

/** RFC 9562 5.7: the first 48 bits of a UUID of version 7 are the time. */
function withTime(bytes: Buffer, dateMs: number): Buffer {
  bytes.writeUIntBE(Math.floor(dateMs), 0, 6)
  return bytes
}

/** RFC 9562 4: 16 bytes with the version and the variant in their places. */
function uuidOf(bytes: Buffer, version: number): string {
  bytes[6] = (version << 4) | ((bytes[6] as number) & 0x0f)
  bytes[8] = 0x80 | ((bytes[8] as number) & 0x3f)
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
