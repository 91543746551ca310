// The two ends of a socket of node:net, as addresses of the contract and back. It holds no state.
import type { Socket, TcpSocketConnectOpts } from 'node:net'
import { isIP } from '../../address/ip'
import type { Address, HandleKind, TcpAddress } from '../contract'
import { isTcpAddress } from '../contract'

export interface Ends {
  readonly own: Address | null
  readonly peer: Address | null
}

/** Paths of the two ends: node:net does not tell them of a connected local socket. */
export interface PathEnds {
  readonly own: string
  readonly peer: string
}

export const unnamed: PathEnds = { own: '', peer: '' }

export function pathEnds({ own, peer }: PathEnds): Ends {
  return { own: { path: own }, peer: { path: peer } }
}

export function tcpEnds({ localAddress, localPort, remoteAddress, remotePort }: Socket): Ends {
  return { own: tcpAddress(localAddress, localPort), peer: tcpAddress(remoteAddress, remotePort) }
}

/** Null where node:net does not know it. */
export function tcpAddress(address?: string, port?: number): TcpAddress | null {
  if (address === undefined || port === undefined) return null
  return { family: address.includes(':') ? 'IPv6' : 'IPv4', address, port }
}

/** Whether it is of the kind, and an address, not a name: node:net would ask a resolver for that. */
export function isAddressOf(kind: HandleKind, address: Address): boolean {
  if (!isTcpAddress(address)) return kind === 'pipe'
  return kind === 'tcp' && isIP(address.address) !== 0
}

/** What `connect` of node:net takes: one address, no names, no races. */
export function towards(to: TcpAddress, local: TcpAddress | null): TcpSocketConnectOpts {
  return {
    host: to.address,
    port: to.port,
    family: to.family === 'IPv6' ? 6 : 4,
    localAddress: local?.address,
    localPort: local?.port,
    autoSelectFamily: false,
  }
}
