// What a server keeps besides its public properties, for the files of this folder. It opens and accepts nothing.
import type { AsyncResource } from 'node:async_hooks'
import type { EventEmitter } from 'node:events'
import type { AddressFilter } from '../address/block-list'
import { AcceptGate } from '../admission/accept-gate'
import { Admission } from '../admission/admission'
import { type DropReason, dropReasons, readAdmissionOptions } from '../admission/options'
import type { Drain, Drainable } from '../drain/drain'
import { codedError } from '../errors/codes'
import { hostClock, nextTick } from '../host'
import type { ListenRequester } from '../listen/contract'
import { defaultTransport } from '../process-state'
import { readProxyOptions } from '../proxy-protocol/options'
import type { Proxied } from '../proxy-protocol/proxied'
import { HandleFace } from '../socket/handle-face'
import type { Socket } from '../socket/index'
import { type RingMember, SocketRing } from '../socket/ring'
import { checkSupport, OptionAccess } from '../socket-options/access'
import { type OptionSet, readSocketOptionSet } from '../socket-options/names'
import type { Clock, ListenerHandle, Status, StreamHandle, Transport } from '../transport/contract'
import { ConnectionOptions } from './connection-options'
import type { ServerOpts } from './options'
import { ProxyIntake } from './proxy-intake'
import type { SharedListener } from './shared-listener'

/** The key of a server's state. */
export const kServer: unique symbol = Symbol('server')

/** A server as the files of this folder see it. */
export interface StatefulServer extends EventEmitter {
  readonly [kServer]: ServerState
  readonly allowHalfOpen: boolean
  readonly pauseOnConnect: boolean
  readonly noDelay: boolean
  readonly keepAlive: boolean
  readonly keepAliveInitialDelay: number
  readonly highWaterMark: number
  readonly maxConnections: number | null | undefined
  close(callback?: (error?: Error) => void): unknown
}

/** What is done with a connection by the part that accepts. */
export interface AcceptSteps {
  dropConnection(socket: Socket, reason: DropReason): void
  dropStream(stream: StreamHandle, reason: DropReason, problem: string): void
  /** True where it was admitted. */
  acceptProxied(stream: StreamHandle, proxied: Proxied, rest: Buffer): boolean
}

export class ServerState {
  readonly server: StatefulServer
  readonly transport: Transport | undefined
  readonly blockList: AddressFilter | undefined
  /** The face of the server for a source of listeners. */
  readonly requester: ListenRequester
  listener: SharedListener<ServerState> | null = null
  /** Gives up an opening that is under way. */
  cancelOpening: (() => void) | null = null
  connections = 0
  /** The open connections; `connections` is a number that callers may assign. */
  readonly sockets = new SocketRing<Socket>()
  drain: Drain | null = null
  /** What accepting came to last: below 0 from a shortage until a connection is accepted. */
  acceptStatus: Status = 0
  /** Iterations over the connections that are under way. */
  readonly iterations = new Set<object>()
  readonly gate = new AcceptGate()
  readonly admission: Admission | null
  readonly proxy: ProxyIntake | null
  readonly socketOptions: OptionSet | undefined
  isRef = true
  context: AsyncResource | null = null
  readonly connectionOptions: ConnectionOptions
  #drops: Map<DropReason, number> | null = null
  /** Of the connections, those that somebody else carries on. */
  #lent = 0
  #face: { readonly of: ListenerHandle; readonly face: HandleFace } | null = null

