// The two ends of a socket's connection, read from where they are known. It changes nothing.
import { type Address, isTcpAddress, type Status, type TcpAddress } from '../transport/contract'
import type { Phase } from './state'

/** Our own end: known from the first attempt on. */
export function ownAddress(phase: Phase | undefined): Address | undefined {
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

/** The peer's end: known once connected, and kept once it was asked for. */
export function peerAddress(phase: Phase | undefined): Address | undefined {
  if (phase?.kind === 'connected') return phase.peername()
  return phase?.kind === 'closed' ? phase.peer : undefined
}

export function tcpEnd(address: Address | undefined): TcpAddress | undefined {
  return address !== undefined && isTcpAddress(address) ? address : undefined
}

function known(address: Address | Status | undefined): Address | undefined {
  return typeof address === 'object' ? address : undefined
}
