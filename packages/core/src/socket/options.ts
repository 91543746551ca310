// The options of a socket: what callers may pass, checked; and the settings of a connection that can be made before
// there is one. It knows no stream.
import type { DuplexOptions } from 'node:stream'
import type { AddressFilter } from '../address/block-list'
import { readBlockList } from '../connect/query'
import { codedError } from '../errors/codes'
import { validateBoolean, validateInt32, validateNumber } from '../errors/validate'
import { getDefaultCoalesce } from '../process-state'
import type { ProxyHeaderInit } from '../proxy-protocol/header'
import { type OptionSet, readSocketOptionSet, type SocketOptions } from '../socket-options/names'
import type { Lookup, StreamHandle, StreamOption, Transport } from '../transport/contract'

/** Reads go into the caller's own buffer instead of 'data' events. */
export interface OnReadOptions {
  /** The buffer for every read, or a function that returns the buffer for the next read. */
  buffer: Uint8Array | (() => Uint8Array)
  /** Called when `bytes` were read into `buffer`; return false to pause the socket. */
  callback(bytes: number, buffer: Uint8Array): boolean | void
}

/** Options of `new Socket`. Source: https://nodejs.org/api/net.html#new-netsocketoptions */
export interface SocketConstructorOpts {
  /** Wraps an open descriptor. */
  fd?: number | undefined
  /** Keeps the writable side open after the peer's end. Default false. */
  allowHalfOpen?: boolean | undefined
  /** Whether it may be read. Default true. */
  readable?: boolean | undefined
  /** Whether it may be written. Default true. */
  writable?: boolean | undefined
  onread?: OnReadOptions | null | undefined
  /** Destroys the socket with an AbortError. */
  signal?: AbortSignal | undefined
  noDelay?: boolean | undefined
  keepAlive?: boolean | undefined
  /** Milliseconds before the first keep-alive probe; 0 keeps the system's. */
  keepAliveInitialDelay?: number | undefined
  blockList?: AddressFilter | undefined
  /** Options of the system's socket, set before it connects. */
  socketOptions?: SocketOptions | undefined
  /** 0 to 255. */
  typeOfService?: number | undefined
  highWaterMark?: number | undefined
  /** A connected stream of a transport, or a bound socket, to take over. */
  handle?: StreamHandle | object | undefined
  /** Takes over a handle without reading from it until `resume()` or `read()`. Default false. */
  pauseOnCreate?: boolean | undefined
  /** The transport of the connection. Default: the process's default transport. */
  transport?: Transport | undefined
  readableHighWaterMark?: number | undefined
  writableHighWaterMark?: number | undefined
  /** Refused, as its two halves: sockets carry bytes. */
  objectMode?: boolean | undefined
  readableObjectMode?: boolean | undefined
  writableObjectMode?: boolean | undefined
  /** Takes over a handle without reading from it at first. Default false. */
  manualStart?: boolean | undefined
  /**
   * Sends the writes of one turn of the event loop together: at the end of the turn, at `flush()`, or at the end of the
   * process. False: sends each within its call, as `node:net` does. Default: `getDefaultCoalesce()`, initially true.
   */
  coalesce?: boolean | undefined
  /** Encoding of 'data', as with `setEncoding`. */
  encoding?: BufferEncoding | undefined
  /** Encoding of strings that are written without one. Default `utf8`. */
  defaultEncoding?: BufferEncoding | undefined
  /** Destroys the socket if the promise of a listener rejects, see EventEmitter. */
  captureRejections?: boolean | undefined
}

/** The options that `new Socket` was given: an object's own members alone, as Node has it. */
export function readSocketArgument(given: SocketConstructorOpts | number | undefined): PreparedOptions {
  if (typeof given === 'number') return { fd: given }
  const options = given ?? {}
  // An object spread gives each object its own hidden class.
  return Object.getPrototypeOf(options) === Object.prototype ? options : { ...options }
}

