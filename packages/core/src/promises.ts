// The same connections and servers by promises: each promise stands for the first event that tells the outcome.
import { readConnectArguments } from './args/connect'
import { abortError } from './errors/codes'
import { validateAbortSignal } from './errors/validate'
import { connect as openSocket } from './net'
import { Server } from './server/index'
import type { ListenOptions, ServerOpts } from './server/options'
import type { Socket } from './socket/index'
import type { NetConnectOpts } from './socket/options'

export { type ConnectionsOptions, connections } from './server/connections'

export function connect(options: NetConnectOpts): Promise<Socket>
export function connect(port: number, host?: string): Promise<Socket>
export function connect(path: string): Promise<Socket>
/**
 * Connects; resolved with the socket once it is connected, rejected with what its 'error' would be. A `signal` among
 * the options gives up the attempt with an AbortError; the connection, once made, is not its concern.
 *
 * Rejects with what `connect` of the package throws, too.
 */
export async function connect(...args: unknown[]): Promise<Socket> {
  const { signal, ...options } = readConnectArguments(args).options as { signal?: AbortSignal }
  validateAbortSignal(signal, 'options.signal')
  if (signal?.aborted) throw abortError(signal.reason)
  const socket = openSocket(options as NetConnectOpts)
  return new Promise((resolve, reject) => {
    const abort = () => socket.destroy(abortError(signal?.reason))
    const settle = () => {
      signal?.removeEventListener('abort', abort)
      socket.removeListener('connect', connected)
      socket.removeListener('error', failed)
    }
    const connected = () => {
      settle()
      resolve(socket)
    }
    const failed = (error: Error) => {
      settle()
      reject(error)
    }
    signal?.addEventListener('abort', abort, { once: true })
    socket.on('connect', connected)
    socket.on('error', failed)
  })
}

export function listen(options: ListenOptions & ServerOpts): Promise<Server>
export function listen(port?: number, host?: string): Promise<Server>
export function listen(path: string): Promise<Server>
/**
 * Makes a server that listens; resolved with it once it does, rejected with what its 'error' would be. The options are
 * those of `createServer` and of `server.listen`. Iterate over the connections: `for await (const socket of server)`.
 *
 * Rejects with what `createServer` and `server.listen` throw, too.
 */
export async function listen(...args: unknown[]): Promise<Server> {
  const [first] = args
  const options = typeof first === 'object' && first !== null ? (first as ListenOptions & ServerOpts) : {}
  const server = new Server(options)
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.once('listening', () => {
      server.removeListener('error', reject)
      resolve(server)
    })
    Reflect.apply(server.listen, server, args)
  })
}
