// The vectors of a PROXY header of version 2: from bytes and to bytes. It knows no addresses and no checksum.
import { types } from 'node:util'
import { codedError } from '../errors/codes'
import { validateBoolean, validateInteger, validateMembers, validateObject } from '../errors/validate'
import {
  MOST_UNIQUE_ID,
  type ProxyHeader,
  type ProxyHeaderInit,
  type ProxyTls,
  type ProxyTlv,
  tlsBits,
  tlvTypes,
} from './header'

const HEAD = 3
const TLS_HEAD = 5
const MOST_VALUE = 0xffff

/** The vectors in these bytes; null where one reaches beyond them. Their values are copies. */
export function parseTlvs(bytes: Buffer): ProxyTlv[] | null {
  const tlvs: ProxyTlv[] = []
  for (let at = 0; at < bytes.length; ) {
    if (at + HEAD > bytes.length) return null
    const end = at + HEAD + bytes.readUInt16BE(at + 1)
    if (end > bytes.length) return null
    tlvs.push({ type: bytes[at]!, value: Buffer.from(bytes.subarray(at + HEAD, end)) })
    at = end
  }
  return tlvs
}

type Typed = Pick<ProxyHeader, 'alpn' | 'authority' | 'uniqueId' | 'tls' | 'namespace'>

/** What the vectors mean, or what is wrong with one. */
export function meaningOf(tlvs: readonly ProxyTlv[]): Typed | { readonly problem: string } {
  const first = (type: number): Buffer | undefined => tlvs.find(tlv => tlv.type === type)?.value
  const uniqueId = first(tlvTypes.uniqueId)
  const tlsValue = first(tlvTypes.tls)
  const tls = tlsValue && parseTls(tlsValue)
  if (tls === null) return { problem: 'has a vector about TLS that is none' }
  if (uniqueId !== undefined && uniqueId.length > MOST_UNIQUE_ID)
    return { problem: `has a unique id of more than ${MOST_UNIQUE_ID} bytes` }
  return withoutUndefined({
    alpn: first(tlvTypes.alpn)?.toString('latin1'),
    authority: first(tlvTypes.authority)?.toString('utf8'),
    uniqueId,
    tls,
    namespace: first(tlvTypes.namespace)?.toString('latin1'),
  })
}

function parseTls(value: Buffer): ProxyTls | null {
  if (value.length < TLS_HEAD) return null
  const tlvs = parseTlvs(value.subarray(TLS_HEAD))
  if (tlvs === null) return null
  const text = (type: number): string | undefined =>
    tlvs.find(tlv => tlv.type === type)?.value.toString('utf8')
  const bits = value[0]!
  const hasCertificate = (bits & tlsBits.hasCertificate) !== 0
  const hasSessionCertificate = (bits & tlsBits.hasSessionCertificate) !== 0
  return withoutUndefined({
    isTls: (bits & tlsBits.isTls) !== 0,
    hasCertificate,
    hasSessionCertificate,
    // The field is 0 without a certificate, too.
    isVerified: (hasCertificate || hasSessionCertificate) && value.readUInt32BE(1) === 0,
    version: text(tlvTypes.tlsVersion),
    cipher: text(tlvTypes.tlsCipher),
    commonName: text(tlvTypes.tlsCommonName),
    signatureAlgorithm: text(tlvTypes.tlsSignatureAlgorithm),
    keyAlgorithm: text(tlvTypes.tlsKeyAlgorithm),
    tlvs,
  })
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> }

function withoutUndefined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as Defined<T>
}

/** Writes a vector. Throws `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`. */
export function encodeTlv(type: number, value: Uint8Array, name: string): Buffer {
  validateInteger(type, `${name}.type`, 0, 255)
  if (!types.isUint8Array(value)) {
    throw codedError('ERR_INVALID_ARG_TYPE', `${name}.value`, ['Buffer', 'Uint8Array'], value)
  }
  if (value.length > MOST_VALUE) {
    throw codedError('ERR_OUT_OF_RANGE', `${name}.length`, `<= ${MOST_VALUE}`, value.length)
  }
  const head = Buffer.from([type, value.length >>> 8, value.length & 0xff])
  return Buffer.concat([head, value])
}

