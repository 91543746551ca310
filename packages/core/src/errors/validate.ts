// Checks of arguments that callers pass in, each throwing Node's error for a wrong one. It knows no class of this package.
import { codedError } from './codes'

const INT32_MIN = -(2 ** 31)
const INT32_MAX = 2 ** 31 - 1
const UINT32_MAX = 2 ** 32 - 1

type AnyFunction = (...args: never[]) => unknown

/** Throws `ERR_INVALID_ARG_TYPE` for what is no number, `ERR_OUT_OF_RANGE` outside min to max, or for NaN where one is given. */
export function validateNumber(
  value: unknown,
  name: string,
  min?: number,
  max?: number,
): asserts value is number {
  if (typeof value !== 'number') throw codedError('ERR_INVALID_ARG_TYPE', name, 'number', value)
  const isBounded = min !== undefined || max !== undefined
  const isInside = value >= (min ?? Number.NEGATIVE_INFINITY) && value <= (max ?? Number.POSITIVE_INFINITY)
  if (!isBounded || isInside) return
  const range = [min === undefined ? '' : `>= ${min}`, max === undefined ? '' : `<= ${max}`]
  throw codedError('ERR_OUT_OF_RANGE', name, range.filter(Boolean).join(' && '), value)
}

/** As `validateNumber`, and a whole number: from -(2**53 - 1) to 2**53 - 1 unless told. */
export function validateInteger(
  value: unknown,
  name: string,
  min: number = Number.MIN_SAFE_INTEGER,
  max: number = Number.MAX_SAFE_INTEGER,
): asserts value is number {
  if (typeof value !== 'number') throw codedError('ERR_INVALID_ARG_TYPE', name, 'number', value)
  if (!Number.isInteger(value)) throw codedError('ERR_OUT_OF_RANGE', name, 'an integer', value)
  if (value < min || value > max) {
    throw codedError('ERR_OUT_OF_RANGE', name, `>= ${min} && <= ${max}`, value)
  }
}

/** A whole number of 32 bits with sign. */
export function validateInt32(
  value: unknown,
  name: string,
  min: number = INT32_MIN,
  max: number = INT32_MAX,
): asserts value is number {
  validateInteger(value, name, min, max)
}

/** A whole number of 32 bits without sign; `positive` refuses 0. */
export function validateUint32(value: unknown, name: string, positive = false): asserts value is number {
  validateInteger(value, name, positive ? 1 : 0, UINT32_MAX)
}

/** Milliseconds for a timer: finite and not negative. Answers them, cut to what a timer can hold (2**31 - 1). */
export function validateTimeout(value: unknown, name: string): number {
  if (typeof value !== 'number') throw codedError('ERR_INVALID_ARG_TYPE', name, 'number', value)
  if (!(value >= 0 && Number.isFinite(value))) {
    throw codedError('ERR_OUT_OF_RANGE', name, 'a non-negative finite number', value)
  }
  return Math.min(value, INT32_MAX)
}

/** A string, else `ERR_INVALID_ARG_TYPE`. */
export function validateString(value: unknown, name: string): asserts value is string {
  if (typeof value !== 'string') throw codedError('ERR_INVALID_ARG_TYPE', name, 'string', value)
}

/** A boolean, else `ERR_INVALID_ARG_TYPE`. */
export function validateBoolean(value: unknown, name: string): asserts value is boolean {
  if (typeof value !== 'boolean') throw codedError('ERR_INVALID_ARG_TYPE', name, 'boolean', value)
}

/** A function, else `ERR_INVALID_ARG_TYPE`. */
export function validateFunction(value: unknown, name: string): asserts value is AnyFunction {
  if (typeof value !== 'function') throw codedError('ERR_INVALID_ARG_TYPE', name, 'function', value)
}

/** An object that is neither null, nor an array, nor a function. */
export function validateObject(value: unknown, name: string): asserts value is object {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw codedError('ERR_INVALID_ARG_TYPE', name, 'object', value)
  }
}

/**
 * A port: a number, or a string that reads as one (decimal, `0x1F`), from 0 to 65535. Answers the number; throws
 * `ERR_SOCKET_BAD_PORT` for anything else.
 */
export function validatePort(port: unknown, name = 'Port', allowZero = true): number {
  const isPortLike = typeof port === 'number' || (typeof port === 'string' && port.trim() !== '')
  const number = isPortLike ? Number(port) : Number.NaN
  if (!Number.isInteger(number) || number < 0 || number > 0xffff || (number === 0 && !allowZero)) {
    throw codedError('ERR_SOCKET_BAD_PORT', name, port, allowZero)
  }
  return number | 0
}

/** An AbortSignal (anything with an `aborted`, as in Node), or undefined. */
export function validateAbortSignal(
  signal: unknown,
  name: string,
): asserts signal is AbortSignal | undefined {
  if (signal === undefined) return
  if (signal === null || typeof signal !== 'object' || !('aborted' in signal)) {
    throw codedError('ERR_INVALID_ARG_TYPE', name, 'AbortSignal', signal)
  }
}

/** One of the listed values; else `ERR_INVALID_ARG_VALUE` names them. */
export function validateOneOf<T>(value: unknown, name: string, allowed: readonly T[]): asserts value is T {
  if (allowed.includes(value as T)) return
  const list = allowed.map(each => (typeof each === 'string' ? `'${each}'` : String(each))).join(', ')
  throw codedError('ERR_INVALID_ARG_VALUE', name, value, `must be one of: ${list}`)
}

/** A Buffer, typed array or DataView. */
export function validateBuffer(value: unknown, name = 'buffer'): asserts value is NodeJS.ArrayBufferView {
  if (!ArrayBuffer.isView(value)) {
    throw codedError('ERR_INVALID_ARG_TYPE', name, ['Buffer', 'TypedArray', 'DataView'], value)
  }
}

/** Refuses members that are not known: one that is misspelt would be missing from what is done, and nobody be told. */
export function validateMembers(value: object, known: Readonly<Record<string, true>>, name: string): void {
  for (const [member, given] of Object.entries(value)) {
    if (!Object.hasOwn(known, member))
      throw codedError('ERR_INVALID_ARG_VALUE', `${name}.${member}`, given, 'is not known')
  }
}
