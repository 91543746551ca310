// An end point as a value: address, port, family, flow label. It knows no socket and resolves no names.
import { inspect } from 'node:util'
import { codedError } from '../errors/codes'
import { validateObject, validatePort, validateString, validateUint32 } from '../errors/validate'
import { type Inspecting, inspected } from './inspected'
import { formatIp, type IpValue, parseIPv4, parseIPv6 } from './ip'

/** `ipv4` or `ipv6`. Any case is accepted where one is passed in. */
export type IpFamily = 'ipv4' | 'ipv6'

/** What a SocketAddress is made of. Source: https://nodejs.org/api/net.html#new-netsocketaddressoptions */
export interface SocketAddressInit {
  /** Default: `127.0.0.1`, or `::` where the family is `ipv6`. */
  readonly address?: string | undefined
  /** Default: `ipv4`. */
  readonly family?: IpFamily | 'IPv4' | 'IPv6' | undefined
  /** The flow label (RFC 6437), used with `ipv6` alone: 0 to 1048575. Default: 0. */
  readonly flowlabel?: number | undefined
  /** 0 to 65535. Default: 0. */
  readonly port?: number | undefined
}

/** A SocketAddress as JSON. */
export interface SocketAddressJson {
  readonly address: string
  readonly port: number
  readonly family: IpFamily
  readonly flowlabel: number
}

/** The largest flow label: 20 bits. Node's own class ends the process above it. */
const FLOW_LABEL_MAX = 0xfffff

/** The value of an address, for this file only. */
const inside = {} as { valueOf(address: SocketAddress): IpValue }

/**
 * An immutable end point. Its address is in canonical form (`::1`, not `0:0:0:0:0:0:0:1`); a scope is dropped.
 *
 * Throws `ERR_INVALID_ADDRESS` for an address that is not one of the family, `ERR_INVALID_ARG_TYPE`,
 * `ERR_INVALID_ARG_VALUE`, `ERR_SOCKET_BAD_PORT` and `ERR_OUT_OF_RANGE` for the other options.
 * Source: https://nodejs.org/api/net.html#class-netsocketaddress
 */
export class SocketAddress {
  static {
    // A build may rename the class; the other copies of this package know it by its name.
    Object.defineProperty(SocketAddress, 'name', { value: 'SocketAddress', configurable: true })
    inside.valueOf = address => address.#value
  }

  readonly #value: IpValue
  readonly #port: number
  readonly #flowlabel: number

  constructor(options: SocketAddressInit = {}) {
    validateObject(options, 'options')
    const { family = 'ipv4', port = 0, flowlabel = 0 } = options
    const isIPv6 = familyOf(family) === 'ipv6'
    const { address = isIPv6 ? '::' : '127.0.0.1' } = options
    validateString(address, 'options.address')
    this.#port = validatePort(port, 'options.port')
    validateUint32(flowlabel, 'options.flowlabel')
    if (isIPv6 && flowlabel > FLOW_LABEL_MAX) {
      throw codedError('ERR_OUT_OF_RANGE', 'options.flowlabel', `>= 0 && <= ${FLOW_LABEL_MAX}`, flowlabel)
    }
    this.#flowlabel = isIPv6 ? flowlabel : 0
    const value = isIPv6 ? parseIPv6(address.split('%', 1)[0]!) : parseIPv4(address)
    if (value === undefined) throw codedError('ERR_INVALID_ADDRESS')
    this.#value = value
  }

  /** True for a SocketAddress of this package, false for anything else. */
  static isSocketAddress(value: unknown): value is SocketAddress {
    return typeof value === 'object' && value !== null && #value in value
  }

  /**
   * Parses `123.1.2.3:1234`, `[1::1]:1234`, or either without a port (then it is 0); undefined for other text.
   * The forms of IPv4 hosts in URLs are accepted too: `127.1`, `0x7f000001`.
   * Throws `ERR_INVALID_ARG_TYPE` if it is not given a string.
   */
  static parse(input: string): SocketAddress | undefined {
    validateString(input, 'input')
    if (!URL.canParse(`http://${input}`)) return undefined
    const { hostname, port } = new URL(`http://${input}`)
    // A URL drops the default port of its scheme; with another scheme it is there.
    const told = port || new URL(`https://${input}`).port || '0'
    const isIPv6 = hostname.startsWith('[')
    const address = isIPv6 ? hostname.slice(1, -1) : hostname
    if ((isIPv6 ? parseIPv6(address) : parseIPv4(address)) === undefined) return undefined
    return new SocketAddress({ address, port: Number(told), family: isIPv6 ? 'ipv6' : 'ipv4' })
  }

  get address(): string {
    return formatIp(this.#value)
  }

  get port(): number {
    return this.#port
  }

  get family(): IpFamily {
    return this.#value.isIPv4 ? 'ipv4' : 'ipv6'
  }

  get flowlabel(): number {
    return this.#flowlabel
  }

  toJSON(): SocketAddressJson {
    return { address: this.address, port: this.port, family: this.family, flowlabel: this.flowlabel }
  }

  [inspect.custom](depth: number, options: Inspecting): string {
    return inspected('SocketAddress', this.toJSON(), depth, options)
  }
}

/** The family in lower case; throws `ERR_INVALID_ARG_VALUE` if it is neither. */
function familyOf(family: unknown): IpFamily {
  const lower = typeof family === 'string' ? family.toLowerCase() : family
  if (lower === 'ipv4' || lower === 'ipv6') return lower
  throw codedError('ERR_INVALID_ARG_VALUE', 'options.family', family)
}

/** True for a SocketAddress of this package or of `node:net`: both have the same members. */
export function isAnySocketAddress(value: unknown): value is SocketAddressJson {
  if (SocketAddress.isSocketAddress(value)) return true
  if (typeof value !== 'object' || value === null || value.constructor?.name !== 'SocketAddress') return false
  const { address, family } = value as Partial<SocketAddressJson>
  return typeof address === 'string' && (family === 'ipv4' || family === 'ipv6')
}

/** The number behind an address. That of a SocketAddress of `node:net` is parsed from its text. */
export function ipValueOf(address: SocketAddressJson): IpValue {
  if (SocketAddress.isSocketAddress(address)) return inside.valueOf(address)
  return (address.family === 'ipv6' ? parseIPv6(address.address) : parseIPv4(address.address))!
}