/** The options of Duplex that bring methods of their own. Source: https://nodejs.org/api/stream.html#new-streamduplexoptions */
type DuplexMethods = Pick<DuplexOptions, 'read' | 'write' | 'writev' | 'final' | 'destroy' | 'construct'>

/** Where and how to connect by TCP. Source: https://nodejs.org/api/net.html#socketconnectoptions-connectlistener */
export interface TcpSocketConnectOpts extends SocketConstructorOpts {
  port: number
  /** Default `localhost`. */
  host?: string | undefined
  localAddress?: string | undefined
  localPort?: number | undefined
  /** `dns.lookup` hints. */
  hints?: number | undefined
  /** 4, 6, or 0 for both. Default 0. */
  family?: number | undefined
  lookup?: Lookup | undefined
  autoSelectFamily?: boolean | undefined
  /** Milliseconds for each address but the last; at least 10. */
  autoSelectFamilyAttemptTimeout?: number | undefined
  /**
   * Lets an attempt continue after `autoSelectFamilyAttemptTimeout`, while the next address is tried; the first to connect
   * wins, and the others are closed. Default false: the attempt is abandoned, as in Node. Source: RFC 8305 5.
   */
  autoSelectFamilyOverlap?: boolean | undefined
  /** Milliseconds, as with `setTimeout`; for `net.connect` only. */
  timeout?: number | undefined
  /** A PROXY header of version 1 or 2, or its bytes, sent before any other data. See `proxyHeaderFor`. */
  proxyHeader?: ProxyHeaderInit | Uint8Array | undefined
}

/** Where and how to connect to a local endpoint. Source: https://nodejs.org/api/net.html#socketconnectoptions-connectlistener */
export interface IpcSocketConnectOpts extends SocketConstructorOpts {
  path: string
  timeout?: number | undefined
  /** As for TCP. */
  proxyHeader?: ProxyHeaderInit | Uint8Array | undefined
}

/** What `socket.connect` takes. */
export type SocketConnectOpts = TcpSocketConnectOpts | IpcSocketConnectOpts
/** What `connect` and `createConnection` take. */
export type NetConnectOpts = SocketConnectOpts

/** The arguments of `setKeepAlive` as one object. */
export interface SetKeepAliveOptions {
  enable?: boolean | undefined
  /** Milliseconds before the first probe. */
  initialDelay?: number | undefined
  /** Milliseconds between probes. */
  interval?: number | undefined
  /** Unanswered probes before the connection is dropped. */
  count?: number | undefined
}

export type KeepAliveOption = Extract<StreamOption, { name: 'keepAlive' }>

/** Settings of a connection, each undefined until it was asked for; applied once there is a connection. */
export interface ConnectionSettings {
  readonly noDelay: boolean | undefined
  readonly keepAlive: KeepAliveOption | undefined
  readonly typeOfService: number | undefined
  readonly socketOptions: OptionSet | undefined
}

/** What most sockets have, until they set something: see `SocketState.change`. */
export const unset: ConnectionSettings = {
  noDelay: undefined,
  keepAlive: undefined,
  typeOfService: undefined,
  socketOptions: undefined,
}

/** Words of Duplex that a socket refuses. */
const refusedOptions = ['objectMode', 'readableObjectMode', 'writableObjectMode'] as const

/** The checked options of a socket. */
export interface SocketSettings {
  readonly connection: ConnectionSettings
  readonly blockList: AddressFilter | undefined
  readonly coalesces: boolean
  readonly defaultEncoding: BufferEncoding
}

/**
 * Checks the options of a socket.
 *
 * @throws `ERR_INVALID_ARG_VALUE`, `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`.
 */
