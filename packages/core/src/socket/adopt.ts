// Between sockets and transport handles, for packages that move connections about: what a socket stands on,
// taking it away, and making a socket of a handle. It decides nothing about either.
import type { StreamHandle } from '../transport/contract'
import { Socket } from './index'
import { type DetachedConnection, takeConnection } from './life-cycle'
import type { SocketConstructorOpts } from './options'
import { kState, type SocketState, type StatefulDuplex } from './state'

export type { DetachedConnection }

/** Whether an object is a socket of this package. */
export function isOwnSocket(socket: object): boolean {
  return kState in socket
}

/** The stream that a connected socket of this package stands on; null for any other object. The socket keeps it. */
export function streamOf(socket: object): StreamHandle | null {
  const phase = (socket as { [kState]?: SocketState })[kState]?.phase
  return phase?.kind === 'connected' ? phase.handle : null
}

/**
 * Takes the connection away from a socket, to pass it elsewhere. The socket sends what it holds, ends without a word to
 * the peer, and emits 'close'. Null where the socket has no connection. Bytes written that the system has not taken yet
 * (`handle.writeQueueSize`) go out while the handle is open.
 */
export function detach(socket: Socket): DetachedConnection | null {
  const taken = takeConnection(socket as unknown as StatefulDuplex)
  if (taken !== null) socket.destroy()
  return taken
}

/** A connection that was taken from its socket, and that the socket's server goes on counting until `ended` is called. */
export interface LentConnection extends DetachedConnection {
  readonly ended: () => void
}

/**
 * As `detach`, for whoever carries the connection on in this process: it still counts as one of its server's
 * (`maxConnections`). The server's 'close' does not wait for it.
 */
export function lend(socket: Socket): LentConnection | null {
  const state = socket[kState]
  const { keeper } = state
  const taken = takeConnection(socket as unknown as StatefulDuplex)
  if (taken === null) return null
  state.keeper = null
  const ended = keeper?.connectionLent(socket) ?? (() => {})
  socket.destroy()
  return { ...taken, ended }
}

/** Options of `adoptStream`. */
export interface AdoptOptions extends SocketConstructorOpts {
  /** Bytes that were read before, to be delivered first. */
  readonly unread?: readonly Buffer[]
}

/**
 * A socket over a connected stream of a transport, which it closes from then on. It starts to read at once, as an
 * accepted connection does; `pauseOnCreate: true` has it wait for `resume()`.
 */
export function adoptStream(handle: StreamHandle, options: AdoptOptions = {}): Socket {
  const { unread = [], ...more } = options
  if (unread.length === 0) return new Socket({ ...more, handle })
  const socket = new Socket({ ...more, handle, manualStart: true })
  for (const chunk of unread) socket.push(chunk)
  if (options.pauseOnCreate) socket.pause()
  else socket.read(0)
  return socket
}
