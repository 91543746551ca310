// What node:dgram keeps of a socket and has no public way to. It reads it, under the symbol where the host keeps it.
import type { Socket } from 'node:dgram'

export interface DatagramState {
  readonly handle: {
    /** Stops taking datagrams off the socket. */
    recvStop(): unknown
    hasRef?(): boolean
  }
  /** 0 before `bind`. */
  readonly bindState: number
  readonly reuseAddr?: boolean
  readonly reusePort?: boolean
  readonly ipv6Only?: boolean
}

/** Null once the socket is closed, and in a runtime that keeps it elsewhere. */
export function datagramState(socket: Socket): DatagramState | null {
  for (const key of Object.getOwnPropertySymbols(socket)) {
    const state = (socket as unknown as Record<symbol, Partial<DatagramState> | null>)[key]
    if (typeof state === 'object' && typeof state?.handle?.recvStop === 'function')
      return state as DatagramState
  }
  return null
}
