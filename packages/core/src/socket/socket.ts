// The Duplex face of a connection: Node's net.Socket. It keeps the stream's rules and the caller's settings; bytes go
// through its link, connecting is in connection, held-back writes are in outbox.
import { Duplex } from 'node:stream'
import { readConnectArguments } from '../args/connect'
import { codedError } from '../errors/codes'
import { systemError } from '../errors/system-error'
import { validateFunction, validateInt32 } from '../errors/validate'
import { isTcpAddress } from '../transport/contract'
import type { AcceptingServer } from './accepting-server'
import { encodeWrites, type GatheredWrite } from './chunks'
import { startConnecting } from './connecting'
import { closeConnection, refuseAfterEnd, reset, send, setRef, shutDown } from './connection'
import { gatheredBytes, ownAddress, peerAddress, sentBytes, tcpEnd } from './ends'
import { IdleTimer, readTimeout } from './idle-timer'
import { initSocket } from './init'
import {
  duplexOptions,
  keepAliveOption,
  type SetKeepAliveOptions,
  type SocketConnectOpts,
  type SocketConstructorOpts,
} from './options'
import { hold, release } from './outbox'
import { kState, type SocketState, type WriteCallback } from './state'

type Listener = () => void
type Chunk = string | Uint8Array

/** What `address()` answers for TCP. Source: https://nodejs.org/api/net.html#serveraddress */
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
    const given = typeof options === 'number' ? { fd: options } : (options ?? {})
    super(duplexOptions(given))
    initSocket(this, given)
  }

  connect(options: SocketConnectOpts, connectionListener?: Listener): this
  connect(port: number, host: string, connectionListener?: Listener): this
  connect(port: number, connectionListener?: Listener): this
  connect(path: string, connectionListener?: Listener): this
  /**
   * Connects to a port of a host (default `localhost`) or to a local path. A socket that has closed may connect again.
   *
   * @throws `ERR_MISSING_ARGS`, `ERR_INVALID_ARG_TYPE`, `ERR_SOCKET_BAD_PORT`, `ERR_INVALID_IP_ADDRESS` and others for a
   *   wrong argument. What the system refuses comes as 'error'.
   * Source: https://nodejs.org/api/net.html#socketconnect
   */
  connect(...args: unknown[]): this {
    const { options, callback } = readConnectArguments(args)
    startConnecting(this, options, callback as Listener | undefined)
    return this
  }

  override write(chunk: Chunk, callback?: WriteCallback): boolean
  override write(chunk: Chunk, encoding?: BufferEncoding, callback?: WriteCallback): boolean
  /**
   * Sends. False where more than `writableHighWaterMark` waits to be sent: go on at 'drain'. The writes of one turn of
   * the event loop leave as one at its end. The callback comes once the system has the bytes, or with what failed.
   * Source: https://nodejs.org/api/net.html#socketwritedata-encoding-callback
   */
  override write(chunk: Chunk, encoding?: BufferEncoding | WriteCallback, callback?: WriteCallback): boolean {
    const state = this[kState]
    if (state.peerEnded && this.writableEnded) {
      return refuseAfterEnd(this, typeof encoding === 'function' ? encoding : callback)
    }
    const isHeld =
      typeof encoding === 'function'
        ? hold(this, state, chunk, undefined, encoding)
        : hold(this, state, chunk, encoding, callback)
    if (isHeld) return true
    release(this, state)
    return super.write(chunk, encoding as BufferEncoding, callback)
  }

  override end(callback?: Listener): this
  override end(chunk: Chunk, callback?: Listener): this
  override end(chunk: Chunk, encoding?: BufferEncoding, callback?: Listener): this
  override end(chunk?: unknown, encoding?: unknown, callback?: unknown): this {
    const state = this[kState]
    const done = (typeof encoding === 'function' ? encoding : callback) as Listener
    // The last write goes out with those before it.
    const isLast = state.outbox.isHolding && (typeof chunk === 'string' || chunk instanceof Uint8Array)
    const isHeld =
      isLast &&
      hold(this, state, chunk, encoding === done ? undefined : (encoding as BufferEncoding), undefined)
    release(this, state)
    return isHeld ? super.end(done) : super.end(chunk, encoding as BufferEncoding, callback as Listener)
  }

  override cork(): void {
    release(this, this[kState])
    super.cork()
  }

  override uncork(): void {
    const state = this[kState]
    // What the caller corked leaves at the end of the turn, too.
    state.isUncorking = !this.writableNeedDrain
    super.uncork()
    state.isUncorking = false
  }

  override setDefaultEncoding(encoding: BufferEncoding): this {
    super.setDefaultEncoding(encoding)
    this[kState].defaultEncoding = encoding.toLowerCase() as BufferEncoding
    return this
  }

  /** Ends the writable side, then destroys the socket once all is sent. */
  destroySoon(): void {
    if (this.writable) this.end()
    if (this.writableFinished) this.destroy()
    else this.once('finish', this.destroy)
  }

  override destroy(error?: Error): this {
    const state = this[kState] as SocketState | undefined
    if (state !== undefined) release(this, state)
    return super.destroy(error)
  }

  /**
   * Closes the connection with a RST, and destroys the socket. Before the connection is made: once it is. Without one:
   * 'error' with `ERR_SOCKET_CLOSED`.
   *
   * @throws `ERR_INVALID_HANDLE_TYPE` for what is no TCP socket.
   */
  resetAndDestroy(): this {
    const state = this[kState]
    if (state.link !== null) {
      if (state.link.handle.kind !== 'tcp') throw codedError('ERR_INVALID_HANDLE_TYPE')
      reset(this)
    } else if (state.isConnecting) this.once('connect', () => reset(this))
    else this.destroy(codedError('ERR_SOCKET_CLOSED'))
    return this
  }

  override pause(): this {
    const { link, isConnecting } = this[kState]
    // `onread` has no buffer between the system and the caller: to pause is to stop reading.
    if (link !== null && this[kState].onread !== null && !isConnecting) link.stopReading()
    return super.pause() as this
  }

  override resume(): this {
    const { link, onread } = this[kState]
    if (link !== null && onread !== null) link.read()
    return super.resume() as this
  }

  override read(size?: number): unknown {
    const { link, onread } = this[kState]
    if (link !== null && onread !== null) link.read()
    return super.read(size)
  }

  /**
   * Emits 'timeout' after so many milliseconds without activity; 0 turns it off. The socket stays as it is. `callback`
   * is a once-listener.
   *
   * @throws `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`.
   */
  setTimeout(timeout: number, callback?: Listener): this {
    const state = this[kState]
    if (this.destroyed) return this
    state.timeoutMs = timeout
    const timeoutMs = readTimeout(timeout)
    state.idle?.stop()
    state.idle = null
    if (callback !== undefined) validateFunction(callback, 'callback')
    if (timeoutMs === 0) {
      if (callback !== undefined) this.removeListener('timeout', callback)
      return this
    }
    const queueSize = () => state.link?.handle.writeQueueSize ?? 0
    state.idle = new IdleTimer(timeoutMs, queueSize, () => this.emit('timeout'))
    if (callback !== undefined) this.once('timeout', callback)
    return this
  }

  /** The milliseconds of `setTimeout`; undefined where none were set. */
  get timeout(): number | undefined {
    return this[kState]?.timeoutMs
  }

  set timeout(timeoutMs: number | undefined) {
    this[kState].timeoutMs = timeoutMs
  }

  /** Has 'data' give strings of this encoding (default `utf8`) instead of Buffers. Nothing turns it back. */
  declare setEncoding: (encoding?: BufferEncoding) => this

  /** Turns Nagle's algorithm (RFC 896) off, or on again. Before the connection is made: once it is. */
  setNoDelay(noDelay?: boolean): this {
    const { settings, link } = this[kState]
    const enable = noDelay === undefined || Boolean(noDelay)
    if (enable === (settings.noDelay ?? false)) return this
    settings.noDelay = enable
    if (link?.handle.kind === 'tcp') link.handle.setOption({ name: 'noDelay', enable })
    return this
  }

  setKeepAlive(options: SetKeepAliveOptions): this
  setKeepAlive(enable?: boolean, initialDelay?: number, interval?: number, count?: number): this
  /**
   * Turns keep-alive probes on or off; milliseconds before the first (0: as it was), and between them, and how many go
   * unanswered before the connection is given up.
   */
  setKeepAlive(
    enable?: boolean | SetKeepAliveOptions,
    initialDelay?: number,
    interval?: number,
    count?: number,
  ): this {
    const { settings, link } = this[kState]
    const isObject = typeof enable === 'object' && enable !== null
    const option = isObject
      ? keepAliveOption(Boolean(enable.enable), enable.initialDelay, enable.interval, enable.count)
      : keepAliveOption(Boolean(enable), initialDelay, interval, count)
    settings.keepAlive = option
    if (link?.handle.kind === 'tcp') link.handle.setOption(option)
    return this
  }

  /**
   * Sets the IPv4 TOS byte or IPv6 traffic class, 0 to 255. Before the connection is made: once it is.
   *
   * @throws `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`, and the system's error where it refuses.
   */
  setTypeOfService(tos: number): this {
    if (Number.isNaN(tos)) throw codedError('ERR_INVALID_ARG_TYPE', 'tos', 'number', tos)
    validateInt32(tos, 'tos', 0, 255)
    const { settings, link } = this[kState]
    settings.typeOfService = tos
    if (link === null) return this
    const status = link.handle.setOption({ name: 'typeOfService', value: tos })
    if (status < 0) throw systemError(status, 'setTypeOfService')
    return this
  }

  /** The TOS byte or traffic class: the connection's, else what was set. */
  getTypeOfService(): number {
    const { settings, link } = this[kState]
    if (link === null) return settings.typeOfService ?? 0
    const value = link.handle.getOption('typeOfService')
    if (value < 0) throw systemError(value, 'getTypeOfService')
    return value
  }

  /** Keeps the process running while the socket is open (the default). */
  ref(): this {
    return setRef(this, true)
  }

  /** Lets the process end though the socket is open. */
  unref(): this {
    return setRef(this, false)
  }

  /** Our own end: `{ address, family, port }`; empty where there is none. */
  address(): AddressInfo | Record<string, never> {
    const own = ownAddress(this)
    return own && isTcpAddress(own) ? { address: own.address, family: own.family, port: own.port } : {}
  }

  get connecting(): boolean {
    return this[kState]?.isConnecting ?? false
  }

  set connecting(_value: boolean) {
    // Node's is a plain property that callers could write to.
  }

  /** Not connected: not yet, or no longer. */
  get pending(): boolean {
    const state = this[kState]
    return state.link === null
  }

  get readyState(): SocketReadyState {
    if (this.connecting) return 'opening'
    if (this.readable && this.writable) return 'open'
    if (this.readable) return 'readOnly'
    return this.writable ? 'writeOnly' : 'closed'
  }

  /** Characters and bytes waiting to be sent. Deprecated: `writableLength`. */
  get bufferSize(): number {
    // Undefined where there is no connection, which Node's types do not say either.
    return (this[kState]?.link || this.connecting ? this.writableLength : undefined) as number
  }

  get bytesRead(): number {
    const state = this[kState]
    return state?.link?.handle.bytesRead ?? state?.bytesRead ?? 0
  }

  /** Bytes sent and to be sent. */
  get bytesWritten(): number {
    const state = this[kState]
    if (state === undefined) return undefined as unknown as number
    release(this, state)
    return sentBytes(state) + gatheredBytes(this)
  }

  /** `address:port` of what was tried, where the host had several addresses. */
  get autoSelectFamilyAttemptedAddresses(): string[] {
    const attempted = this[kState]?.attempted
    return (attempted && [...attempted]) as string[]
  }

  get localAddress(): string | undefined {
    return tcpEnd(ownAddress(this))?.address
  }
  get localPort(): number | undefined {
    return tcpEnd(ownAddress(this))?.port
  }
  get localFamily(): string | undefined {
    return tcpEnd(ownAddress(this))?.family
  }
  get remoteAddress(): string | undefined {
    return tcpEnd(peerAddress(this))?.address
  }
  get remotePort(): number | undefined {
    return tcpEnd(peerAddress(this))?.port
  }
  get remoteFamily(): string | undefined {
    return tcpEnd(peerAddress(this))?.family
  }

  override _read(): void {
    const state = this[kState]
    if (state.link !== null) state.link.read()
    else if (state.isConnecting) state.wantsRead = true
  }

  override _write(chunk: Chunk, encoding: BufferEncoding, callback: WriteCallback): void {
    send(this, [typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk], callback)
  }

  override _writev(writes: GatheredWrite[], callback: WriteCallback): void {
    send(this, encodeWrites(writes), callback)
  }

  override _final(callback: WriteCallback): void {
    shutDown(this, callback)
  }

  override _destroy(error: Error | null, callback: WriteCallback): void {
    const state = this[kState] as SocketState | undefined
    if (state === undefined) return callback(error)
    closeConnection(this, state, error, callback)
    const { keeper } = state
    state.keeper = null
    keeper?.connectionEnded()
  }
}
