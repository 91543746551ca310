// A connection as a Duplex: Node's net.Socket. It keeps the stream's rules and the caller's settings; its phases are in
// life-cycle, bytes go through its Connection.
import { Duplex, type Writable } from 'node:stream'
import { readConnectArguments } from '../args/connect'
import { codedError } from '../errors/codes'
import { systemError } from '../errors/system-error'
import { validateFunction, validateInt32 } from '../errors/validate'
import { hostClock } from '../host'
import type { ProxyHeader } from '../proxy-protocol/header'
import type { SocketOptionName, SocketOptions } from '../socket-options/names'
import type { TcpInfo } from '../socket-options/tcp-info'
import { isTcpAddress, type StreamHandle } from '../transport/contract'
import type { AcceptingServer } from './accepting-server'
import type { Connection } from './connection'
import { kPiped, queuedLength } from './connection-stream'
import { debug } from './debug'
import { ownAddress, peerAddress, tcpEnd } from './ends'
import { encodeChunk, encodeWrites, type GatheredWrite, gatheredLength, isShortText } from './gathered'
import { HandleFace } from './handle-face'
import { IdleTimer, readTimeout } from './idle-timer'
import { closeSocket, resetSocket, setRef, startConnecting } from './life-cycle'
import { initSocket } from './making'
import { optionsOf, setOption, tcpInfoOf } from './option-access'
import {
  canonical,
  duplexOptions,
  keepAliveOption,
  kRead,
  readSocketArgument,
  type SetKeepAliveOptions,
  type SocketConnectOpts,
  type SocketConstructorOpts,
} from './options'
import { releaseLast } from './own-end'
import { areWritesUnseen, spliceInto } from './splicing'
import { kState, type SocketState } from './state'
import { deferrable, inContext, ofEnd, type WriteCallback } from './ticket'
import { keepEnd } from './waiting'
import { copyIfSmall, isEncodingOfBytes, isHoldable, isNoChunk, refuseAfterEnd, sendLater } from './writing'

type Listener = () => void
type Chunk = string | Uint8Array

/** The result of `address()` for TCP. Source: https://nodejs.org/api/net.html#serveraddress */
export interface AddressInfo {
  address: string
  family: string
  port: number
}

/** Source: https://nodejs.org/api/net.html#socketreadystate */
export type SocketReadyState = 'opening' | 'open' | 'readOnly' | 'writeOnly' | 'closed'

export class Socket extends Duplex {
  /** Set by `initSocket`, of which the constructor is one caller. */
  declare [kState]: SocketState
  declare allowHalfOpen: boolean
  /** The server that accepted this socket; null for others. */
  declare server: AcceptingServer | null

  /**
   * A socket that `connect` connects, or one over an open descriptor.
   *
   * @throws `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`, `ERR_INVALID_FD_TYPE`.
   * Source: https://nodejs.org/api/net.html#new-netsocketoptions
   */
  constructor(options?: SocketConstructorOpts | number) {
    const given = readSocketArgument(options)
    super(given[kRead]?.duplex ?? duplexOptions(given))
    initSocket(this, given)
  }

  connect(options: SocketConnectOpts, connectionListener?: Listener): this
  connect(port: number, host: string, connectionListener?: Listener): this
  connect(port: number, connectionListener?: Listener): this
  connect(path: string, connectionListener?: Listener): this
  /**
   * Connects to a port of a host (default `localhost`) or to a local path. A socket that has closed may connect again.
   *
   * @throws `ERR_MISSING_ARGS`, `ERR_INVALID_ARG_TYPE`, `ERR_SOCKET_BAD_PORT`, `ERR_INVALID_IP_ADDRESS` and others
   *   for an invalid argument. Failures of the system are emitted as 'error'. Source:
   *   https://nodejs.org/api/net.html#socketconnect
   */
  connect(...args: unknown[]): this {
    const { options, callback } = readConnectArguments(args)
    startConnecting(this, options, callback as Listener | undefined)
    return this
  }

