// What this package asks of the arguments of its functions, beyond the checks that it shares with its siblings. It knows values,
// and nothing of their use. All refuse with `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE` or `ERR_OUT_OF_RANGE`.
import { isIP } from 'node:net'
import {
  codedError,
  validateFunction,
  validateInteger,
  validateObject,
  validatePort,
  validateString,
} from '@x/core/internal'
import { errno, type Transport } from '@x/core/transport'

/** The bytes that a direction of a connection may hold. */
export function validateCapacity(value: unknown, name: string): void {
  if (value !== undefined) validateInteger(value, name, 1)
}

/** An object; what was left out is an empty one. */
export function optionsOf<T extends object>(given: T | undefined, name = 'options'): Partial<T> {
  if (given === undefined) return {}
  validateObject(given, name)
  return given
}

/** What a `Random` begins with. */
export function validateSeed(seed: unknown, name: string): asserts seed is number | string {
  const isSeed = typeof seed === 'string' || (typeof seed === 'number' && !Number.isNaN(seed))
  if (!isSeed) throw codedError('ERR_INVALID_ARG_TYPE', name, ['number', 'string'], seed)
}

/** A list, each of its items checked with its place as name. */
export function validateList(
  list: unknown,
  name: string,
  validate: (item: unknown, name: string) => void,
): void {
  if (!Array.isArray(list)) throw codedError('ERR_INVALID_ARG_TYPE', name, 'Array', list)
  for (const [index, item] of list.entries()) validate(item, `${name}[${index}]`)
}

/** Rules, as `[faults.latency({ ms: 20 })]`. */
export function validateRules(rules: unknown, name: string): void {
  validateList(rules, name, validateFunction)
}

/** A numeric address of IPv4 or IPv6. */
export function validateAddress(address: unknown, name: string): void {
  validateString(address, name)
  if (isIP(address) === 0) throw codedError('ERR_INVALID_ARG_VALUE', name, address, 'is no IP address')
}

/** A transport of the contract; undefined: the default is meant. */
export function validateTransport(transport: unknown, name: string): asserts transport is Transport {
  validateObject(transport, name)
  for (const method of ['listener', 'stream'])
    validateFunction(Reflect.get(transport, method), `${name}.${method}`)
}

/** The address of a server: `{ port, host }` or `{ path }`. */
export function validatePlace(place: unknown, name: string): void {
  validateObject(place, name)
  if ('path' in place) validateString(place.path, `${name}.path`)
  else validatePort(Reflect.get(place, 'port'), `${name}.port`)
}

/** A POSIX name of an error that the host knows. */
export function validateErrorName(code: unknown, name: string): asserts code is string {
  validateString(code, name)
  if (errno(code) === errno('UNKNOWN')) {
    throw codedError('ERR_INVALID_ARG_VALUE', name, code, 'is no error of this system')
  }
}
