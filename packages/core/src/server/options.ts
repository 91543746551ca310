// The options of a server and of listen(), and the events of servers. Types, and what is checked at construction.
import type { AddressFilter } from '../address/block-list'
import type { AdmissionOptions, DropReason } from '../admission/options'
import { readBlockList } from '../connect/query'
import type { DrainProgress } from '../drain/options'
import { validateBoolean, validateNumber } from '../errors/validate'
import type { ProxyProtocolOptions } from '../proxy-protocol/options'
import type { Socket } from '../socket/index'
import type { SocketOptions } from '../socket-options/names'
import type { Transport } from '../transport/contract'

/** Options of `createServer`. Source: https://nodejs.org/api/net.html#netcreateserveroptions-connectionlistener */
export interface ServerOpts {
  /** Keeps the writable side of a connection open after the peer's end. Default false. */
  allowHalfOpen?: boolean | undefined
  /** Reads nothing from a connection before `resume()`. Default false. */
  pauseOnConnect?: boolean | undefined
  noDelay?: boolean | undefined
  keepAlive?: boolean | undefined
  /** Milliseconds before the first keep-alive probe; 0 keeps the system's. */
  keepAliveInitialDelay?: number | undefined
  /**
   * Options of the listening socket, set before it is bound. On Linux connections inherit most of them: buffers, `userTimeoutMs`,
   * `notSentLowWater`, `congestionControl`, `mark`, `multipath`.
   */
  socketOptions?: SocketOptions | undefined
  /** High-water mark of each connection in both directions, in bytes. */
  highWaterMark?: number | undefined
  /** Addresses to refuse at once. */
  blockList?: AddressFilter | undefined
  /** Emits 'error' if the promise of a listener rejects, see EventEmitter. */
  captureRejections?: boolean | undefined
  /** For each connection, as the option of `new Socket`: sends the writes of one turn of the event loop together. */
  coalesce?: boolean | undefined
  /** Limits by address, network and rate. Default: none. */
  admission?: AdmissionOptions | undefined
  /**
   * Reads PROXY headers from the proxies that it lists, so that sockets report the client's address. The header comes before
   * any other data, also before TLS. Source: https://www.haproxy.org/download/2.6/doc/proxy-protocol.txt
   */
  proxyProtocol?: ProxyProtocolOptions | undefined
  /** The transport of the connections. Default: the process's default transport. */
  transport?: Transport | undefined
}

/** Options of `server.listen`. Source: https://nodejs.org/api/net.html#serverlistenoptions-callback */
export interface ListenOptions {
  port?: number | string | null | undefined
  host?: string | undefined
  path?: string | undefined
  fd?: number | undefined
  /** Length of the queue of connections that wait to be accepted. Default 511; the system may limit it further. */
  backlog?: number | undefined
  /** The listener is not shared with other workers of a cluster. Default false. */
  exclusive?: boolean | undefined
  readableAll?: boolean | undefined
  writableAll?: boolean | undefined
  ipv6Only?: boolean | undefined
  reusePort?: boolean | undefined
  /** Closes the server. */
  signal?: AbortSignal | undefined
}

/** The dropped connection. */
export interface DropArgument {
  localAddress?: string | undefined
  localPort?: number | undefined
  localFamily?: string | undefined
  remoteAddress?: string | undefined
  remotePort?: number | undefined
  remoteFamily?: string | undefined
  /** Why it was dropped. */
  reason?: DropReason | undefined
  /** The problem with the PROXY header, in words that continue "the header". */
  problem?: string | undefined
}

/** Source: https://nodejs.org/api/net.html#class-netserver */
export interface ServerEvents {
  close: []
  connection: [socket: Socket]
  /** A connection was refused on arrival, or closed because it was silent or slow. Local ones have no addresses. */
  drop: [data?: DropArgument]
  /** Progress of a drain: when it begins, and when connections end, at most once per turn of the event loop. */
  draining: [progress: DrainProgress]
  error: [error: Error]
  listening: []
}

/**
 * Checks the options of a server.
 *
 * @throws `ERR_INVALID_ARG_TYPE`.
 */
export function checkServerOptions(options: ServerOpts): void {
  if (options.keepAliveInitialDelay !== undefined) {
    validateNumber(options.keepAliveInitialDelay, 'options.keepAliveInitialDelay')
  }
  if (options.highWaterMark !== undefined) validateNumber(options.highWaterMark, 'options.highWaterMark')
  if (options.coalesce !== undefined) validateBoolean(options.coalesce, 'options.coalesce')
  readBlockList(options.blockList)
}