  override write(chunk: Chunk, callback?: WriteCallback): boolean
  override write(chunk: Chunk, encoding?: BufferEncoding, callback?: WriteCallback): boolean
  /**
   * Sends data. Returns false if `writableHighWaterMark` bytes or more are queued: then continue at 'drain'. The
   * writes of one turn of the event loop are sent together, in order, at its end (see `flush` and the option
   * `coalesce`). The callback is called once the system has taken the bytes, or with an error. Up to 16 KiB are
   * copied, so that the caller may reuse its buffer.
   *
   * @throws `ERR_INVALID_ARG_TYPE`, `ERR_UNKNOWN_ENCODING`, `ERR_STREAM_NULL_VALUES`.
   * Source: https://nodejs.org/api/net.html#socketwritedata-encoding-callback
   */
  override write(chunk: Chunk, second?: BufferEncoding | WriteCallback, third?: WriteCallback): boolean {
    // Not by `this.write` again: a wrapper of this method would see the call twice.
    const encoding = typeof second === 'function' ? undefined : second
    const callback = typeof second === 'function' ? second : third
    const state = this[kState]
    if (state.isWriteOver && this.writableEnded) return refuseAfterEnd(this, callback)
    const { phase } = state
    if (phase.kind === 'connected') {
      if (holdsWrites(this)) {
        if (typeof chunk === 'string') {
          if (phase.sending.hold(chunk, encoding ?? state.seldom.defaultEncoding, callback)) return true
        } else if (isHoldable(chunk) && isEncodingOfBytes(encoding)) {
          if (phase.sending.hold(chunk, undefined, callback)) return true
        }
      }
      phase.flush()
    }
    // What waits is called back from another write's end.
    const waits = this.writableCorked > 0 || queuedLength.call(this) > 0 || phase.kind === 'connecting'
    if (typeof callback !== 'function')
      return super.write(copyIfSmall(chunk), encoding as BufferEncoding, callback)
    const told = deferrable(callback)
    return super.write(copyIfSmall(chunk), encoding as BufferEncoding, waits ? inContext(told) : told)
  }

  override end(callback?: Listener): this
  override end(chunk: Chunk, callback?: Listener): this
  override end(chunk: Chunk, encoding?: BufferEncoding, callback?: Listener): this
  override end(chunk?: unknown, encoding?: unknown, callback?: unknown): this {
    // Not by `this.end`, see `write`.
    if (typeof chunk === 'function') return ownEnd.call(this, undefined, undefined, chunk) as this
    if (typeof encoding === 'function') return ownEnd.call(this, chunk, undefined, encoding) as this
    const { phase } = this[kState]
    const told = (typeof callback === 'function' ? ofEnd(callback as Listener) : callback) as Listener
    if (phase.kind !== 'connected' || !(phase.isHolding || holdsWrites(this))) {
      return super.end(copyIfSmall(chunk), encoding as BufferEncoding, told)
    }
    const text = (encoding || this[kState].seldom.defaultEncoding) as BufferEncoding
    // The last write leaves with those before it.
    const isHeld =
      (typeof chunk === 'string' && phase.sending.hold(chunk, text, undefined)) ||
      (isHoldable(chunk) && isEncodingOfBytes(encoding) && phase.sending.hold(chunk, undefined, undefined))
    // Writable calls `_final` within `end`, where it has nothing to wait for and has not called it before.
    const isLast = this._final === ownFinal && (isHeld || isNoChunk(chunk))
    phase.sending.flushBeforeEnd(isLast)
    try {
      // A callback that is none would be taken for a chunk.
      return isHeld
        ? super.end(undefined, 'utf8', told)
        : super.end(copyIfSmall(chunk), encoding as BufferEncoding, told)
    } finally {
      // A stream that was closed and used again has had its `_final`.
      if (isLast && !phase.isEnding) releaseLast(phase.handle, this[kState].settings.noDelay === true)
    }
  }

  override cork(): void {
    if (this.writableCorked === 0) this.flush()
    super.cork()
  }