  constructor(server: StatefulServer, options: ServerOpts, steps: AcceptSteps) {
    this.server = server
    this.transport = options.transport
    this.blockList = options.blockList
    this.connectionOptions = new ConnectionOptions(options.coalesce)
    const { admission, proxyProtocol, socketOptions } = options
    this.socketOptions = socketOptions === undefined ? undefined : readSocketOptionSet(socketOptions)
    if (this.socketOptions !== undefined) checkSupport(this.#usedTransport(), this.socketOptions)
    this.admission =
      admission === undefined
        ? null
        : new Admission(readAdmissionOptions(admission), {
            clock: this.clock,
            gate: this.gate,
            hasRoom: () => this.hasRoom(),
            drop: steps.dropConnection,
          })
    this.proxy =
      proxyProtocol === undefined
        ? null
        : new ProxyIntake(readProxyOptions(proxyProtocol), {
            clock: this.clock,
            admit: (stream, proxied, rest) =>
              this.#settleWaiting(() => steps.acceptProxied(stream, proxied, rest)),
            refuse: (stream, isLate, problem) =>
              this.#settleWaiting(() => {
                steps.dropStream(stream, isLate ? 'proxy-timeout' : 'proxy-header', problem)
                return false
              }),
          })
    this.requester = {
      hasRoom: promised => this.hasRoom(promised),
      connections: () => this.connections,
      close: done => void server.close(() => done()),
    }
  }

  /** A connection waits no more for its header: `settle` admits it, or not, where the server was told to listen. */
  #settleWaiting(settle: () => boolean): void {
    let isAdmitted = false
    const run = (): void => {
      isAdmitted = settle()
    }
    const { connections } = this
    try {
      if (this.context === null) run()
      else this.context.runInAsyncScope(run)
    } finally {
      // A listener of 'connection' may have thrown.
      if (!isAdmitted && this.connections === connections) {
        this.admission?.settle()
        this.drain?.settleIfEmpty()
        this.emitCloseIfDrained()
      }
    }
  }

  /** The face of the server for its drain. */
  drainable(): Drainable {
    const server = this.server
    const { sockets, proxy } = this
    return {
      clock: this.clock,
      sockets: () => sockets.list(),
      abandonWaiting: () => proxy?.cancel(),
      get open() {
        return sockets.size + (proxy?.size ?? 0)
      },
      get accepted() {
        return sockets.added + (proxy?.size ?? 0)
      },
      acceptAll: () => this.gate.force(),
      isShort: () => this.#isShort(),
      stopAccepting: () => {
        if (this.isOpen) server.close()
      },
      tell(progress) {
        if (server.listenerCount('draining') > 0) server.emit('draining', progress())
      },
      over: () => {
        this.drain = null
      },
    }
  }

  /**
   * Whether connections may wait since descriptors ran out. Once there are some again this is told a last time: the listener
   * tries again by itself.
   */
  #isShort(): boolean {
    if (this.acceptStatus >= 0 || this.listener === null) return false
    const { descriptors } = this.#usedTransport()
    const fd = descriptors?.openSocket('IPv4', false) ?? 0
    if (fd < 0) return true
    descriptors?.close([fd])
    this.acceptStatus = 0
    return true
  }

  /** The time of its connections. */
  get clock(): Clock {
    return this.#usedTransport().clock ?? hostClock
  }

  #usedTransport(): Transport {
    return this.transport ?? defaultTransport()
  }

  /** The options of the listening socket. Throws `ERR_SERVER_NOT_RUNNING`, `ERR_X_UNSUPPORTED`. */
  optionAccess(): OptionAccess {
    if (this.listener === null) throw codedError('ERR_SERVER_NOT_RUNNING')
    return new OptionAccess(this.#usedTransport(), this.listener.handle.fd)
  }

  cannotPause(): Error {
    return codedError('ERR_X_UNSUPPORTED', this.#usedTransport().name, 'leaving connections in the backlog')
  }

  countDrop(reason: DropReason): void {
    this.#drops ??= new Map()
    this.#drops.set(reason, (this.#drops.get(reason) ?? 0) + 1)
  }

  /** How many connections were dropped, and why. */
  drops(): Record<DropReason, number> {
    return Object.fromEntries(dropReasons.map(reason => [reason, this.#drops?.get(reason) ?? 0])) as Record<
      DropReason,
      number
    >
  }

  /** Whether it listens, or is about to. */
  get isOpen(): boolean {
    return this.listener !== null || this.cancelOpening !== null
  }

  /** What programs find as `_handle`. */
  face(): object | null {
    const { listener, context } = this
    if (listener === null) return null
    if (this.#face?.of !== listener.handle) {
      this.#face = { of: listener.handle, face: new HandleFace(listener.handle, context?.asyncId() ?? 0) }
    }
    return this.#face.face
  }

  /** Whether one more connection fits beside those that stand and the `promised` ones. */
  hasRoom(promised = 0): boolean {
    const { maxConnections } = this.server
    const hasLimit = maxConnections !== undefined && maxConnections !== null
    const waiting = this.proxy?.size ?? 0
    // What is no number limits nothing, as in Node.
    return !hasLimit || !(this.connections + waiting + promised >= maxConnections)
  }

  connectionEnded(socket: RingMember): void {
    this.connections--
    this.#forget(socket as Socket)
  }

  #forget(socket: Socket): void {
    this.sockets.remove(socket)
    this.admission?.connectionEnded(socket)
    this.drain?.connectionEnded(socket)
    this.emitCloseIfDrained()
  }

  connectionLent(socket: RingMember): () => void {
    this.#lent++
    this.#forget(socket as Socket)
    let isBack = false
    return () => {
      if (isBack) return
      isBack = true
      this.#lent--
      this.connections--
      this.admission?.settle()
    }
  }

  emitCloseIfDrained(): void {
    const own = this.connections - this.#lent
    if (this.isOpen || own > 0 || (this.proxy !== null && this.proxy.size > 0)) return
    nextTick(() => this.server.emit('close'))
  }
}
