// Block lists: rules about addresses, and whether one of them matches an address. It closes no connection.
import { inspect } from 'node:util'
import { codedError } from '../errors/codes'
import { validateInt32, validateString } from '../errors/validate'
import { type Inspecting, inspected } from './inspected'
import { compareIp, type IpValue, ipKey, parseIPv4, parseIPv6 } from './ip'
import {
  type IpFamily,
  ipValueOf,
  isAnySocketAddress,
  SocketAddress,
  type SocketAddressJson,
} from './socket-address'
import { SubnetTable } from './subnet-table'

/** `ipv4` or `ipv6`, in any case. For a SocketAddress, its own family is used. */
export type IpVersion = IpFamily | 'IPv4' | 'IPv6'

/** An address as text (its family is a further argument), or a SocketAddress of this package or of `node:net`. */
export type AddressLike = string | SocketAddressJson

/** What `blockList` options take: a BlockList of this package, or one of `node:net`. */
export interface AddressFilter {
  check(address: string, family?: IpFamily): boolean
}

interface AddressRule {
  readonly kind: 'Address'
  readonly text: string
}

interface RangeRule {
  readonly kind: 'Range'
  readonly text: string
  readonly start: IpValue
  readonly end: IpValue
}

interface SubnetRule {
  readonly kind: 'Subnet'
  readonly text: string
  readonly network: IpValue
  readonly prefix: number
}

/**
 * A list of addresses, ranges and subnets. `check` looks addresses and subnets up directly, and goes through the ranges. An IPv4 rule matches the IPv6 notation of its addresses (`::ffff:1.2.3.4`) and the other way round.
 *
 * All methods throw `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE` or `ERR_INVALID_ADDRESS` for invalid arguments, and
 * `ERR_OUT_OF_RANGE` for a prefix that is too long for its family. Source: https://nodejs.org/api/net.html#class-netblocklist
 */
export class BlockList {
  /** Private, loopback and link-local ranges, for `addCIDRs`. */
  static PRIVATE_RANGES: readonly string[] = Object.freeze([
    '10.0.0.0/8',
    '172.16.0.0/12',
    '192.168.0.0/16',
    '127.0.0.0/8',
    '::1/128',
    '169.254.0.0/16',
    'fe80::/10',
    'fc00::/7',
  ])

  /** All rules, the oldest first; what follows finds some of them. */
  readonly #rules = new Set<AddressRule | RangeRule | SubnetRule>()
  readonly #addresses = new Map<number | string, AddressRule>()
  readonly #ranges = new Set<RangeRule>()
  readonly #subnets = new SubnetTable()

  /** True for a BlockList of this package. */
  static isBlockList(value: unknown): value is BlockList {
    return typeof value === 'object' && value !== null && #addresses in value
  }

  /** Blocks one address. */
  addAddress(address: AddressLike, family: IpVersion = 'ipv4'): void {
    this.#add(toSocketAddress(address, 'address', family))
  }

  /** Blocks several addresses; if one is invalid, none of them. */
  addAddresses(addresses: readonly AddressLike[], family: IpVersion = 'ipv4'): void {
    if (!Array.isArray(addresses)) throw codedError('ERR_INVALID_ARG_TYPE', 'addresses', 'Array', addresses)
    validateString(family, 'family')
    const list = Array.from(addresses, (address, at) => toSocketAddress(address, `addresses[${at}]`, family))
    for (const address of list) this.#add(address)
  }

  /** Blocks all addresses from `start` to `end`, both included. */
  addRange(start: AddressLike, end: AddressLike, family: IpVersion = 'ipv4'): void {
    const rule = toRange(start, end, family)
    if (compareIp(rule.start, rule.end) > 0) {
      const first = toSocketAddress(start, 'start', family)
      throw codedError('ERR_INVALID_ARG_VALUE', 'start', first, 'must come before end')
    }
    this.#rules.add(rule)
    this.#ranges.add(rule)
  }