  override uncork(): void {
    super.uncork()
    const { phase } = this[kState]
    if (phase.kind === 'connected' && phase.isHolding && this.writableCorked === 0) phase.sending.uncorked()
  }

  /**
   * Sends the writes of this turn so far, within the call: for a program that waits synchronously for the effect of a
   * write, or is about to be killed. Not needed before the end of the turn or of the process.
   */
  flush(): this {
    const { phase } = this[kState]
    if (phase.kind === 'connected') phase.flush()
    return this
  }

  override setDefaultEncoding(encoding: BufferEncoding): this {
    super.setDefaultEncoding(encoding)
    this[kState].keep({ defaultEncoding: canonical(encoding) })
    return this
  }

  /** Ends the writable side, then destroys the socket once all is sent. */
  destroySoon(): void {
    if (this.writable) this.end()
    if (this.writableFinished) this.destroy()
    else this.once('finish', this.destroy)
  }

  /** `callback` is that of every stream of Node, which documents only `error`: it is called once all is closed. */
  override destroy(error?: Error, callback?: WriteCallback): this {
    // A subclass of the old style may call before its parent has initialised it.
    const phase = (this[kState] as SocketState | undefined)?.phase
    if (phase?.kind === 'connected') phase.flushBeforeDestroy()
    const destroy: (error?: Error, callback?: WriteCallback) => this = super.destroy
    return destroy.call(this, error, callback)
  }

  /**
   * Closes the connection with a RST, and destroys the socket. While it is connecting, this happens once it is
   * connected; without a connection, 'error' is emitted with `ERR_SOCKET_CLOSED`.
   *
   * @throws `ERR_INVALID_HANDLE_TYPE` if it is not a TCP socket.
   */
  resetAndDestroy(): this {
    const { phase } = this[kState]
    const isOpen = phase.kind === 'connected' || phase.kind === 'connecting'
    if (!isOpen) return this.destroy(codedError('ERR_SOCKET_CLOSED'))
    if (phase.handle?.kind !== 'tcp') throw codedError('ERR_INVALID_HANDLE_TYPE')
    if (phase.kind === 'connecting') this.once('connect', () => resetSocket(this))
    else resetSocket(this)
    return this
  }

  override pause(): this {
    // `onread` has no buffer between the system and the caller: to pause is to stop reading.
    unbuffered(this)?.stopReading()
    return super.pause() as this
  }

  override resume(): this {
    unbuffered(this)?.read()
    return super.resume() as this
  }

  override read(size?: number): ReturnType<Duplex['read']> {
    unbuffered(this)?.read()
    return super.read(size)
  }

  /**
   * Emits 'timeout' after so many milliseconds without activity; 0 turns it off. It does not close the socket.
   * `callback` is a once-listener.
   *
   * @throws `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`.
   */
  setTimeout(timeout: number, callback?: Listener): this {
    const state = this[kState]
    if (this.destroyed) return this
    state.keepTimeout(timeout)
    const timeoutMs = readTimeout(timeout)
    state.stopIdleTimer()
    if (callback !== undefined) validateFunction(callback, 'callback')
    if (timeoutMs === 0) {
      if (callback !== undefined) this.removeListener('timeout', callback)
      return this
    }
    const clock = state.transport.clock ?? hostClock
    state.keepIdleTimer(new IdleTimer(clock, timeoutMs, state, this))
    if (callback !== undefined) this.once('timeout', callback)
    return this
  }

  /** Of `node:http`, whose parser has read from the host's handle: counts as activity. Undocumented in Node. */
  _unrefTimer(): void {
    this[kState].touch()
  }

  /** The milliseconds of `setTimeout`; undefined if not set. */
  get timeout(): number | undefined {
    return this[kState]?.seldom.timeoutMs
  }

  set timeout(timeoutMs: number | undefined) {
    this[kState].keepTimeout(timeoutMs)
  }

  /** Makes 'data' emit strings in this encoding (default `utf8`) instead of Buffers. This cannot be undone. */
  declare setEncoding: (encoding?: BufferEncoding) => this

