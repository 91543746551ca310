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
  /** Reads nothing from a connection until `resume()`. Default false. */
  pauseOnConnect?: boolean | undefined
  noDelay?: boolean | undefined
  keepAlive?: boolean | undefined
  /** Milliseconds before the first keep-alive probe; 0 keeps the system's. */
  keepAliveInitialDelay?: number | undefined
  /**
   * Of the listening socket, set before it is bound. On Linux connections inherit most of them: buffers, `userTimeoutMs`,
   * `notSentLowWater`, `congestionControl`, `mark`, `multipath`.
   */
  socketOptions?: SocketOptions | undefined
  /** Of each connection, both directions, in bytes. */
  highWaterMark?: number | undefined
  /** Whom to refuse, unheard. */
  blockList?: AddressFilter | undefined
  /** 'error' handling of promises that connection listeners return, see EventEmitter. */
  captureRejections?: boolean | undefined
  /** Of each connection: the writes of one turn of the event loop leave as one. As the option of `new Socket`. */
  coalesce?: boolean | undefined
  /** Whom to admit, and how many: limits by address, network and rate. Default all. */
  admission?: AdmissionOptions | undefined
  /**
   * Takes PROXY headers from the proxies that it names: the sockets of their connections tell the client's address. Before
   * all else on a connection, TLS too. Source: https://www.haproxy.org/download/2.6/doc/proxy-protocol.txt
   */
  proxyProtocol?: ProxyProtocolOptions | undefined
  /** What carries the connections; the process's default where left out. */
  transport?: Transport | undefined
}

/** Options of `server.listen`. Source: https://nodejs.org/api/net.html#serverlistenoptions-callback */
export interface ListenOptions {
  port?: number | string | null | undefined
  host?: string | undefined
  path?: string | undefined
  fd?: number | undefined
  /** Length of the queue of connections that wait to be accepted. Default 511; the system may cut it. */
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

/** Whose connection was dropped. */
export interface DropArgument {
  localAddress?: string | undefined
  localPort?: number | undefined
  localFamily?: string | undefined
  remoteAddress?: string | undefined
  remotePort?: number | undefined
  remoteFamily?: string | undefined
  /** Why. */
  reason?: DropReason | undefined
  /** What was wrong with the PROXY header, in words that follow "the header". */
  problem?: string | undefined
}

/** Source: https://nodejs.org/api/net.html#class-netserver */
export interface ServerEvents {
  close: []
  connection: [socket: Socket]
  /** A connection was closed: as it came, or since it was silent or slow. Local ones have no ends to tell. */
  drop: [data?: DropArgument]
  /** How far a drain is: as it begins, and at most once for each turn of the event loop in which connections end. */
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
