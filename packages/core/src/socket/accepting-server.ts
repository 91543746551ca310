// What a socket shows of the server that accepted it: its type alone, since sockets know no servers.
import type { EventEmitter } from 'node:events'

type Closed = (error?: Error) => void
type Counted = (error: Error | null, count: number) => void

/** The server behind an accepted socket: a `Server` of this package, with its methods' types at their widest. */
export interface AcceptingServer extends EventEmitter {
  listen(...args: unknown[]): this
  close(callback?: Closed): this
  address(): { address: string; family: string; port: number } | string | null
  getConnections(callback: Counted): this
  ref(): this
  unref(): this
  maxConnections: number
  connections: number
  readonly listening: boolean
  [Symbol.asyncDispose](): Promise<void>
}