/** Writes the vectors of an init, without its checksum. */
export function encodeTlvs(init: ProxyHeaderInit): Buffer {
  const { alpn, authority, uniqueId, tls, namespace, tlvs = [] } = init
  const where = 'options.proxyHeader'
  if (!Array.isArray(tlvs)) throw codedError('ERR_INVALID_ARG_TYPE', `${where}.tlvs`, 'Array', tlvs)
  const parts = [
    text(tlvTypes.alpn, alpn, `${where}.alpn`),
    text(tlvTypes.authority, authority, `${where}.authority`),
    uniqueId === undefined ? null : encodeTlv(tlvTypes.uniqueId, uniqueId, `${where}.uniqueId`),
    tls === undefined ? null : encodeTlv(tlvTypes.tls, encodeTls(tls), `${where}.tls`),
    text(tlvTypes.namespace, namespace, `${where}.namespace`),
    ...Array.from(tlvs as readonly ProxyTlv[], (tlv, at) => {
      validateObject(tlv, `${where}.tlvs[${at}]`)
      return encodeTlv(tlv.type, tlv.value, `${where}.tlvs[${at}]`)
    }),
  ]
  if (uniqueId !== undefined && uniqueId.length > MOST_UNIQUE_ID) {
    throw codedError('ERR_OUT_OF_RANGE', `${where}.uniqueId.length`, `<= ${MOST_UNIQUE_ID}`, uniqueId.length)
  }
  return Buffer.concat(parts.filter(part => part !== null))
}

function text(type: number, value: string | undefined, name: string): Buffer | null {
  if (value === undefined) return null
  if (typeof value !== 'string') throw codedError('ERR_INVALID_ARG_TYPE', name, 'string', value)
  return encodeTlv(type, Buffer.from(value), name)
}

const tlsMembers: Record<keyof NonNullable<ProxyHeaderInit['tls']>, true> = {
  isTls: true,
  hasCertificate: true,
  hasSessionCertificate: true,
  isVerified: true,
  version: true,
  cipher: true,
  commonName: true,
  signatureAlgorithm: true,
  keyAlgorithm: true,
}

function encodeTls(tls: NonNullable<ProxyHeaderInit['tls']>): Buffer {
  const where = 'options.proxyHeader.tls'
  validateObject(tls, where)
  validateMembers(tls, tlsMembers, where)
  const { isTls = true, hasCertificate = false, hasSessionCertificate = false, isVerified = false } = tls
  for (const [name, value] of Object.entries({ isTls, hasCertificate, hasSessionCertificate, isVerified })) {
    validateBoolean(value, `${where}.${name}`)
  }
  const bits =
    (isTls ? tlsBits.isTls : 0) |
    (hasCertificate ? tlsBits.hasCertificate : 0) |
    (hasSessionCertificate ? tlsBits.hasSessionCertificate : 0)
  const hasAny = hasCertificate || hasSessionCertificate
  const head = Buffer.from([bits, 0, 0, 0, hasAny && !isVerified ? 1 : 0])
  const parts = [
    text(tlvTypes.tlsVersion, tls.version, `${where}.version`),
    text(tlvTypes.tlsCommonName, tls.commonName, `${where}.commonName`),
    text(tlvTypes.tlsCipher, tls.cipher, `${where}.cipher`),
    text(tlvTypes.tlsSignatureAlgorithm, tls.signatureAlgorithm, `${where}.signatureAlgorithm`),
    text(tlvTypes.tlsKeyAlgorithm, tls.keyAlgorithm, `${where}.keyAlgorithm`),
  ]
  return Buffer.concat([head, ...parts.filter(part => part !== null)])
}