  /** Turns Nagle's algorithm (RFC 896) off, or on again. Before there is a connection, it takes effect once connected. */
  setNoDelay(noDelay?: boolean): this {
    const { settings } = this[kState]
    const enable = noDelay === undefined || Boolean(noDelay)
    if (enable === (settings.noDelay ?? false)) return this
    this[kState].change({ noDelay: enable })
    tcpHandle(this)?.setOption({ name: 'noDelay', enable })
    return this
  }

  setKeepAlive(options: SetKeepAliveOptions): this
  setKeepAlive(enable?: boolean, initialDelay?: number, interval?: number, count?: number): this
  /**
   * Turns keep-alive probes on or off, with the milliseconds before the first (0: unchanged) and between probes, and
   * the number of unanswered probes after which the connection fails.
   */
  setKeepAlive(
    enable?: boolean | SetKeepAliveOptions,
    initialDelay?: number,
    interval?: number,
    count?: number,
  ): this {
    const isObject = typeof enable === 'object' && enable !== null
    const option = isObject
      ? keepAliveOption(Boolean(enable.enable), enable.initialDelay, enable.interval, enable.count)
      : keepAliveOption(Boolean(enable), initialDelay, interval, count)
    this[kState].change({ keepAlive: option })
    tcpHandle(this)?.setOption(option)
    return this
  }

  /**
   * Sets the IPv4 TOS byte or IPv6 traffic class, 0 to 255. Before there is a connection, it takes effect once connected.
   *
   * @throws `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`, and the system's error if it refuses.
   */
  setTypeOfService(tos: number): this {
    if (Number.isNaN(tos)) throw codedError('ERR_INVALID_ARG_TYPE', 'tos', 'number', tos)
    validateInt32(tos, 'tos', 0, 255)
    const { phase } = this[kState]
    this[kState].change({ typeOfService: tos })
    if (phase.kind !== 'connected') return this
    const status = phase.handle.setOption({ name: 'typeOfService', value: tos })
    if (status < 0) throw systemError(status, 'setTypeOfService')
    return this
  }

  /** The TOS byte or traffic class: the connection's, else what was set. */
  getTypeOfService(): number {
    const { settings, phase } = this[kState]
    if (phase.kind !== 'connected') return settings.typeOfService ?? 0
    const value = phase.handle.getOption('typeOfService')
    if (value < 0) throw systemError(value, 'getTypeOfService')
    return value
  }

  /**
   * Sets an option of the system's socket. Before `connect`, the option is kept and set before the socket connects.
   *
   * @throws `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`, `ERR_X_UNSUPPORTED`, and the
   *   system's error if it refuses.
   */
  setSocketOption<Name extends SocketOptionName>(name: Name, value: NonNullable<SocketOptions[Name]>): this {
    setOption(this, name, value)
    return this
  }

  /**
   * Reads an option of the connection's socket.
   *
   * @throws `ERR_SOCKET_CLOSED` without a connection; `ERR_INVALID_ARG_VALUE`, `ERR_X_UNSUPPORTED`, the system's error.
   */
  getSocketOption<Name extends SocketOptionName>(name: Name): NonNullable<SocketOptions[Name]> {
    return optionsOf(this).get(name)
  }

  /**
   * setsockopt(2) by number, for options without a name here: a number is passed as a 32-bit int. Nothing is checked:
   * an option may break the socket.
   *
   * @throws as `getSocketOption`, and `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`.
   */
  setRawSocketOption(level: number, name: number, value: number | Uint8Array): this {
    optionsOf(this).setRaw(level, name, value)
    return this
  }

  /**
   * getsockopt(2) by number: the bytes returned by the system, at most `length`.
   *
   * @throws as `setRawSocketOption`.
   */
  getRawSocketOption(level: number, name: number, length: number = 4): Buffer {
    return optionsOf(this).getRaw(level, name, length)
  }

