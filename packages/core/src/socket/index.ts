// The socket as users see it: callable without `new`, with typed events.
import { Duplex } from 'node:stream'
import { callable } from './callable'
import type { Listening, SocketEvents } from './events'
import { initSocket } from './making'
import { duplexOptions, readSocketArgument, type SocketConstructorOpts } from './options'
import { Socket as SocketBody } from './socket'
import type { StatefulDuplex } from './state'

/**
 * A TCP or local connection as a Duplex stream: Node's `net.Socket`.
 * Source: https://nodejs.org/api/net.html#class-netsocket
 */
export type Socket = Listening<SocketEvents> & SocketBody

type SocketConstructor = Omit<typeof Duplex, 'prototype'> & {
  new (options?: SocketConstructorOpts | number): Socket
  (options?: SocketConstructorOpts | number): Socket
  readonly prototype: Socket
}

/** `new Socket([options])`, also without `new`. */
export const Socket = callable('Socket', SocketBody, (socket, [options]) => {
  const given = readSocketArgument(options)
  const initDuplex = Duplex as unknown as (this: Duplex, options: unknown) => void
  initDuplex.call(socket, duplexOptions(given))
  initSocket(socket as unknown as StatefulDuplex, given)
}) as unknown as SocketConstructor
