// IP addresses as text, in one spelling each. It knows no socket.
import { isIPv4, isIPv6 } from 'node:net'
import type { TcpAddress } from '@x/core/transport'

/**
 * The one spelling of an address (RFC 5952 for IPv6, with an IPv4 address inside as such); null where it is none. The
 * scope of the loopback address says nothing.
 */
export function canonicalIp(address: string): string | null {
  if (isIPv4(address)) return address
  if (!isIPv6(address)) return null
  const [bare = '', scope] = address.split('%')
  const host = new URL(`http://[${bare}]/`).hostname.slice(1, -1)
  const match = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(host)
  if (match) {
    const high = Number.parseInt(match[1] ?? '', 16)
    const low = Number.parseInt(match[2] ?? '', 16)
    return `::ffff:${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`
  }
  return scope === undefined || host === '::1' ? host : `${host}%${scope}`
}

/** The IPv4 address inside an IPv4-mapped IPv6 one (RFC 4291 2.5.5.2); null for any other. */
export function unmapIp(address: string): string | null {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(canonicalIp(address) ?? '')?.[1] ?? null
}

/** A link-local address (fe80::/10) means something with a scope only (RFC 4007). */
export function lacksScope(address: string): boolean {
  return /^fe[89ab][0-9a-f]:/.test(address) && !address.includes('%')
}

/** `0.0.0.0` or `::`. */
export function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::'
}

/** 127.0.0.0/8 or `::1`. */
export function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1'
}

/** `127.0.0.1:80`, `[::1]:80`. */
export function formatTcp(at: TcpAddress): string {
  return at.family === 'IPv6' ? `[${at.address}]:${at.port}` : `${at.address}:${at.port}`
}
