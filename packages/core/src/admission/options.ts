// What a server may be told about whom it admits, checked. It admits nobody.
import type { AddressFilter } from '../address/block-list'
import { codedError } from '../errors/codes'
import { validateInteger, validateNumber, validateObject, validateOneOf } from '../errors/validate'

/** How many in which time: a token bucket. */
export interface RateLimit {
  /** So many a second in the long run; more than 0. */
  readonly perSecond: number
  /** So many at once after a quiet time, from 1. Default `perSecond`, at least 1. */
  readonly burst?: number | undefined
}

/** Options of `createServer` about whom it admits; what is left out is not limited. */
export interface AdmissionOptions {
  /** Open connections of one address, from 1. An IPv4-mapped IPv6 address is the IPv4 address. */
  maxPerAddress?: number | undefined
  /** Open connections of one network, from 1: the addresses with the same first bits. */
  maxPerNetwork?: number | undefined
  /** The bits that make a network. Default 24 of IPv4, 64 of IPv6: what one IPv6 user has. */
  networkBits?: { readonly ipv4?: number | undefined; readonly ipv6?: number | undefined } | undefined
  /** Connections accepted by the whole server. */
  acceptRate?: RateLimit | undefined
  /** Connections accepted from one address, and from one network. */
  addressRate?: RateLimit | undefined
  networkRate?: RateLimit | undefined
  /**
   * What becomes of connections beyond `maxConnections` and `acceptRate`. `'drop'`, the default: they are closed. `'wait'`:
   * the server stops accepting, and they wait in the system's backlog. A transport that cannot do that gives 'error' with
   * `ERR_X_UNSUPPORTED` when the server listens.
   */
  excess?: 'drop' | 'wait' | undefined
  /** Milliseconds in which a connection has to send its first byte, more than 0. */
  firstByteMs?: number | undefined
  /** Connections that have not sent a byte yet, from 1. Where one more comes, the oldest of them is dropped. */
  maxSilent?: number | undefined
  /**
   * Connections that move fewer bytes, in and out together, are dropped. Not judged: one that the program does not read
   * from and that has nothing to be sent. It is nothing for protocols with quiet times.
   */
  leastRate?:
    | {
        /** In the mean of a window; more than 0. */
        readonly bytesPerSecond: number
        /** Milliseconds of a window. Default 10,000. */
        readonly windowMs?: number | undefined
      }
    | undefined
  /** Addresses and networks whose rates are remembered, from 1; the one longest unseen is forgotten first. Default 65,536. */
  maxRemembered?: number | undefined
  /** Whose connections are admitted without regard to their address: health checks, for one. */
  exempt?: AddressFilter | undefined
}

/** The reasons of a drop. */
export const dropReasons = [
  // There were `maxConnections`.
  'max-connections',
  // As many as its `limit` waited to be taken by an iteration over the server.
  'max-waiting',
  // `maxPerAddress`, `maxPerNetwork`, `acceptRate`, `addressRate`, `networkRate` of the options `admission`.
  'address-limit',
  'network-limit',
  'accept-rate',
  'address-rate',
  'network-rate',
  // No first byte in `firstByteMs`; the oldest of `maxSilent`; slower than `leastRate`.
  'first-byte',
  'max-silent',
  'least-rate',
  // A wrong PROXY header, one that did not come in time, and a peer that is no trusted proxy (`others: 'drop'`).
  'proxy-header',
  'proxy-timeout',
  'untrusted',
] as const

/**
 * Why a connection was dropped: `max-connections`, or `max-waiting` for those that an iteration takes; a limit of the options
 * `admission` by its name; or its PROXY header, `untrusted` where the peer is no proxy that is trusted.
 */
export type DropReason = (typeof dropReasons)[number]

export interface Rate {
  readonly perSecond: number
  readonly burst: number
}

