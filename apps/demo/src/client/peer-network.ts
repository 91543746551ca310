// From the address of a client to what it is counted by: the address itself, or the /64 of an IPv6 address, which is what one user
// has. It counts nothing.
import { isIPv4, isIPv6 } from '../net'

const GROUPS = 8
/** 64 bits. */
const COUNTED_GROUPS = 4
const MAPPED = '::ffff:'

/** Null for text that is no IP address: local clients are not counted. */
export function peerNetwork(address: string | undefined): string | null {
  if (address === undefined) return null
  const text = address.toLowerCase().split('%', 1)[0]!
  const mapped = text.startsWith(MAPPED) ? text.slice(MAPPED.length) : text
  if (isIPv4(mapped)) return mapped
  if (!isIPv6(text)) return null
  const [front = '', back = ''] = text.split('::')
  const head = front === '' ? [] : front.split(':')
  const tail = back === '' ? [] : back.split(':')
  const zeros = text.includes('::') ? GROUPS - head.length - tail.length : 0
  const groups = [...head, ...Array.from({ length: Math.max(0, zeros) }, () => '0'), ...tail]
  return `${groups
    .slice(0, COUNTED_GROUPS)
    .map(group => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`
}

/** The IP address in what CLIENT LIST shows as `addr`: `1.2.3.4:5`, `[::1]:5`. */
export function addressIn(endpoint: string): string {
  return endpoint.slice(0, endpoint.lastIndexOf(':')).replace(/^\[|\]$/g, '')
}
