// Makes a socket that was connected before ready for another connection.
import { Outbox } from './held'
import type { Socket } from './socket'
import type { SocketState } from './state'

/** Streams of Node can be used again; the method is not among the documented ones. */
interface Revivable {
  _undestroy?(): void
}

export function revive(socket: Socket, state: SocketState): void {
  if (!socket.destroyed) return
  ;(socket as unknown as Revivable)._undestroy?.()
  state.link = null
  state.peername = undefined
  state.peerEnded = false
  state.bytesRead = 0
  state.bytesWritten = 0
  state.waitingWrite = null
  state.waitingFinal = null
  state.wantsRead = false
  state.outbox = new Outbox()
}
