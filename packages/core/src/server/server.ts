// A server: listens, counts its connections, closes. How a listener is opened is in listen/, what becomes of an
// accepted stream in accept; it knows transports by name only.
import { AsyncResource } from 'node:async_hooks'
import { tracingChannel } from 'node:diagnostics_channel'
import { EventEmitter } from 'node:events'
import { getDefaultHighWaterMark } from 'node:stream'
import type { DropReason } from '../admission/options'
import { readServerArguments } from '../args/create-server'
import { type ListenArguments, readListenArguments } from '../args/listen'
import { Drain } from '../drain/drain'
import { type DrainOptions, type DrainReport, readDrainOptions } from '../drain/options'
import { abortError, codedError } from '../errors/codes'
import { nextTick } from '../host'
import { adoptAsListener, isBoundSocket } from '../listen/bound-socket'
import { openListener } from '../listen/open'
import { defaultTransport } from '../process-state'
import { debug } from '../socket/debug'
import type { Socket } from '../socket/index'
import type { AddressInfo } from '../socket/socket'
import type { SocketOptionName, SocketOptions } from '../socket-options/names'
import { type BindFlags, isTcpAddress, type ListenerHandle } from '../transport/contract'
import { acceptProxied, acceptStream, dropConnection, dropStream } from './accept'
import { connections } from './connections'
import { descriptorOf, isHolder, sharedListener } from './holder'
import { checkServerOptions, type ListenOptions, type ServerOpts } from './options'
import { SharedListener } from './shared-listener'
import { type AcceptSteps, kServer, ServerState } from './state'

type Listener = () => void
export type ConnectionListener = (socket: Socket) => void

const listenChannel = tracingChannel<object, { server: Server; options?: unknown; error?: Error }>(
  'net.server.listen',
)

export class Server extends EventEmitter {
  declare [kServer]: ServerState
  declare allowHalfOpen: boolean
  declare pauseOnConnect: boolean
  declare noDelay: boolean
  declare keepAlive: boolean
  /** Milliseconds. */
  declare keepAliveInitialDelay: number
  declare highWaterMark: number
  /** Connections beyond this number are closed at once, and reported by 'drop'; 0 drops all. */
  declare maxConnections: number
  /** In a worker of a cluster: drop such connections instead of giving them to another worker. */
  declare dropMaxConnection: boolean | undefined

  /**
   * A server for TCP or local connections. `connectionListener` is added to 'connection'.
   *
   * @throws `ERR_INVALID_ARG_TYPE`.
   * Source: https://nodejs.org/api/net.html#new-netserveroptions-connectionlistener
   */
  constructor(
    options?: ServerOpts | ConnectionListener | false | null,
    connectionListener?: ConnectionListener,
  ) {
    const given = readServerArguments<ServerOpts, ConnectionListener>(options, connectionListener)
    super(given.options)
    initServer(this, given.options, given.listener)
  }

  listen(port?: number, hostname?: string, backlog?: number, listeningListener?: Listener): this
  listen(port?: number, hostname?: string, listeningListener?: Listener): this
  listen(port?: number, backlog?: number, listeningListener?: Listener): this
  listen(port?: number, listeningListener?: Listener): this
  listen(path: string, backlog?: number, listeningListener?: Listener): this
  listen(path: string, listeningListener?: Listener): this
  listen(options: ListenOptions, listeningListener?: Listener): this
  listen(handle: object, backlog?: number, listeningListener?: Listener): this
  listen(handle: object, listeningListener?: Listener): this
  /**
   * Starts to listen; 'listening' is emitted later, and calls the callback. Failures of the system are emitted as
   * 'error'.
   *
   * @throws `ERR_SERVER_ALREADY_LISTEN`, `ERR_INVALID_ARG_VALUE`, `ERR_SOCKET_BAD_PORT`, `ERR_INVALID_ARG_TYPE`.
   * Source: https://nodejs.org/api/net.html#serverlisten
   */
  listen(...args: unknown[]): this {
    const state = this[kServer]
    if (state.isOpen) throw codedError('ERR_SERVER_ALREADY_LISTEN')
    if (state.drain !== null) throw codedError('ERR_X_SERVER_DRAINING')
    const read = readListenArguments(args, isHolder)
    if (read.callback !== undefined) this.once('listening', read.callback as Listener)
    const { signal } = read.options as ListenOptions
    if (signal) closeOnAbort(this, signal)
    startListening(this, state, read)
    return this
  }

  /** Whether the server listens. */
  get listening(): boolean {
    return this[kServer]?.listener != null
  }

  /** The bound address, the path of a local server, or null if it does not listen. */
  address(): AddressInfo | string | null {
    const own = this[kServer].listener?.handle.sockname()
    if (typeof own !== 'object') return null
    if (!isTcpAddress(own)) return own.path
    return { address: own.address, family: own.family, port: own.port }
  }

  /** Counts the open connections. */
  getConnections(callback: (error: Error | null, count: number) => void): this {
    const { connections } = this[kServer]
    nextTick(callback, null, connections)
    return this
  }

