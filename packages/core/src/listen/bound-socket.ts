// A socket that is bound and nothing more: a server may listen on it later, or a client connect from it. It does neither
// itself; the two `adopt` functions hand it over.

import { isIP } from '../address/ip'
import { codedError } from '../errors/codes'
import { systemError } from '../errors/system-error'
import { validateBoolean, validateObject, validatePort, validateString } from '../errors/validate'
import { platform } from '../host'
import {
  type Address,
  type BindFlags,
  isTcpAddress,
  type ListenerHandle,
  type StreamHandle,
  type Transport,
} from '../transport/contract'
import { selectTransport } from '../transport/select'

/** Options of `BoundSocket`. Source: https://nodejs.org/api/net.html#new-netboundsocketoptions */
export interface BoundSocketOptions {
  /** A numeric IP address; nothing is looked up. Default: `0.0.0.0`, or `::` where `ipv6Only` is true. */
  readonly host?: string | null | undefined
  /** 0 to 65535; 0 lets the system choose. Default: 0. */
  readonly port?: number | string | null | undefined
  /** Do not take IPv4 on an IPv6 socket (`IPV6_V6ONLY`). Default: false. */
  readonly ipv6Only?: boolean | undefined
  /** Let several sockets bind the same port (`SO_REUSEPORT`). Default: false. */
  readonly reusePort?: boolean | undefined
  /**
   * False: leave `SO_REUSEADDR` off, so that nobody else can bind the port while this object has it. Default: true. Not
   * in Node.
   */
  readonly reuseAddress?: boolean | undefined
  /** A local socket's path, in place of host and port; a leading NUL byte means Linux's abstract names. */
  readonly path?: string | undefined
  /** The transport that binds. Default: the process's default transport. */
  readonly transport?: Transport | undefined
}

interface BoundAddress {
  address: string
  family: string
  port: number
}

interface Binding {
  readonly transport: Transport
  readonly handle: ListenerHandle
  readonly flags: BindFlags
}

/** What this file alone may do with a bound socket. */
const inside = {} as { take(bound: BoundSocket): Binding }

/**
 * A bound TCP port or path, reserved before it is known which server or socket will use it. The port belongs to this
 * process from the constructor on: pass the object to `server.listen()`, or as `handle` to `new Socket()` and `connect()`,
 * which take it over. Close it if nothing takes it over.
 *
 * Throws `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE` and `ERR_SOCKET_BAD_PORT` for wrong options; what the system
 * refuses, such as `EADDRINUSE`; `ERR_X_UNSUPPORTED` on a transport that binds only when it listens.
 * Source: https://nodejs.org/api/net.html#class-netboundsocket
 */
export class BoundSocket {
  static {
    // A build may rename the class; util.inspect and others show its name.
    Object.defineProperty(BoundSocket, 'name', { value: 'BoundSocket', configurable: true })
    inside.take = bound => bound.#take()
  }

  readonly #isPipe: boolean
  /** Null once it is taken over or closed. */
  #binding: Binding | null

  constructor(options: BoundSocketOptions = {}) {
    validateObject(options, 'options')
    const transport = options.transport ?? selectTransport().transport
    const at = options.path === undefined ? tcpEnd(options) : pathEnd(options)
    const { ipv6Only = false, reusePort = false, reuseAddress = true } = options
    if (!transport.supports('sync-listen')) {
      throw codedError('ERR_X_UNSUPPORTED', transport.name, 'binding without listening')
    }
    const flags = isTcpAddress(at)
      ? { ipv6Only: ipv6Only && at.family === 'IPv6', reusePort, reuseAddress }
      : {}
    const handle = transport.listener(isTcpAddress(at) ? 'tcp' : 'pipe')
    const status = handle.bind(at, flags)
    if (status < 0) {
      handle.close()
      throw systemError(status, 'bind', isTcpAddress(at) ? at : {})
    }
    // It has no event to deliver: a program does not wait for it.
    handle.unref()
    this.#isPipe = !isTcpAddress(at)
    this.#binding = { transport, handle, flags }
  }

