// Lists of networks, from text. It knows not what they are for.
import { BlockList } from './net'

/** Addresses and networks as `10.0.0.1`, `10.0.0.0/8`, `2001:db8::/32`. Throws for what is none. */
export function networksOf(texts: readonly string[]): BlockList {
  const list = new BlockList()
  for (const text of texts) {
    if (text.includes('/')) list.addCIDR(text)
    else list.addAddress(text, text.includes(':') ? 'ipv6' : 'ipv4')
  }
  return list
}
