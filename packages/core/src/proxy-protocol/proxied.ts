// What a socket keeps of the PROXY header of its connection: the ends in the form of the transport's. It reads none.
import { isIPv4 } from '../address/ip'
import type { Address } from '../transport/contract'
import type { ProxyEnd, ProxyHeader } from './header'

export class Proxied {
  readonly header: ProxyHeader
  /** Where the client connected to; undefined where the connection's own end is meant. */
  readonly own: Address | undefined
  /** The client; the proxy where it speaks for itself. */
  readonly peer: Address

  constructor(header: ProxyHeader, from: Address) {
    this.header = header
    this.own = addressOf(header.destination)
    this.peer = addressOf(header.source) ?? from
  }
}

function addressOf(end: ProxyEnd | null): Address | undefined {
  if (end === null) return undefined
  if ('path' in end) return { path: end.path }
  return { family: isIPv4(end.address) ? 'IPv4' : 'IPv6', address: end.address, port: end.port }
}
