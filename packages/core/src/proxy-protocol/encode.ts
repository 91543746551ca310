// From what a caller says to the bytes of a PROXY header, checked.
import { types } from 'node:util'
import { formatIp, isIPv4, isMapped, parseIPv4, parseIPv6 } from '../address/ip'
import { codedError } from '../errors/codes'
import {
  validateBoolean,
  validateMembers,
  validateObject,
  validateOneOf,
  validatePort,
  validateString,
} from '../errors/validate'
import { encodeBinary, MOST_BINARY, mapped, unmapped } from './binary'
import type { ProxyEnd, ProxyHeaderInit } from './header'
import { encodeText } from './text'
import { encodeTlvs } from './tlvs'

type IpEnd = Extract<ProxyEnd, { address: string }>

const WHERE = 'options.proxyHeader'
const PATH_BYTES = 108

const members: Record<keyof ProxyHeaderInit, true> = {
  version: true,
  command: true,
  source: true,
  destination: true,
  alpn: true,
  authority: true,
  uniqueId: true,
  tls: true,
  namespace: true,
  tlvs: true,
  checksum: true,
}

/**
 * The bytes of a PROXY header (https://www.haproxy.org/download/2.6/doc/proxy-protocol.txt), as `connect({ proxyHeader })`
 * sends them.
 *
 * @throws `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_INVALID_IP_ADDRESS`, `ERR_SOCKET_BAD_PORT`,
 *   `ERR_OUT_OF_RANGE`.
 */
export function encodeProxyHeader(init: ProxyHeaderInit): Buffer {
  validateObject(init, WHERE)
  validateMembers(init, members, WHERE)
  const { version = 2, command = 'proxy', checksum = false } = init
  validateOneOf(version, `${WHERE}.version`, [1, 2])
  validateOneOf(command, `${WHERE}.command`, ['proxy', 'local'])
  validateBoolean(checksum, `${WHERE}.checksum`)
  const ends = command === 'local' ? null : readEnds(init)
  const tlvs = encodeTlvs(init)
  if (version === 1) {
    if (tlvs.length > 0 || checksum) {
      throw codedError(
        'ERR_INVALID_ARG_VALUE',
        `${WHERE}.version`,
        version,
        'has neither vectors nor a checksum',
      )
    }
    const [source, destination] = ends ?? []
    const isIp =
      source !== undefined && destination !== undefined && 'port' in source && 'port' in destination
    return encodeText(isIp ? { source, destination } : null)
  }
  const header = encodeBinary(command, ends, tlvs, checksum)
  if (header.length > MOST_BINARY) {
    throw codedError('ERR_OUT_OF_RANGE', `${WHERE}.length`, `<= ${MOST_BINARY}`, header.length)
  }
  return header
}

function readEnds({ source, destination }: ProxyHeaderInit): [ProxyEnd, ProxyEnd] | null {
  if (source === undefined && destination === undefined) return null
  const from = readEnd(source, `${WHERE}.source`)
  const to = readEnd(destination, `${WHERE}.destination`)
  if ('path' in from !== 'path' in to) {
    throw codedError('ERR_INVALID_ARG_VALUE', `${WHERE}.destination`, to, 'must be of the kind of the source')
  }
  return 'path' in from || 'path' in to ? [from, to] : ofOneFamily(from, to)
}

function readEnd(end: ProxyEnd | undefined, name: string): ProxyEnd {
  validateObject(end, name)
  if ('path' in end) {
    validateString(end.path, `${name}.path`)
    if (Buffer.byteLength(end.path) > PATH_BYTES) {
      throw codedError('ERR_INVALID_ARG_VALUE', `${name}.path`, end.path, `has more than ${PATH_BYTES} bytes`)
    }
    return { path: end.path }
  }
  validateString(end.address, `${name}.address`)
  // A scope means something on one machine alone.
  const [address] = end.address.split('%', 1)
  const value = parseIPv4(address!) ?? parseIPv6(address!)
  if (value === undefined) throw codedError('ERR_INVALID_IP_ADDRESS', end.address)
  return {
    // In its short form: a line of version 1 has room for no other.
    address: isMapped(value) ? unmapped(value) : formatIp(value),
    port: validatePort(end.port, `${name}.port`),
  }
}

/** The header has one family for both ends. */
function ofOneFamily(from: IpEnd, to: IpEnd): [IpEnd, IpEnd] {
  if (isIPv4(from.address) === isIPv4(to.address)) return [from, to]
  const asIPv6 = (end: IpEnd): IpEnd => {
    const value = parseIPv4(end.address)
    return value === undefined ? end : { address: mapped(value), port: end.port }
  }
  return [asIPv6(from), asIPv6(to)]
}

/** The bytes that `connect` sends first: of an init, or as they are. Throws as `encodeProxyHeader`. */
export function readPreamble(value: unknown): Buffer | null {
  if (value === undefined || value === null) return null
  // Of another realm, too.
  if (types.isUint8Array(value)) return Buffer.from(value)
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) {
    throw codedError('ERR_INVALID_ARG_TYPE', WHERE, ['Object', 'Uint8Array'], value)
  }
  return encodeProxyHeader(value as ProxyHeaderInit)
}
