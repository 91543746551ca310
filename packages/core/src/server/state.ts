// What a server keeps besides its public properties, for the files of this folder. It opens and accepts nothing.
import type { AsyncResource } from 'node:async_hooks'
import type { EventEmitter } from 'node:events'
import type { AddressFilter } from '../address/block-list'
import { AcceptGate } from '../admission/accept-gate'
import { Admission } from '../admission/admission'
import { type DropReason, dropReasons, readAdmissionOptions } from '../admission/options'
import type { Dropper } from '../admission/silent-watch'
import type { Drain, Drainable } from '../drain/drain'
import { codedError } from '../errors/codes'
import { hostClock, nextTick } from '../host'
import type { ListenRequester } from '../listen/contract'
import { defaultTransport } from '../process-state'
import { HandleFace } from '../socket/handle-face'
import type { Socket } from '../socket/index'
import { type RingMember, SocketRing } from '../socket/ring'
import type { Clock, ListenerHandle, Transport } from '../transport/contract'
import type { ServerOpts } from './options'

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

/** An open listener, the server that its connections go to, and how many servers hold it. */
export interface SharedListener {
  readonly handle: ListenerHandle
  owner: StatefulServer
  holders: number
}

export class ServerState {
  readonly transport: Transport | undefined
  readonly blockList: AddressFilter | undefined
  /** The face of the server for a source of listeners. */
  readonly requester: ListenRequester
  listener: SharedListener | null = null
  /** Gives up an opening that is under way. */
  cancelOpening: (() => void) | null = null
  connections = 0
  /** The open connections; `connections` is a number that callers may assign. */
  readonly sockets = new SocketRing<Socket>()
  drain: Drain | null = null
  readonly gate = new AcceptGate()
  readonly admission: Admission | null
  isRef = true
  context: AsyncResource | null = null
  /** Writes of one turn leave as one, on the connections of this server. */
  readonly coalesce: boolean | undefined
  readonly #server: StatefulServer
  #drops: Map<DropReason, number> | null = null
  #face: { readonly of: ListenerHandle; readonly face: HandleFace } | null = null

  constructor(server: StatefulServer, options: ServerOpts, drop: Dropper) {
    this.#server = server
    this.transport = options.transport
    this.blockList = options.blockList
    this.coalesce = options.coalesce
    const { admission } = options
    this.admission =
      admission === undefined
        ? null
        : new Admission(readAdmissionOptions(admission), {
            clock: this.clock,
            gate: this.gate,
            hasRoom: () => this.hasRoom(),
            drop,
          })
    this.requester = {
      hasRoom: promised => this.hasRoom(promised),
      connections: () => this.connections,
      close: done => void server.close(() => done()),
    }
  }

  /** The face of the server for its drain. */
  drainable(): Drainable {
    const server = this.#server
    const { sockets } = this
    return {
      clock: this.clock,
      sockets: () => sockets.list(),
      get open() {
        return sockets.size
      },
      get accepted() {
        return sockets.added
      },
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

  /** The time of its connections. */
  get clock(): Clock {
    return (this.transport ?? defaultTransport()).clock ?? hostClock
  }

  cannotPause(): Error {
    const { name } = this.transport ?? defaultTransport()
    return codedError('ERR_X_UNSUPPORTED', name, 'leaving connections in the backlog')
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
    const { maxConnections } = this.#server
    const hasLimit = maxConnections !== undefined && maxConnections !== null
    return !hasLimit || this.connections + promised < maxConnections
  }

  connectionEnded(socket: RingMember): void {
    this.connections--
    this.sockets.remove(socket as Socket)
    this.admission?.connectionEnded(socket as Socket)
    this.drain?.connectionEnded(socket as Socket)
    this.emitCloseIfDrained()
  }

  emitCloseIfDrained(): void {
    if (this.isOpen || this.connections > 0) return
    nextTick(() => this.#server.emit('close'))
  }
}
