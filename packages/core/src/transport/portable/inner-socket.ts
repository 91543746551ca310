// A socket of the host's node:net that has an owner: what is asked of it, and what it tells. It knows neither the ways of
// driving it (node-driver, event-driver) nor who owns it.
import type { Socket, SocketConnectOpts } from 'node:net'
import { withHostTicks } from '../../host'
import type { Status } from '../contract'
import { hideFromDiagnostics } from './diagnostics'
import { nodeNet } from './node-net'

/** The key of whose socket it is, so that one set of functions serves all sockets and none is a closure. */
export const kOwner: unique symbol = Symbol('owner')

/** What the socket tells whose it is. */
export interface SocketOwner {
  /** It closes the socket, or has. */
  readonly isClosing: boolean
  /** It wants to hear of what comes in. */
  readonly isReading: boolean
  heardConnect(): void
  heardData(chunk: Buffer): void
  heardEnd(): void
  heardError(error: Error): void
  /** What `Driver.send` has under way is with the system, or was refused or cut off. */
  heardSent(error: Error | null | undefined): void
  /** The end of our side has left, or could not. */
  heardEnded(error: Error | null | undefined): void
  heardClose(): void
}

/** A socket of the host that has an owner. */
export interface InnerSocket extends Socket {
  [kOwner]?: SocketOwner | undefined
}

function ignore(): void {}

const nobody: SocketOwner = {
  isClosing: true,
  isReading: false,
  heardConnect: ignore,
  heardData: ignore,
  heardEnd: ignore,
  heardError: ignore,
  heardSent: ignore,
  heardEnded: ignore,
  heardClose: ignore,
}

/**
 * The socket is closed, and has no owner any more. The requests of node:net, which a collection of young objects keeps, hold
 * on to the socket: with it they would keep all that is above.
 */
export function disown(socket: InnerSocket): void {
  socket[kOwner] = nobody
}

/** How a stream drives such a socket. */
export interface Driver {
  /** Gives a socket its owner. It reads nothing until `startReading`. */
  prepare(socket: InnerSocket, owner: SocketOwner): void
  /** Takes the owner away again. What it was told and did not use comes first from the socket. */
  restore(socket: InnerSocket, unread: readonly Buffer[]): void
  /** Begins to connect; its owner hears of a connection or of an error. */
  connect(socket: InnerSocket, options: SocketConnectOpts): void
  startReading(socket: InnerSocket): void
  stopReading(socket: InnerSocket): void
  /**
   * Sends chunks; nothing is under way. 1: the system took them. 0: its owner hears of it (`heardSent`). Below 0: they are
   * refused.
   */
  send(socket: InnerSocket, chunks: readonly Uint8Array[]): Status
  /** Ends our side; nothing is under way. Its owner hears of it in a later turn or tick, in the async context of now. */
  end(socket: InnerSocket): void
  /** Closes it; its owner hears of that in a later turn. */
  close(socket: InnerSocket): void
  /** As `close`, by a reset. Not while its end is under way: libuv refuses that, and then it would never be closed. */
  reset(socket: InnerSocket): void
}

/** What a descriptor can do: a pipe's end does one of the two. */
export interface Sides {
  readonly readable: boolean
  readonly writable: boolean
}

/** A socket that can connect. */
export function newSocket(): InnerSocket {
  const socket = new (nodeNet().Socket)({ allowHalfOpen: true })
  hideFromDiagnostics(socket)
  return socket
}

/** Gives a new socket a handle: `connect` makes one at once, and begins to connect a tick later. */
export function openHandle(socket: InnerSocket): void {
  withHostTicks(() => socket.connect({ host: '127.0.0.1', port: 1, autoSelectFamily: false }))
}

/** A socket over a descriptor, which reads nothing until it is told to. */
export function socketOver(fd: number, sides: Sides): InnerSocket {
  // `manualStart` is how node:net leaves out the read that it begins with.
  const options = { fd, ...sides, allowHalfOpen: true, manualStart: true }
  return new (nodeNet().Socket)(options)
}
