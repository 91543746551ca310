// PROXY headers of version 2: from bytes and to bytes. It reads no stream.
import { formatIp, type IpValue, isIPv4, isMapped, parseIPv4, parseIPv6 } from '../address/ip'
import { crc32c } from './crc32c'
import { type HeaderProblem, type ProxyEnd, type ProxyHeader, type ProxyTlv, tlvTypes } from './header'
import { encodeTlv, meaningOf, parseTlvs } from './tlvs'

export const SIGNATURE: Buffer = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
/** Signature, version and command, family, length. */
export const BINARY_HEAD = 16
/** The longest header that its 16-bit length can tell. */
export const MOST_BINARY = BINARY_HEAD + 0xffff

const PATH_BYTES = 108
const CHECKSUM_BYTES = 4

interface Family {
  readonly protocol: ProxyHeader['protocol']
  /** Bytes of both ends. */
  readonly length: number
  readonly read: (bytes: Buffer) => readonly [ProxyEnd, ProxyEnd] | null
}

const unknown: Family = { protocol: 'unknown', length: 0, read: () => null }
const inet4 = { length: 12, read: readIPv4 }
const inet6 = { length: 36, read: readIPv6 }
const local = { length: 2 * PATH_BYTES, read: readPaths }

/** By the byte of the header. Whatever else stands there is refused, as the protocol has it. */
const families: ReadonlyMap<number, Family> = new Map([
  [0x00, unknown],
  [0x11, { protocol: 'tcp4', ...inet4 }],
  [0x12, { protocol: 'udp4', ...inet4 }],
  [0x21, { protocol: 'tcp6', ...inet6 }],
  [0x22, { protocol: 'udp6', ...inet6 }],
  [0x31, { protocol: 'unix', ...local }],
  [0x32, { protocol: 'unix-datagram', ...local }],
])

/** What is wrong with the first 16 bytes, or how long the header is. */
export function binaryLength(head: Buffer): number | HeaderProblem {
  const versionAndCommand = head[12]!
  if (versionAndCommand >>> 4 !== 2) return { problem: 'is of a version that is not 2' }
  if ((versionAndCommand & 15) > 1) return { problem: 'has a command that is none' }
  return BINARY_HEAD + head.readUInt16BE(14)
}

/** Reads a whole header, the first 16 bytes of which are right. */
export function parseBinary(bytes: Buffer): ProxyHeader | HeaderProblem {
  const isLocal = (bytes[12]! & 15) === 0
  const common = { version: 2, command: isLocal ? 'local' : 'proxy', byteLength: bytes.length } as const
  const nothing = {
    protocol: 'unknown',
    source: null,
    destination: null,
    tlvs: [],
    hasChecksum: false,
  } as const
  // What a proxy says of a connection of its own is discarded, its family included.
  if (isLocal) return { ...common, ...nothing }
  const family = families.get(bytes[13]!)
  if (family === undefined) return { problem: 'has a family or a protocol that is none' }
  const body = bytes.subarray(BINARY_HEAD)
  if (body.length < family.length) return { problem: 'is too short for its addresses' }
  const [source = null, destination = null] = family.read(body) ?? []
  const tlvs = parseTlvs(body.subarray(family.length))
  if (tlvs === null) {
    // Of an unknown family nobody knows what follows.
    if (family === unknown) return { ...common, ...nothing }
    return { problem: 'has a vector that reaches beyond it' }
  }
  const hasChecksum = tlvs.some(tlv => tlv.type === tlvTypes.crc32c)
  if (hasChecksum && !isChecksumRight(bytes, family.length, tlvs)) return { problem: 'has a wrong checksum' }
  const meaning = meaningOf(tlvs)
  if ('problem' in meaning) return meaning
  return { ...common, protocol: family.protocol, source, destination, tlvs, ...meaning, hasChecksum }
}

/** Each checksum is that of the header with zeros in its place. */
function isChecksumRight(bytes: Buffer, addressBytes: number, tlvs: readonly ProxyTlv[]): boolean {
  const zeroed = Buffer.from(bytes)
  let at = BINARY_HEAD + addressBytes
  for (const { type, value } of tlvs) {
    at += 3
    if (type === tlvTypes.crc32c) {
      if (value.length !== CHECKSUM_BYTES) return false
      zeroed.fill(0, at, at + CHECKSUM_BYTES)
    }
    at += value.length
  }
  const sum = crc32c(zeroed)
  return tlvs.every(({ type, value }) => type !== tlvTypes.crc32c || value.readUInt32BE(0) === sum)
}