/** The checked options. Limits that were not told are infinite. */
export interface AdmissionRules {
  readonly maxPerAddress: number
  readonly maxPerNetwork: number
  readonly networkBits: { readonly ipv4: number; readonly ipv6: number }
  readonly acceptRate: Rate | null
  readonly addressRate: Rate | null
  readonly networkRate: Rate | null
  readonly waits: boolean
  readonly firstByteMs: number
  readonly maxSilent: number
  readonly leastBytes: number
  readonly windowMs: number
  readonly maxRemembered: number
  readonly exempt: AddressFilter | undefined
}

const NONE = Number.POSITIVE_INFINITY
const WINDOW_MS = 10_000
const REMEMBERED = 65_536
const LONGEST_MS = 2 ** 31 - 1

/**
 * Checks the options of an admission.
 *
 * @throws `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`.
 */
export function readAdmissionOptions(options: AdmissionOptions): AdmissionRules {
  validateObject(options, 'options.admission')
  const { excess = 'drop', firstByteMs, leastRate, networkBits = {}, exempt } = options
  validateOneOf(excess, 'options.admission.excess', ['drop', 'wait'])
  validateObject(networkBits, 'options.admission.networkBits')
  if (firstByteMs !== undefined) validateNumber(firstByteMs, 'options.admission.firstByteMs', 1, LONGEST_MS)
  if (exempt !== undefined && typeof exempt?.check !== 'function') {
    throw codedError('ERR_INVALID_ARG_TYPE', 'options.admission.exempt', 'net.BlockList', exempt)
  }
  return {
    maxPerAddress: count(options.maxPerAddress, 'maxPerAddress', NONE),
    maxPerNetwork: count(options.maxPerNetwork, 'maxPerNetwork', NONE),
    networkBits: {
      ipv4: bits(networkBits.ipv4, 'ipv4', 24, 32),
      ipv6: bits(networkBits.ipv6, 'ipv6', 64, 128),
    },
    acceptRate: readRate(options.acceptRate, 'acceptRate'),
    addressRate: readRate(options.addressRate, 'addressRate'),
    networkRate: readRate(options.networkRate, 'networkRate'),
    waits: excess === 'wait',
    firstByteMs: firstByteMs ?? NONE,
    maxSilent: count(options.maxSilent, 'maxSilent', NONE),
    ...readLeastRate(leastRate),
    maxRemembered: count(options.maxRemembered, 'maxRemembered', REMEMBERED),
    exempt,
  }
}

function count(value: number | undefined, name: string, unless: number): number {
  if (value === undefined) return unless
  validateInteger(value, `options.admission.${name}`, 1)
  return value
}

function bits(value: number | undefined, name: string, unless: number, most: number): number {
  if (value === undefined) return unless
  validateInteger(value, `options.admission.networkBits.${name}`, 0, most)
  return value
}

function positive(value: number, name: string): void {
  validateNumber(value, name, 0, Number.MAX_VALUE)
  if (value === 0) throw codedError('ERR_OUT_OF_RANGE', name, '> 0', value)
}

function readRate(rate: RateLimit | undefined, name: string): Rate | null {
  if (rate === undefined) return null
  const where = `options.admission.${name}`
  validateObject(rate, where)
  const { perSecond, burst } = rate
  positive(perSecond, `${where}.perSecond`)
  if (burst !== undefined) validateNumber(burst, `${where}.burst`, 1, Number.MAX_VALUE)
  return { perSecond, burst: burst ?? Math.max(1, perSecond) }
}

function readLeastRate(rate: AdmissionOptions['leastRate']): Pick<AdmissionRules, 'leastBytes' | 'windowMs'> {
  if (rate === undefined) return { leastBytes: 0, windowMs: WINDOW_MS }
  validateObject(rate, 'options.admission.leastRate')
  const { bytesPerSecond, windowMs = WINDOW_MS } = rate
  positive(bytesPerSecond, 'options.admission.leastRate.bytesPerSecond')
  validateNumber(windowMs, 'options.admission.leastRate.windowMs', 1, LONGEST_MS)
  return { leastBytes: (bytesPerSecond * windowMs) / 1000, windowMs }
}
