// What is known of a connected socket of the host beside what it tells by itself. It drives none.
import type { Socket } from 'node:net'
import type { PathEnds } from './ends'
import type { Sides } from './inner-socket'

/** What is known of a connected socket that node:net does not tell. */
export interface ConnectedSocket {
  readonly paths?: PathEnds
  readonly fd?: number
  readonly sides?: Sides
}

export const nothingKnown: ConnectedSocket = {}
export const bothSides: Sides = { readable: true, writable: true }

/** The host's own handle of a socket, null where it has none. Undocumented in Node. */
export function handleOf(socket: Socket): object | null {
  return (socket as unknown as { readonly _handle?: object | null })._handle ?? null
}