function readIPv4(bytes: Buffer): [ProxyEnd, ProxyEnd] {
  const address = (at: number): string => bytes.subarray(at, at + 4).join('.')
  return [
    { address: address(0), port: bytes.readUInt16BE(8) },
    { address: address(4), port: bytes.readUInt16BE(10) },
  ]
}

function readIPv6(bytes: Buffer): [ProxyEnd, ProxyEnd] {
  const address = (at: number): string => {
    const word = (index: number): number => bytes.readUInt32BE(at + 4 * index)
    return formatIp({ isIPv4: false, words: [word(0), word(1), word(2), word(3)] })
  }
  return [
    { address: address(0), port: bytes.readUInt16BE(32) },
    { address: address(16), port: bytes.readUInt16BE(34) },
  ]
}

/** A path ends at its first NUL; one that begins with a NUL is abstract, and ends at the NULs behind it. */
function readPaths(bytes: Buffer): [ProxyEnd, ProxyEnd] {
  const path = (at: number): string => {
    const whole = bytes.subarray(at, at + PATH_BYTES)
    const end = whole[0] === 0 ? lastByte(whole) : whole.indexOf(0)
    return whole.toString('utf8', 0, end === -1 ? PATH_BYTES : end)
  }
  return [{ path: path(0) }, { path: path(PATH_BYTES) }]
}

function lastByte(bytes: Buffer): number {
  let end = bytes.length
  while (end > 0 && bytes[end - 1] === 0) end--
  return end
}

/** Writes a header. Both ends are of one family, and right; the vectors are whole, and not too long. */
export function encodeBinary(
  command: 'proxy' | 'local',
  ends: readonly [ProxyEnd, ProxyEnd] | null,
  tlvs: Buffer,
  hasChecksum: boolean,
): Buffer {
  const [family, addresses] = ends === null ? [0, Buffer.alloc(0)] : encodeEnds(ends)
  const checksum = hasChecksum
    ? encodeTlv(tlvTypes.crc32c, Buffer.alloc(CHECKSUM_BYTES), 'checksum')
    : Buffer.alloc(0)
  const body = Buffer.concat([addresses, tlvs, checksum])
  const head = Buffer.from([command === 'local' ? 0x20 : 0x21, family, 0, 0])
  head.writeUInt16BE(body.length, 2)
  const header = Buffer.concat([SIGNATURE, head, body])
  if (hasChecksum) header.writeUInt32BE(crc32c(header), header.length - CHECKSUM_BYTES)
  return header
}

function encodeEnds([source, destination]: readonly [ProxyEnd, ProxyEnd]): [family: number, bytes: Buffer] {
  if ('path' in source || 'path' in destination) {
    const bytes = Buffer.alloc(2 * PATH_BYTES)
    if ('path' in source) bytes.write(source.path, 0, PATH_BYTES)
    if ('path' in destination) bytes.write(destination.path, PATH_BYTES, PATH_BYTES)
    return [0x31, bytes]
  }
  const isFour = isIPv4(source.address)
  const values = [source.address, destination.address].map(
    text => (isFour ? parseIPv4(text) : parseIPv6(text))!,
  )
  const words = values.flatMap(({ words }) => (isFour ? [words[3]] : words))
  const bytes = Buffer.alloc(words.length * 4 + 4)
  for (const [at, word] of words.entries()) bytes.writeUInt32BE(word, 4 * at)
  bytes.writeUInt16BE(source.port, bytes.length - 4)
  bytes.writeUInt16BE(destination.port, bytes.length - 2)
  return [isFour ? 0x11 : 0x21, bytes]
}

/** IPv4 as itself where it is mapped into IPv6. */
export function unmapped(value: IpValue): string {
  return formatIp({ isIPv4: isMapped(value), words: value.words })
}

/** IPv4 in the notation of IPv6. */
export function mapped(value: IpValue): string {
  return formatIp({ isIPv4: false, words: value.words })
}
