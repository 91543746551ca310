// The two ends of a socket's connection, read from where they are known. It changes nothing.
import { type Address, isTcpAddress, type Status, type TcpAddress } from '../transport/contract'
import type { SocketState } from './state'

/** Our own end: known from the first attempt on. Where a proxy relays, the end that its client connected to. */
export function ownAddress(state: SocketState | undefined): Address | undefined {
  const own = state?.seldom.proxied?.own
  if (own !== undefined) return state?.phase.kind === 'closed' ? undefined : own
  const phase = state?.phase
  switch (phase?.kind) {
    case 'connected':
    case 'connecting':
      return known(phase.handle?.sockname())
    case 'idle':
      return known(phase.prepared?.sockname())
    default:
      return undefined
  }
}

/** The peer's end: known once connected, and kept once it was asked for. Where a proxy relays, its client. */
export function peerAddress(state: SocketState | undefined): Address | undefined {
  const told = state?.seldom.proxied?.peer
  if (told !== undefined) return told
  const phase = state?.phase
  if (phase?.kind === 'connected') return phase.peername()
  return phase?.kind === 'closed' ? phase.peer : undefined
}

export function tcpEnd(address: Address | undefined): TcpAddress | undefined {
  return address !== undefined && isTcpAddress(address) ? address : undefined
}

function known(address: Address | Status | undefined): Address | undefined {
  return typeof address === 'object' ? address : undefined
}