  /**
   * Statistics of the TCP connection: round-trip times, retransmissions, rates. Linux only.
   *
   * @throws `ERR_SOCKET_CLOSED` without a connection, `ERR_X_UNSUPPORTED`, the system's error for a local connection.
   */
  tcpInfo(): TcpInfo {
    return tcpInfoOf(this)
  }

  /** Keeps the process running while the socket is open (the default). */
  ref(): this {
    setRef(this, true)
    return this
  }

  /** Lets the process end although the socket is open. */
  unref(): this {
    setRef(this, false)
    return this
  }

  /** The local address: `{ address, family, port }`; empty if there is none. */
  address(): AddressInfo | Record<string, never> {
    const own = ownAddress(this[kState])
    return own && isTcpAddress(own) ? { address: own.address, family: own.family, port: own.port } : {}
  }

  /**
   * True from `connect()` until 'connect' or an error. A caller may assign it; the assigned value holds until the
   * state changes.
   */
  get connecting(): boolean {
    const state = this[kState] as SocketState | undefined
    return state?.seldom.toldConnecting ?? state?.phase.kind === 'connecting'
  }

  set connecting(value: boolean) {
    this[kState].keep({ toldConnecting: value })
  }

  /** Not connected: not yet, or no longer. */
  get pending(): boolean {
    return this[kState]?.phase.kind !== 'connected' || this.connecting
  }

  get readyState(): SocketReadyState {
    if (this.connecting) return 'opening'
    if (this.readable && this.writable) return 'open'
    if (this.readable) return 'readOnly'
    return this.writable ? 'writeOnly' : 'closed'
  }

  /** Characters and bytes waiting to be sent. Deprecated: `writableLength`. */
  get bufferSize(): number {
    const kind = this[kState]?.phase.kind
    // Undefined where there is no connection, which Node's types do not say either.
    return (kind === 'connected' || kind === 'connecting' ? this.writableLength : undefined) as number
  }

  get bytesRead(): number {
    const state = this[kState] as SocketState | undefined
    const phase = state?.phase
    if (phase?.kind === 'connected') return state!.bytesReadOf(phase.handle)
    return phase?.kind === 'closed' ? phase.bytesRead : 0
  }

  /** Bytes sent and to be sent. */
  get bytesWritten(): number {
    const state = this[kState] as SocketState | undefined
    if (state === undefined) return undefined as unknown as number
    const { phase } = state
    if (phase.kind === 'connected') phase.flush()
    const { writableBuffer } = this as unknown as { writableBuffer?: readonly GatheredWrite[] }
    const queued = gatheredLength(writableBuffer ?? [])
    if (phase.kind === 'connected') return phase.bytesSent(queued)
    if (phase.kind === 'connecting') return queued + (phase.waitingWrite?.bytes ?? 0)
    if (phase.kind === 'closed') return phase.bytesWritten + Math.max(0, queued - phase.queuedAhead)
    return queued
  }

  /** `address:port` of each attempt, if the host has several addresses. */
  get autoSelectFamilyAttemptedAddresses(): string[] {
    return this[kState]?.seldom.attempted as string[]
  }

  set autoSelectFamilyAttemptedAddresses(addresses: string[]) {
    this[kState].keep({ attempted: addresses })
  }

  /** An object with the members of Node's handle that programs use to see whether a socket is open, else null. */
  get _handle(): object | null {
    const phase = this[kState]?.phase
    if (phase?.kind === 'connected') return phase.face
    if (phase?.kind === 'connecting') return phase.face
    return phase?.kind === 'idle' && phase.prepared !== null ? new HandleFace(phase.prepared, 0) : null
  }

  set _handle(value: object | null) {
    Object.defineProperty(this, '_handle', { value, writable: true, configurable: true, enumerable: false })
  }

  /**
   * The PROXY header at the start of the connection, if a server with `proxyProtocol` accepted it from a proxy; else
   * null. `remoteAddress`, `localAddress` and the ports are then those of the header.
   */
  get proxied(): ProxyHeader | null {
    return this[kState]?.seldom.proxied?.header ?? null
  }