export function readSocketOptions(options: SocketConstructorOpts): SocketSettings {
  if (options.objectMode || options.readableObjectMode || options.writableObjectMode) refuseModes(options)
  const { noDelay, keepAlive, keepAliveInitialDelay, typeOfService, coalesce, defaultEncoding } = options
  const { socketOptions } = options
  if (keepAliveInitialDelay !== undefined) {
    validateNumber(keepAliveInitialDelay, 'options.keepAliveInitialDelay')
  }
  if (typeOfService !== undefined) validateInt32(typeOfService, 'options.typeOfService', 0, 255)
  if (coalesce !== undefined) validateBoolean(coalesce, 'options.coalesce')
  const isUnset = !noDelay && !keepAlive && typeOfService === undefined && socketOptions === undefined
  return {
    connection: isUnset
      ? unset
      : {
          noDelay: noDelay ? true : undefined,
          keepAlive: keepAlive ? keepAliveOption(true, keepAliveInitialDelay) : undefined,
          typeOfService,
          socketOptions: socketOptions === undefined ? undefined : readSocketOptionSet(socketOptions),
        },
    blockList: readBlockList(options.blockList),
    coalesces: coalesce ?? getDefaultCoalesce(),
    defaultEncoding: defaultEncoding == null ? 'utf8' : canonical(defaultEncoding),
  }
}

/** What the options of a socket come to. */
export interface ReadOptions {
  readonly duplex: DuplexOptions
  readonly settings: SocketSettings
}

/** The key of options that were read before: once for all sockets that have the same. */
export const kRead: unique symbol = Symbol('read')

/** Options of which the reading may be done. */
export interface PreparedOptions extends SocketConstructorOpts {
  [kRead]?: ReadOptions | undefined
}

/** Throws as `readSocketOptions`. */
export function readOptions(options: SocketConstructorOpts): ReadOptions {
  return { duplex: duplexOptions(options), settings: readSocketOptions(options) }
}

function refuseModes(options: SocketConstructorOpts): void {
  for (const name of refusedOptions) {
    if (options[name]) {
      throw codedError('ERR_INVALID_ARG_VALUE', `options.${name}`, options[name], 'is not supported')
    }
  }
}

/** Encodings are told apart without regard to case. */
export function canonical(encoding: BufferEncoding): BufferEncoding {
  return String(encoding).toLowerCase() as BufferEncoding
}

/** Milliseconds to the whole seconds that the system takes. */
export function keepAliveOption(
  enable: boolean,
  delayMs: unknown,
  intervalMs: unknown = 0,
  count: unknown = 0,
): KeepAliveOption {
  return {
    name: 'keepAlive',
    enable,
    delaySeconds: wholeSeconds(delayMs),
    intervalSeconds: wholeSeconds(intervalMs),
    count: Math.max(0, Math.trunc(Number(count)) || 0),
  }
}

function wholeSeconds(ms: unknown): number {
  return Math.max(0, Math.trunc(Number(ms) / 1000) || 0)
}

/** Applies what was asked for. What the platform refuses here is left out, as Node does it. */
export function applySettings(stream: StreamHandle, settings: ConnectionSettings): void {
  if (stream.kind !== 'tcp') return
  const { noDelay, keepAlive, typeOfService } = settings
  if (noDelay !== undefined) stream.setOption({ name: 'noDelay', enable: noDelay })
  if (keepAlive !== undefined) stream.setOption(keepAlive)
  if (typeOfService !== undefined) stream.setOption({ name: 'typeOfService', value: typeOfService })
}

/** What Duplex is told: a socket ends, destroys and closes itself in Node's way, and keeps strings as they are. */
export function duplexOptions(options: SocketConstructorOpts & DuplexMethods): DuplexOptions {
  const { read, write, writev, final, destroy, construct } = options
  // A literal with each member: an object of this is made for each socket, and one shape serves all of them.
  const duplex = {
    allowHalfOpen: Boolean(options.allowHalfOpen),
    highWaterMark: options.highWaterMark,
    readableHighWaterMark: options.readableHighWaterMark,
    writableHighWaterMark: options.writableHighWaterMark,
    readable: options.readable,
    writable: options.writable,
    encoding: options.encoding,
    defaultEncoding: options.defaultEncoding,
    captureRejections: options.captureRejections,
    read,
    write,
    writev,
    final,
    destroy,
    construct,
    emitClose: false,
    autoDestroy: true,
    decodeStrings: false,
  }
  return duplex as DuplexOptions
}