  /**
   * Number of open connections. Deprecated: `getConnections`. A caller may assign it; counting continues from there.
   */
  get connections(): number {
    return this[kServer].connections
  }

  set connections(count: number) {
    this[kServer].connections = count
  }

  /** Node's other name of `connections`. */
  get _connections(): number {
    return this[kServer]?.connections
  }

  set _connections(count: number) {
    this[kServer].connections = count
  }

  /** An object with the members of Node's handle that programs use to see whether a server is open, else null. */
  get _handle(): object | null {
    return this[kServer]?.face() ?? null
  }

  set _handle(value: object | null) {
    Object.defineProperty(this, '_handle', { value, writable: true, configurable: true, enumerable: false })
  }

  /**
   * Stops accepting; 'close' is emitted once the last connection has ended. Then `callback` is called, with
   * `ERR_SERVER_NOT_RUNNING` if the server was not open.
   */
  close(callback?: (error?: Error) => void): this {
    const state = this[kServer]
    const { listener, cancelOpening } = state
    if (typeof callback === 'function') {
      const error = state.isOpen ? undefined : codedError('ERR_SERVER_NOT_RUNNING')
      // Whose connection ends last decides in which context 'close' comes.
      this.once(
        'close',
        AsyncResource.bind(() => (error ? callback(error) : callback())),
      )
    }
    state.cancelOpening = null
    state.listener = null
    state.admission?.stop()
    cancelOpening?.()
    listener?.remove(state)
    state.emitCloseIfDrained()
    return this
  }

  /**
   * Shuts the server down without losing a connection: accepts the connections in the backlog and then no more, lets
   * connections finish, ends those that transfer nothing for `idleMs`, and resets the rest at the deadline. Resolves
   * with a report once none is left; at once if the server does not listen and has none. The event 'draining' reports
   * progress.
   *
   * A call during a drain joins it: the earliest deadline and the first `idleMs` apply.
   *
   * An idle connection is ended with `end()`, and is finished once the peer has ended too. A connection never counts
   * as idle while the program has paused it, while it has bytes to be sent or consumed, or an unfinished HTTP
   * response (of a node:http server that gets it by 'connection').
   *
   * Rejects with an AbortError if `signal` is aborted.
   *
   * @throws `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`.
   */
  drain(options?: DrainOptions): Promise<DrainReport> {
    const times = readDrainOptions(options)
    const { signal, idleMs } = times
    if (signal?.aborted) return Promise.reject(abortError(signal.reason))
    const state = this[kServer]
    state.drain ??= new Drain(state.drainable(), idleMs)
    return state.drain.join(times)
  }

  /** True during a drain: a program may tell its peers (`Connection: close`). */
  get draining(): boolean {
    return this[kServer]?.drain != null
  }

  /**
   * Stops accepting: clients that connect wait in the system's backlog, until it is full. On a server that does not
   * listen yet, this takes effect when it does, so that an address can be bound early and served later.
   *
   * @throws `ERR_X_UNSUPPORTED` if the transport cannot do that; emitted as 'error' if the server does not listen
   *   yet.
   */
  pauseAccept(): this {
    if (this[kServer].gate.hold('caller') < 0) throw this[kServer].cannotPause()
    return this
  }

  /** Accepts again. Has no effect if `pauseAccept` was not called. */
  resumeAccept(): this {
    this[kServer].gate.release('caller')
    this[kServer].admission?.settle()
    return this
  }

  /**
   * Sets an option of the listening socket.
   *
   * @throws `ERR_SERVER_NOT_RUNNING`, `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`,
   *   `ERR_X_UNSUPPORTED`, and the system's error if it refuses.
   */
  setSocketOption<Name extends SocketOptionName>(name: Name, value: NonNullable<SocketOptions[Name]>): this {
    this[kServer].optionAccess().set(name, value)
    return this
  }

  /**
   * Reads an option of the listening socket.
   *
   * @throws as `setSocketOption`.
   */
  getSocketOption<Name extends SocketOptionName>(name: Name): NonNullable<SocketOptions[Name]> {
    return this[kServer].optionAccess().get(name)
  }

  /** The number of dropped connections since the server was created, for each reason. */
  dropCounts(): Record<DropReason, number> {
    return this[kServer].drops()
  }

  /** The open connections that this server accepted, the oldest first. */
  sockets(): Socket[] {
    return this[kServer].sockets.list()
  }

  /** Keeps the process running while the server listens (the default). */
  ref(): this {
    this[kServer].isRef = true
    this[kServer].listener?.handle.ref()
    return this
  }

  /** Lets the process end although the server listens. */
  unref(): this {
    this[kServer].isRef = false
    this[kServer].listener?.handle.unref()
    return this
  }

  /** The connections, at most 128 of them waiting to be taken; see `connections` of `@x/core/promises`. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Socket> {
    return connections(this)
  }

  /** With `captureRejections`: if the promise of a 'connection' listener rejects, its connection is destroyed. */
  override [EventEmitter.captureRejectionSymbol](
    error: Error,
    event: string | symbol,
    ...args: unknown[]
  ): void {
    const [socket] = args
    if (event === 'connection') (socket as Socket).destroy(error)
    else this.emit('error', error)
  }