  /** Blocks the addresses whose first `prefix` bits are those of `network`: 0 to 32 for IPv4, 0 to 128 for IPv6. */
  addSubnet(network: AddressLike, prefix: number, family: IpVersion = 'ipv4'): void {
    const rule = toSubnet(network, prefix, family)
    this.#rules.add(rule)
    this.#subnets.add(rule.network, rule.prefix)
  }

  /** Blocks a subnet written as `10.0.0.0/8` or `2001:db8::/32`. */
  addCIDR(cidr: string): void {
    this.addSubnet(...parseCidr(cidr))
  }

  /** Blocks subnets, each written as in `addCIDR`. An invalid one throws; those before it are blocked. */
  addCIDRs(cidrs: readonly string[]): void {
    if (!Array.isArray(cidrs)) throw codedError('ERR_INVALID_ARG_TYPE', 'cidrs', 'Array', cidrs)
    for (const [at, cidr] of cidrs.entries()) {
      validateString(cidr, `cidrs[${at}]`)
      this.addCIDR(cidr)
    }
  }

  /** Removes the rule for an address; does nothing if there is none. */
  removeAddress(address: AddressLike, family: IpVersion = 'ipv4'): void {
    const key = ipKey(ipValueOf(toSocketAddress(address, 'address', family)))
    const rule = this.#addresses.get(key)
    if (rule === undefined) return
    this.#addresses.delete(key)
    this.#rules.delete(rule)
  }

  /** Removes the newest range with exactly these ends; does nothing if there is none. */
  removeRange(start: AddressLike, end: AddressLike, family: IpVersion = 'ipv4'): void {
    const rule = this.#newest(toRange(start, end, family))
    if (rule === undefined) return
    this.#rules.delete(rule)
    this.#ranges.delete(rule)
  }

  /** Removes the newest subnet with exactly this network and prefix; does nothing if there is none. */
  removeSubnet(network: AddressLike, prefix: number, family: IpVersion = 'ipv4'): void {
    const rule = this.#newest(toSubnet(network, prefix, family))
    if (rule === undefined) return
    this.#rules.delete(rule)
    this.#subnets.remove(rule.network, rule.prefix)
  }

  /** Removes a subnet, written as in `addCIDR`. */
  removeCIDR(cidr: string): void {
    this.removeSubnet(...parseCidr(cidr))
  }

  /** True if a rule matches the address. Text that is not an address of the family matches none. */
  check(address: AddressLike, family: IpVersion = 'ipv4'): boolean {
    const value = valueToCheck(address, family)
    if (value === undefined) return false
    if (this.#addresses.has(ipKey(value)) || this.#subnets.has(value)) return true
    for (const { start, end } of this.#ranges) {
      if (compareIp(start, value) <= 0 && compareIp(value, end) <= 0) return true
    }
    return false
  }

  /** Removes all rules. */
  clear(): void {
    this.#rules.clear()
    this.#addresses.clear()
    this.#ranges.clear()
    this.#subnets.clear()
  }

  /** The rules as text, for `fromJSON`. */
  toJSON(): string[] {
    return this.rules
  }

  /**
   * Adds rules from their text, as `rules` and `toJSON` return it, or from its JSON. Text that is not a rule is ignored.
   * Throws `SyntaxError` for a string that is not JSON.
   */
  fromJSON(data: string | readonly string[]): void {
    const rules: unknown = typeof data === 'string' ? JSON.parse(data) : data
    if (!Array.isArray(rules) || !rules.every(rule => typeof rule === 'string')) {
      throw codedError('ERR_INVALID_ARG_TYPE', 'data', ['string', 'string[]'], rules)
    }
    for (const rule of rules as string[]) this.#addText(rule)
  }

  /** The rules as text, the newest first. */
  get rules(): string[] {
    return Array.from(this.#rules, ({ kind, text }) => `${kind}: ${text}`).reverse()
  }

  /** How many rules there are. */
  get size(): number {
    return this.#rules.size
  }

  [inspect.custom](depth: number, options: Inspecting): string {
    return inspected('BlockList', { rules: this.rules }, depth, options)
  }

  #add(address: SocketAddressJson): void {
    const key = ipKey(ipValueOf(address))
    const rule: AddressRule = { kind: 'Address', text: describe(address) }
    const replaced = this.#addresses.get(key)
    if (replaced !== undefined) this.#rules.delete(replaced)
    this.#addresses.set(key, rule)
    this.#rules.add(rule)
  }

  /** The newest of the rules with the same text as this one. */
  #newest<Rule extends RangeRule | SubnetRule>({ kind, text }: Rule): Rule | undefined {
    return [...this.#rules].findLast(rule => rule.kind === kind && rule.text === text) as Rule | undefined
  }

  #addText(rule: string): void {
    for (const { family, address, range, subnet } of RULE_TEXTS) {
      const [, only] = address.exec(rule) ?? []
      if (only !== undefined) this.addAddress(only, family)
      const [, start, end] = range.exec(rule) ?? []
      if (start !== undefined) this.addRange(start, end!, family)
      const [, network, prefix] = subnet.exec(rule) ?? []
      if (network !== undefined) this.addSubnet(network, Number(prefix), family)
    }
  }
}

