// From the address of a peer to the keys of its address and of its network. It counts nothing.
import { type IpValue, ipKey, isMapped, maskIp, parseIPv4, parseIPv6 } from '../address/ip'
import type { PeerKey } from './peers'

export interface PeerKeys {
  readonly address: PeerKey
  readonly network: PeerKey
}

/** Bits of an IPv6 address before the IPv4 address that it maps. */
const MAPPED_BITS = 96

/** The keys of an address; null for text that is none. IPv4 has the same keys in both notations. */
export function peerKeys(
  text: string,
  bits: { readonly ipv4: number; readonly ipv6: number },
): PeerKeys | null {
  const value: IpValue | undefined = text.includes(':') ? parseIPv6(text.split('%', 1)[0]!) : parseIPv4(text)
  if (value === undefined) return null
  const length = isMapped(value) ? MAPPED_BITS + bits.ipv4 : bits.ipv6
  return { address: ipKey(value), network: ipKey(maskIp(value, length)) }
}