  /** Closes the server if it is open; resolves once its last connection has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this[kServer].isOpen) return
    await new Promise<void>((resolve, reject) => {
      this.close(error => (error ? reject(error) : resolve()))
    })
  }
}

/** Completes what EventEmitter's constructor has begun. */
export function initServer(server: Server, options: ServerOpts, listener?: ConnectionListener): void {
  checkServerOptions(options)
  Object.defineProperty(server, kServer, {
    value: new ServerState(server, options, acceptSteps(server)),
  })
  server.allowHalfOpen = options.allowHalfOpen ?? false
  server.pauseOnConnect = Boolean(options.pauseOnConnect)
  server.noDelay = Boolean(options.noDelay)
  server.keepAlive = Boolean(options.keepAlive)
  server.keepAliveInitialDelay = notNegative(options.keepAliveInitialDelay) ?? 0
  server.highWaterMark = notNegative(options.highWaterMark) ?? getDefaultHighWaterMark(false)
  if (typeof listener === 'function') server.on('connection', listener as (socket: unknown) => void)
}

/** A negative number asks for the default, as in Node. */
function notNegative(value: number | undefined): number | undefined {
  return value !== undefined && value < 0 ? undefined : value
}

function acceptSteps(server: Server): AcceptSteps {
  return {
    dropConnection: (socket, reason) => dropConnection(server, socket, reason),
    dropStream: (stream, reason, problem) => dropStream(server, stream, reason, null, problem),
    acceptProxied: (stream, proxied, rest) => acceptProxied(server, stream, proxied, rest),
  }
}

function startListening(server: Server, state: ServerState, read: ListenArguments): void {
  const { target, options, backlog } = read
  if (listenChannel.hasSubscribers) listenChannel.asyncStart.publish({ server, options })
  state.context = new AsyncResource('TCPSERVERWRAP')
  const shared: { current: SharedListener<ServerState> | null } = { current: null }
  let isOver = false
  const opened = (error: Error | null, handle: ListenerHandle | null) => {
    isOver = true
    state.cancelOpening = null
    if (handle === null) return failListening(server, error!)
    shared.current = new SharedListener(handle)
    hold(server, state, shared.current)
  }
  if ('holder' in target) {
    const other = sharedListener(target.holder)
    if (other !== null) {
      hold(server, state, other)
      return
    }
  }
  const place = 'holder' in target ? openableOf(target.holder) : target
  debug('listen on %o', place)
  const opening = {
    transport: state.transport ?? defaultTransport(),
    target: place,
    flags: readBindFlags(options),
    backlog,
    exclusive: Boolean(options['exclusive']),
    socketOptions: state.socketOptions,
    server: state.requester,
  }
  const giveUp = openListener(
    opening,
    // In the context of `listen`, as transports tell it (law 12 of the contract).
    (status, stream) => acceptStream(shared.current?.owner?.server ?? server, status, stream),
    opened,
  )
  if (!isOver) state.cancelOpening = giveUp
}

/** What else can be listened on: a bound socket, which is taken over, or a descriptor. */
function openableOf(holder: object): { listener: ListenerHandle } | { fd: number } {
  return isBoundSocket(holder) ? { listener: adoptAsListener(holder) } : { fd: descriptorOf(holder) }
}

function hold(server: Server, state: ServerState, listener: SharedListener<ServerState>): void {
  if (listener.add(state) < 0) {
    listener.remove(state)
    failListening(server, state.cannotPause())
    return
  }
  state.listener = listener
  if (!state.isRef) listener.handle.unref()
  nextTick(() => {
    if (state.listener !== listener) return
    if (listenChannel.hasSubscribers) listenChannel.asyncEnd.publish({ server })
    server.emit('listening')
  })
}

function failListening(server: Server, error: Error): void {
  if (listenChannel.hasSubscribers) listenChannel.error.publish({ server, error })
  nextTick(() => server.emit('error', error))
}

/** How the options of `listen` bind. */
export function readBindFlags(options: Readonly<Record<string, unknown>>): BindFlags {
  const { ipv6Only, reusePort, readableAll, writableAll, mode } = options as ListenOptions & { mode?: number }
  const openMode = (readableAll ? 0o444 : 0) | (writableAll ? 0o222 : 0)
  return {
    ipv6Only: Boolean(ipv6Only),
    reusePort: Boolean(reusePort),
    // To what the file mode creation mask leaves, as Node adds it (umask(2)).
    ...(openMode !== 0 && { mode: (0o777 & ~process.umask()) | openMode }),
    ...(mode !== undefined && { mode }),
  }
}

function closeOnAbort(server: Server, signal: AbortSignal): void {
  const abort = () => void server.close()
  if (signal.aborted) {
    nextTick(abort)
    return
  }
  signal.addEventListener('abort', abort, { once: true })
  server.once('close', () => signal.removeEventListener('abort', abort))
}
