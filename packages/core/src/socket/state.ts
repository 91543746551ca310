// What a socket keeps besides its Duplex: its phase, which is one value, and what callers have set. It does nothing by
// itself.
import type { Duplex } from 'node:stream'
import { inspect } from 'node:util'
import type { AddressFilter } from '../address/block-list'
import { defaultTransport } from '../process-state'
import type { Proxied } from '../proxy-protocol/proxied'
import type { Address, StreamHandle, Transport } from '../transport/contract'
import type { Connecting } from './connecting'
import type { Connection } from './connection'
import type { Activity } from './connection-stream'
import type { IdleTimer, Sender } from './idle-timer'
import type { ConnectionSettings, OnReadOptions, SocketSettings } from './options'

/** The key of a socket's state. */
export const kState: unique symbol = Symbol('state')

/** Not connected yet. */
export interface Idle {
  readonly kind: 'idle'
  /** A handle that was given before there is a connection: a bound socket. */
  readonly prepared: StreamHandle | null
}

/** Not connected any more: what outlives the connection. */
export interface Closed {
  readonly kind: 'closed'
  readonly bytesRead: number
  readonly bytesWritten: number
  /** So many of them are still in Writable's queue. */
  readonly queuedAhead: number
  readonly peer: Address | undefined
  /** What it was before; Writable's requests that it has under way are told in turns to come. */
  before: Connecting | Connection | null
}

export type Phase = Idle | Connecting | Connection | Closed

/** Whoever counts this socket among its connections. */
export interface ConnectionKeeper {
  connectionEnded(socket: { readonly [kState]: SocketState }): void
  /** Somebody else carries it on: it counts until the answer is called, and is no socket of the keeper's any more. */
  connectionLent(socket: { readonly [kState]: SocketState }): () => void
}

/** The phase of most new sockets. */
export const idle: Idle = { kind: 'idle', prepared: null }

/** What few sockets ever have. */
class Seldom {
  transport: Transport | null = null
  onread: OnReadOptions | null = null
  blockList: AddressFilter | undefined
  defaultEncoding: BufferEncoding = 'utf8'
  isRef = true
  isResetting = false
  idleTimer: IdleTimer | null = null
  timeoutMs: number | undefined
  /** What the proxy in front told of this connection. */
  proxied: Proxied | null = null
  /** The addresses that were tried, as `address:port`, where there was more than one to try. */
  attempted: string[] | undefined
  /** What a caller assigned to `connecting`; undefined again when the phase changes. */
  toldConnecting: boolean | undefined
}

/** Shared by all sockets that have nothing of it. */
const usual: Readonly<Seldom> = new Seldom()

export class SocketState implements Activity, Sender {
  phase: Phase = idle
  settings: ConnectionSettings
  /** Writes of one turn leave as one. */
  readonly coalesces: boolean
  /** Readable has asked for bytes, and there was no connection to read from. */
  isReadAsked = false
  /** The peer has ended, and `allowHalfOpen` was off: a write after our own end is refused in Node's words. */
  isWriteOver = false
  /** Set by `keep`. */
  seldom = usual
  keeper: ConnectionKeeper | null = null
  /** Its neighbours in the keeper's ring. */
  older: { readonly [kState]: SocketState } | null = null
  newer: { readonly [kState]: SocketState } | null = null

  constructor(transport: Transport | null, settings: SocketSettings, onread: OnReadOptions | null) {
    const { connection, coalesces, blockList, defaultEncoding } = settings
    this.settings = connection
    this.coalesces = coalesces
    if (transport !== null || onread !== null || blockList !== undefined || defaultEncoding !== 'utf8') {
      this.keep({ transport, onread, blockList, defaultEncoding })
    }
  }

  get transport(): Transport {
    return this.seldom.transport ?? defaultTransport()
  }

  touch(): void {
    this.seldom.idleTimer?.refresh()
  }

  get writeQueueSize(): number {
    return this.phase.kind === 'connected' ? this.phase.handle.writeQueueSize : 0
  }

  /** Bytes that the program has of a connection: those of a PROXY header were not for it. */
  bytesReadOf(handle: StreamHandle): number {
    return handle.bytesRead - (this.seldom.proxied?.header.byteLength ?? 0)
  }

  /** Settings are shared by sockets that have the same. */
  change(settings: Partial<ConnectionSettings>): void {
    this.settings = { ...this.settings, ...settings }
  }

  /** Keeps what few sockets have. */
  keep(values: Partial<Seldom>): void {
    Object.assign(this.#ownSeldom(), values)
  }

  #ownSeldom(): Seldom {
    if (this.seldom === usual) this.seldom = new Seldom()
    return this.seldom
  }

  /** As `keep`, field by field: `node:http` sets a timeout twice for each request. */
  keepTimeout(timeoutMs: number | undefined): void {
    this.#ownSeldom().timeoutMs = timeoutMs
  }

  keepIdleTimer(timer: IdleTimer | null): void {
    this.#ownSeldom().idleTimer = timer
  }

  stopIdleTimer(): void {
    const { idleTimer } = this.seldom
    if (idleTimer === null) return
    idleTimer.stop()
    this.keepIdleTimer(null)
  }

  /** `console.log` of a socket does not go through all that hangs on its state. */
  [inspect.custom](): string {
    return `SocketState <${this.phase.kind}>`
  }

  enter(phase: Phase): void {
    this.phase = phase
    if (this.seldom.toldConnecting !== undefined) this.keep({ toldConnecting: undefined })
  }
}

/** A socket as the parts that are not its class see it. */
export interface StatefulDuplex extends Duplex {
  [kState]: SocketState
  server: unknown
}
