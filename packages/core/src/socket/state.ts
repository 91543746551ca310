// What a socket keeps besides its Duplex: the fields that the files of this folder (and the server) share, and that
// nobody else sees. It does nothing by itself.
import type { AsyncResource } from 'node:async_hooks'
import type { AddressFilter } from '../address/block-list'
import type { Race } from '../connect/race'
import type { Address, StreamHandle, Transport } from '../transport/contract'
import { Outbox } from './held'
import type { IdleTimer } from './idle-timer'
import type { Link } from './link'
import type { ConnectionSettings, OnReadOptions } from './options'

/** The key of a socket's state. */
export const kState: unique symbol = Symbol('state')

export type WriteCallback = (error?: Error | null) => void

/** A write that waits for the connection. Writable gives one at a time. */
export interface WaitingWrite {
  readonly chunks: readonly Uint8Array[]
  readonly bytes: number
  readonly callback: WriteCallback
}

/** Whoever counts this socket among its connections. */
export interface ConnectionKeeper {
  connectionEnded(): void
}

export class SocketState {
  transport: Transport | null
  settings: ConnectionSettings
  blockList: AddressFilter | undefined
  onread: OnReadOptions | null

  /** What exists only while connected. */
  link: Link | null = null
  isConnecting = false
  race: Race | null = null
  /** Addresses that were tried, where there was more than one to try. */
  attempted: readonly string[] | undefined
  /** A handle that was given before there was a connection (a bound socket). */
  prepared: StreamHandle | null = null
  host: string | null = null
  isRef = true

  waitingWrite: WaitingWrite | null = null
  waitingFinal: WriteCallback | null = null
  wantsRead = false

  /** What was written in this turn. */
  outbox = new Outbox()
  defaultEncoding: BufferEncoding = 'utf8'
  /** A caller takes its last cork off: what was corked joins the turn's writes. */
  isUncorking = false

  idle: IdleTimer | null = null
  timeoutMs: number | undefined
  keeper: ConnectionKeeper | null = null
  /** The async context of this connection's events. */
  context: AsyncResource | null = null

  peerEnded = false
  isResetting = false
  /** What outlives the connection. */
  bytesRead = 0
  bytesWritten = 0
  peername: Address | undefined

  constructor(
    transport: Transport | null,
    settings: ConnectionSettings,
    blockList: AddressFilter | undefined,
    onread: OnReadOptions | null,
  ) {
    this.transport = transport
    this.settings = settings
    this.blockList = blockList
    this.onread = onread
  }
}