  /**
   * Where it is bound: address, family and port; of one that is bound to a path the path (`address<string>()`). Throws
   * `ERR_SOCKET_HANDLE_ADOPTED` once it is taken over.
   */
  address<At extends BoundAddress | string = BoundAddress>(): At {
    const own = this.#held().handle.sockname()
    if (typeof own === 'number') throw systemError(own, 'getsockname')
    const at = isTcpAddress(own) ? { address: own.address, family: own.family, port: own.port } : own.path
    return at as At
  }

  /**
   * The descriptor, which stays this object's to close, or -1 where the transport shows none. Throws
   * `ERR_SOCKET_HANDLE_ADOPTED` once it is taken over.
   */
  fd(): number {
    return this.#held().handle.fd
  }

  /** Releases the port or path. Throws `ERR_SOCKET_HANDLE_ADOPTED` if it was taken over or closed before. */
  close(): void {
    const { handle } = this.#held()
    this.#binding = null
    handle.close()
  }

  /** True if it is bound to a path. */
  get isPipe(): boolean {
    return this.#isPipe
  }

  /** Closes it unless it was taken over or closed before. */
  [Symbol.dispose](): void {
    if (this.#binding !== null) this.close()
  }

  #held(): Binding {
    if (this.#binding === null) throw codedError('ERR_SOCKET_HANDLE_ADOPTED')
    return this.#binding
  }

  #take(): Binding {
    const binding = this.#held()
    this.#binding = null
    binding.handle.ref()
    return binding
  }
}

function tcpEnd({ host, port, ipv6Only = false, reusePort = false }: BoundSocketOptions): Address {
  validateBoolean(ipv6Only, 'options.ipv6Only')
  validateBoolean(reusePort, 'options.reusePort')
  const address = host ?? (ipv6Only ? '::' : '0.0.0.0')
  validateString(address, 'options.host')
  const family = isIP(address)
  if (family === 0) {
    const reason = 'must be a numeric IP address; net.BoundSocket does not perform DNS resolution'
    throw codedError('ERR_INVALID_ARG_VALUE', 'options.host', address, reason)
  }
  return { family: family === 6 ? 'IPv6' : 'IPv4', address, port: validatePort(port ?? 0, 'options.port') }
}

function pathEnd(options: BoundSocketOptions): Address {
  const { path, host, port, ipv6Only, reusePort } = options
  validateString(path, 'options.path')
  if ([host, port, ipv6Only, reusePort].some(option => option !== undefined)) {
    const reason = 'path is mutually exclusive with host, port, ipv6Only, and reusePort'
    throw codedError('ERR_INVALID_ARG_VALUE', 'options', options, reason)
  }
  if (path.startsWith('\0') && platform !== 'linux') {
    throw codedError('ERR_INVALID_ARG_VALUE', 'options.path', path, 'is not supported on this platform')
  }
  return { path }
}

/** True for a BoundSocket of this package. */
export function isBoundSocket(value: unknown): value is BoundSocket {
  return value instanceof BoundSocket
}

/** Takes it over as what a server listens on. Throws `ERR_SOCKET_HANDLE_ADOPTED` the second time. */
export function adoptAsListener(bound: BoundSocket): ListenerHandle {
  return inside.take(bound).handle
}

/**
 * Takes it over as a client's socket, bound and not connected. Throws `ERR_SOCKET_HANDLE_ADOPTED` the second time,
 * `ERR_X_UNSUPPORTED` for a path where the transport cannot make a client of it.
 */
export function adoptAsStream(bound: BoundSocket): StreamHandle {
  const { transport, handle, flags } = inside.take(bound)
  const fd = handle.release()
  if (fd >= 0) {
    const stream = transport.adopt(fd, 'stream')
    if (typeof stream !== 'number') return stream
    throw systemError(stream, 'open')
  }
  const own = handle.sockname()
  if (typeof own === 'number' || !isTcpAddress(own)) {
    handle.close()
    throw codedError('ERR_X_UNSUPPORTED', transport.name, 'connecting from a path')
  }
  // The address is bound twice for a moment (both have SO_REUSEADDR), so that nobody gets in between.
  const stream = transport.stream('tcp')
  const status = stream.bind(own, flags)
  handle.close()
  if (status >= 0) return stream
  stream.close()
  throw systemError(status, 'bind', own)
}