/** The text of rules as patterns, for each family with the characters of its addresses. */
const RULE_TEXTS = [
  { family: 'ipv4', label: 'IPv4', characters: '([\\d.]+)' },
  { family: 'ipv6', label: 'IPv6', characters: '([\\da-fA-F:.]+)' },
].map(({ family, label, characters }) => ({
  family: family as IpFamily,
  address: new RegExp(`Address: ${label} ${characters}`),
  range: new RegExp(`Range: ${label} ${characters}-${characters}`),
  subnet: new RegExp(`Subnet: ${label} ${characters}/(\\d+)`),
}))

/** A SocketAddress as it is, or one made from text. */
function toSocketAddress(address: unknown, name: string, family: IpVersion): SocketAddressJson {
  if (isAnySocketAddress(address)) return address
  validateString(address, name)
  validateString(family, 'family')
  return new SocketAddress({ address, family })
}

/** The value of the address that `check` is given; none for invalid text, or text of the other family. */
function valueToCheck(address: unknown, family: IpVersion): IpValue | undefined {
  if (isAnySocketAddress(address)) return ipValueOf(address)
  validateString(address, 'address')
  validateString(family, 'family')
  return family === 'ipv4' || family.toLowerCase() === 'ipv4'
    ? parseIPv4(address)
    : parseIPv6(address.split('%', 1)[0]!)
}

function toRange(start: unknown, end: unknown, family: IpVersion): RangeRule {
  const first = toSocketAddress(start, 'start', family)
  const last = toSocketAddress(end, 'end', family)
  const text = `${describe(first)}-${last.address}`
  return { kind: 'Range', text, start: ipValueOf(first), end: ipValueOf(last) }
}

function toSubnet(network: unknown, prefix: number, family: IpVersion): SubnetRule {
  const address = toSocketAddress(network, 'network', family)
  validateInt32(prefix, 'prefix', 0, address.family === 'ipv4' ? 32 : 128)
  return { kind: 'Subnet', text: `${describe(address)}/${prefix}`, network: ipValueOf(address), prefix }
}

function describe({ address, family }: SocketAddressJson): string {
  return `${family === 'ipv4' ? 'IPv4' : 'IPv6'} ${address}`
}

/** Network, prefix and family of `10.0.0.0/8`. */
function parseCidr(cidr: string): [network: string, prefix: number, family: IpFamily] {
  validateString(cidr, 'cidr')
  const slash = cidr.lastIndexOf('/')
  if (slash === -1) {
    throw codedError(
      'ERR_INVALID_ARG_VALUE',
      'cidr',
      cidr,
      'must contain a prefix length (e.g. "10.0.0.0/8")',
    )
  }
  const network = cidr.slice(0, slash)
  const prefix = cidr.slice(slash + 1)
  if (!/^(?:0|-?[1-9]\d*)$/.test(prefix)) {
    throw codedError('ERR_INVALID_ARG_VALUE', 'cidr', cidr, 'prefix length must be a valid integer')
  }
  return [network, Number(prefix), network.includes(':') ? 'ipv6' : 'ipv4']
}