  get localAddress(): string | undefined {
    return tcpEnd(ownAddress(this[kState]))?.address
  }
  get localPort(): number | undefined {
    return tcpEnd(ownAddress(this[kState]))?.port
  }
  get localFamily(): string | undefined {
    return tcpEnd(ownAddress(this[kState]))?.family
  }
  get remoteAddress(): string | undefined {
    return tcpEnd(peerAddress(this[kState]))?.address
  }
  get remotePort(): number | undefined {
    return tcpEnd(peerAddress(this[kState]))?.port
  }
  get remoteFamily(): string | undefined {
    return tcpEnd(peerAddress(this[kState]))?.family
  }

  [kPiped](into: Writable): void {
    if (into instanceof Socket) spliceInto(this, into, ownMethods)
  }

  override _read(): void {
    const state = this[kState]
    if (state.phase.kind === 'connected') state.phase.read()
    else state.isReadAsked = true
  }

  override _write(chunk: Chunk, encoding: BufferEncoding, callback: WriteCallback): void {
    const bytes = encodeChunk(chunk, encoding)
    const { phase } = this[kState]
    if (phase.kind === 'connected') phase.sending.send([bytes], !isShortText(chunk, encoding), callback)
    else sendLater(this, [bytes], gatheredLength([{ chunk, encoding }]), callback)
  }

  override _writev(writes: GatheredWrite[], callback: WriteCallback): void {
    const chunks = encodeWrites(writes)
    const { phase } = this[kState]
    if (phase.kind === 'connected') phase.sending.send(chunks, true, callback)
    else sendLater(this, chunks, gatheredLength(writes), callback)
  }

  override _final(callback: WriteCallback): void {
    const { phase } = this[kState]
    if (phase.kind === 'connected') {
      debug('shut the writable side down')
      phase.sending.shutDown(callback)
    } else if (phase.kind === 'connecting') keepEnd(this, phase, callback)
    else callback()
  }

  override _destroy(error: Error | null, callback: WriteCallback): void {
    if ((this[kState] as SocketState | undefined) === undefined) callback(error)
    else closeSocket(this, error, callback)
  }
}

// TypeScript has it as a property of Duplex, which no accessor may override.
Object.defineProperty(Socket.prototype, 'writableLength', {
  configurable: true,
  /** Bytes waiting to be sent. Bytes that the system takes at once are never counted. */
  get(this: Socket): number {
    const phase = (this[kState] as SocketState | undefined)?.phase
    if (phase?.kind !== 'connected') return queuedLength.call(this)
    // What is corked waits, wherever it is; `node:http` asks within each cork.
    if (this.writableCorked > 0) return queuedLength.call(this) + phase.heldLength
    phase.flush()
    return queuedLength.call(this)
  },
})

/** Socket's own; where a program has put another in its place, that one is given each write. */
const { _final: ownFinal } = Socket.prototype
const ownEnd = Socket.prototype.end as (this: Socket, ...given: unknown[]) => Socket
const ownMethods = {
  emit: Socket.prototype.emit,
  push: Socket.prototype.push,
  write: Socket.prototype.write,
  _write: Socket.prototype._write,
  _writev: Socket.prototype._writev,
}

/** Whether writes are held to the end of the turn. */
function holdsWrites(socket: Socket): boolean {
  return socket[kState].coalesces && areWritesUnseen(socket, ownMethods)
}

// Functions, not private methods: an object of a subclass in the old style was not made by this class's constructor.

/** The connection of a socket with `onread`. */
function unbuffered(socket: Socket): Connection | null {
  const { phase, seldom } = socket[kState]
  return phase.kind === 'connected' && seldom.onread !== null ? phase : null
}

/** The handle of a TCP connection. */
function tcpHandle(socket: Socket): StreamHandle | null {
  const { phase } = socket[kState]
  return phase.kind === 'connected' && phase.handle.kind === 'tcp' ? phase.handle : null
}
