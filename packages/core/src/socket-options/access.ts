// Setting and reading options on descriptors, and making sockets that have them from the start. What is refused is told as an
// error, for the caller to throw or to emit.
import { codedError } from '../errors/codes'
import { systemError } from '../errors/system-error'
import { validateInt32, validateInteger } from '../errors/validate'
import type { DescriptorOperations, Status, Transport } from '../transport/contract'
import {
  decodeOption,
  type EncodedOption,
  encodeOption,
  type OptionSet,
  optionKinds,
  placeOf,
  type SocketOptionName,
  type SocketOptions,
} from './names'

/** The longest value of an option that has a name. */
const MOST_BYTES = 64
const MOST_RAW_BYTES = 65_536

/** What reaches the options of descriptors. Throws `ERR_X_UNSUPPORTED` where the transport has no descriptors. */
export function operationsOf(transport: Transport): DescriptorOperations {
  if (transport.descriptors !== null) return transport.descriptors
  throw codedError('ERR_X_UNSUPPORTED', transport.name, 'socket options')
}

/** Level and number of an option. Throws `ERR_X_UNSUPPORTED` where the system does not have it. */
export function numbersOf(transport: Transport, place: number): readonly [level: number, name: number] {
  const numbers = operationsOf(transport).optionNumbers()
  const level = numbers[2 * place] ?? -1
  const name = numbers[2 * place + 1] ?? -1
  if (level >= 0 && name >= 0) return [level, name]
  const what = optionKinds[place]?.[0] ?? 'tcpInfo'
  throw codedError('ERR_X_UNSUPPORTED', transport.name, `the socket option ${what} on this system`)
}

/** Throws where an option is not to be had here. */
export function checkSupport(transport: Transport, { encoded }: OptionSet): void {
  operationsOf(transport)
  for (const { place } of encoded) numbersOf(transport, place)
}

/** Sets an option; below 0 where the system refuses. Throws `ERR_X_UNSUPPORTED`. */
export function applyOption(transport: Transport, fd: number, { place, bytes }: EncodedOption): Status {
  const [level, name] = numbersOf(transport, place)
  return operationsOf(transport).setOption(fd, level, name, bytes)
}

/** Sets options, up to the first that the system refuses. */
export function applyOptions(transport: Transport, fd: number, { encoded }: OptionSet): Status {
  for (const option of encoded) {
    const status = applyOption(transport, fd, option)
    if (status < 0) return status
  }
  return 0
}

/**
 * A TCP socket that has the options, neither bound nor connected. Below 0 where the system gives no socket; or how it refused
 * an option.
 */
export function openWithOptions(
  transport: Transport,
  family: 'IPv4' | 'IPv6',
  options: OptionSet,
): { readonly fd: number } | { readonly refusedOption: Status } {
  const operations = operationsOf(transport)
  const fd = operations.openSocket(family, options.isMultipath)
  if (fd < 0) return { fd }
  const status = applyOptions(transport, fd, options)
  if (status >= 0) return { fd }
  operations.close([fd])
  return { refusedOption: status }
}

/** A socket is made with the option or without it. */
export function ofNewSocketsAlone(name: SocketOptionName): Error {
  return codedError('ERR_INVALID_ARG_VALUE', 'name', name, 'is an option of new sockets alone')
}

/** The options of one open socket. */
export class OptionAccess {
  readonly #transport: Transport
  readonly #fd: number

  /** Throws `ERR_X_UNSUPPORTED` where there is no descriptor to see. */
  constructor(transport: Transport, fd: number) {
    operationsOf(transport)
    if (fd < 0)
      throw codedError('ERR_X_UNSUPPORTED', transport.name, 'options of a socket without a descriptor')
    this.#transport = transport
    this.#fd = fd
  }

  set<Name extends SocketOptionName>(name: Name, value: NonNullable<SocketOptions[Name]>): void {
    const place = placeOf(name)
    const bytes = encodeOption(place, value, 'value')
    if (name === 'multipath') throw ofNewSocketsAlone(name)
    const status = applyOption(this.#transport, this.#fd, { name, place, bytes })
    if (status < 0) throw systemError(status, 'setsockopt')
  }

  get<Name extends SocketOptionName>(name: Name): NonNullable<SocketOptions[Name]> {
    const place = placeOf(name)
    const [level, number] = numbersOf(this.#transport, place)
    return decodeOption(place, this.getRaw(level, number, MOST_BYTES)) as NonNullable<SocketOptions[Name]>
  }

  setRaw(level: number, name: number, value: number | Uint8Array): void {
    validateInt32(level, 'level')
    validateInt32(name, 'name')
    if (typeof value === 'number') validateInteger(value, 'value', -(2 ** 31), 2 ** 32 - 1)
    else if (!(value instanceof Uint8Array)) {
      throw codedError('ERR_INVALID_ARG_TYPE', 'value', ['number', 'Uint8Array'], value)
    }
    const bytes = typeof value === 'number' ? Buffer.from(Uint32Array.of(value).buffer) : value
    const status = operationsOf(this.#transport).setOption(this.#fd, level, name, bytes)
    if (status < 0) throw systemError(status, 'setsockopt')
  }

  getRaw(level: number, name: number, length: number): Buffer {
    validateInt32(level, 'level')
    validateInt32(name, 'name')
    validateInteger(length, 'length', 1, MOST_RAW_BYTES)
    const into = Buffer.alloc(length)
    const filled = operationsOf(this.#transport).getOption(this.#fd, level, name, into)
    if (filled < 0) throw systemError(filled, 'getsockopt')
    return into.subarray(0, filled)
  }
}
