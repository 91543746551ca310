// The functions of node:net that stand beside its classes.
import { normalizeArgs } from './args/connect'
import { Server } from './server/index'
import type { ServerOpts } from './server/options'
import type { ConnectionListener } from './server/server'
import { Socket } from './socket/index'
import type { NetConnectOpts, SocketConstructorOpts } from './socket/options'

type Listener = () => void

export function createServer(connectionListener?: ConnectionListener): Server
export function createServer(
  options?: ServerOpts | false | null,
  connectionListener?: ConnectionListener,
): Server
/**
 * A new server; `connectionListener` is added to 'connection'.
 *
 * @throws `ERR_INVALID_ARG_TYPE`.
 * Source: https://nodejs.org/api/net.html#netcreateserveroptions-connectionlistener
 */
export function createServer(
  options?: ServerOpts | ConnectionListener | false | null,
  connectionListener?: ConnectionListener,
): Server {
  return new Server(options as ServerOpts, connectionListener)
}

export function connect(options: NetConnectOpts, connectionListener?: Listener): Socket
export function connect(port: number, host?: string, connectionListener?: Listener): Socket
export function connect(port: number, connectionListener?: Listener): Socket
export function connect(path: string, connectionListener?: Listener): Socket
/**
 * A new socket that connects; `connectionListener` is a once-listener for 'connect'. Takes the options of `new Socket`,
 * of `socket.connect`, and `timeout` in milliseconds as `socket.setTimeout`.
 *
 * @throws as `new Socket`, `socket.connect` and `socket.setTimeout` do.
 * Source: https://nodejs.org/api/net.html#netconnect
 */
export function connect(...args: unknown[]): Socket {
  const normalized = normalizeArgs(args)
  const [options] = normalized
  const socket = new Socket(options as SocketConstructorOpts)
  if (options['timeout']) socket.setTimeout(options['timeout'] as number)
  // One argument, as programs that replace the method know it of Node.
  return socket.connect(normalized as unknown as NetConnectOpts)
}

/** Another name of `connect`. */
export const createConnection: typeof connect = connect

/** Node's older name of `Socket`. */
export const Stream: typeof Socket = Socket
export type Stream = Socket
