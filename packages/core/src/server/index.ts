// The server as users see it: callable without `new`, with typed events.
import { EventEmitter } from 'node:events'
import { readServerArguments } from '../args/create-server'
import { callable } from '../socket/callable'
import type { Listening } from '../socket/events'
import type { ServerEvents, ServerOpts } from './options'
import { type ConnectionListener, initServer, Server as ServerBody } from './server'

/**
 * A server for TCP or local connections: Node's `net.Server`.
 * Source: https://nodejs.org/api/net.html#class-netserver
 */
export type Server = Listening<ServerEvents> & ServerBody

type ServerConstructor = Omit<typeof EventEmitter, 'prototype'> & {
  new (connectionListener?: ConnectionListener): Server
  new (options?: ServerOpts | false | null, connectionListener?: ConnectionListener): Server
  (connectionListener?: ConnectionListener): Server
  (options?: ServerOpts | false | null, connectionListener?: ConnectionListener): Server
  readonly prototype: Server
}

/** `new Server([options][, connectionListener])`, also without `new`. */
export const Server = callable('Server', ServerBody, (server, [options, connectionListener]) => {
  const given = readServerArguments<ServerOpts, ConnectionListener>(options, connectionListener)
  const initEmitter = EventEmitter as unknown as (this: EventEmitter, options: unknown) => void
  initEmitter.call(server, given.options)
  initServer(server, given.options, given.listener)
}) as unknown as ServerConstructor
