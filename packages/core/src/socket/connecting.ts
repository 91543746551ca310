// A socket's phase from connect() to a connection or an error: resolves, runs the race, emits the events on the way, and
// keeps what was written meanwhile. It knows the stream by a narrow face, and nothing of an open connection.
import { AsyncResource } from 'node:async_hooks'
import type { AddressFilter } from '../address/block-list'
import { isIP } from '../address/ip'
import type { ConnectQuery, HostQuery } from '../connect/query'
import { Race } from '../connect/race'
import { resolveTargets } from '../connect/targets'
import { UV_EISCONN } from '../errors/errno'
import { systemError } from '../errors/system-error'
import { nextTick } from '../host'
import { applyOptions } from '../socket-options/access'
import { joinOptions, type OptionSet } from '../socket-options/names'
import { callEach } from '../transport/call-each'
import {
  type Address,
  isTcpAddress,
  type PathAddress,
  type StreamHandle,
  type TcpAddress,
  type Transport,
} from '../transport/contract'
import type { Activity } from './connection-stream'
import { debug } from './debug'
import { HandleFace } from './handle-face'
import type { WriteCallback } from './ticket'

/** What connecting asks of the stream above it. */
export interface ConnectingStream {
  emit(event: string, ...args: unknown[]): boolean
  destroy(error?: Error): unknown
}

export interface ConnectPlan {
  readonly transport: Transport
  readonly query: ConnectQuery
  /** For the first attempt. */
  readonly handle: StreamHandle
  /** The connection of a socket that is asked to connect once more. */
  readonly established: { readonly context: AsyncResource | null } | null
  readonly blockList: AddressFilter | undefined
  readonly socketOptions: OptionSet | undefined
  readonly isRef: boolean
  readonly activity: Activity
  /** The addresses that are tried, as they are tried, where there are several. */
  attempting(attempted: string[]): void
  /** Told once, in the context of the connection. */
  connected(handle: StreamHandle, context: AsyncResource): void
}

/** A write that waits for the connection. Writable gives one at a time. */
export interface WaitingWrite {
  readonly chunks: readonly Uint8Array[]
  readonly bytes: number
  readonly callback: WriteCallback
}

export class Connecting {
  readonly kind = 'connecting'
  waitingWrite: WaitingWrite | null = null
  /** The end of our side, asked for meanwhile. */
  waitingEnd: WriteCallback | null = null
  /** What came of it. */
  connection: object | null = null
  readonly #stream: ConnectingStream
  readonly #plan: ConnectPlan
  /** The async context of this connection's events. */
  readonly context: AsyncResource
  #race: Race | null = null
  #cancelled: Race | null = null
  /** The handle while no race has it. */
  #handle: StreamHandle | null
  #isRef: boolean
  #isOver = false
  /** A second local connect(), which the system has refused, and the async context of its call. */
  #doom: { readonly to: PathAddress; readonly context: AsyncResource } | null = null
  #face: HandleFace | null = null
  /** Socket options that are asked for while it connects. */
  #lateOptions: OptionSet | undefined

  constructor(stream: ConnectingStream, plan: ConnectPlan) {
    this.#stream = stream
    this.#plan = plan
    this.#handle = plan.handle
    this.#isRef = plan.isRef
    this.context = new AsyncResource('path' in plan.query ? 'PIPEWRAP' : 'TCPWRAP')
    if (!plan.isRef) plan.handle.unref()
  }

  /** What cannot be tried at all is told at once, as in Node. */
  start(): void {
    const { query } = this.#plan
    if ('path' in query) {
      debug('connect to %s', query.path)
      this.#begin([query], { attemptTimeoutMs: 0 })
    } else this.#connectHost(query)
  }

  /** The handle that is being connected. */
  get handle(): StreamHandle | null {
    return this.#race?.stream ?? this.#handle
  }

  /** The connection of a socket that was connected when it was asked to connect. */
  get established(): ConnectPlan['established'] {
    return this.#plan.established
  }

  /** What programs find as `_handle`. */
  get face(): object | null {
    const { handle } = this
    if (handle === null) return null
    this.#face ??= new HandleFace(handle, this.context.asyncId())
    return this.#face
  }

  /** Fails what Writable has under way: nothing will be told of it any more. */
  abandon(error: Error): void {
    const { waitingWrite, waitingEnd } = this
    this.waitingWrite = null
    this.waitingEnd = null
    waitingWrite?.callback(error)
    waitingEnd?.(error)
  }

  setRef(isRef: boolean): void {
    this.#isRef = isRef
    if (this.#race !== null) this.#race.setRef(isRef)
    else if (isRef) this.#handle?.ref()
    else this.#handle?.unref()
  }

  /** An address is tried: its socket is there. */
  get hasBegun(): boolean {
    return this.#race !== null
  }

  /** Attempts that begin later have these from the start; the connection of one that is under way gets them once it is made. */
  setOptions(options: OptionSet): void {
    this.#lateOptions = joinOptions(this.#lateOptions, options)
  }

  /** Gives up: nothing is told any more. Answers the handle, for the caller to close. */
  cancel(): StreamHandle | null {
    const handle = this.#race?.cancel() ?? this.#handle
    this.#isOver = true
    this.#cancelled = this.#race
    this.#race = null
    this.#handle = null
    return handle
  }

  /** Once the handle is closed: tells of the attempt that was under way. */
  tellCancelled(): void {
    this.#cancelled?.tellCancelled()
  }

  /** What a second connect() to `query` gets while this one is under way. */
  refuseAnother(query: ConnectQuery): void {
    if ('path' in query) {
      // The system refuses it at once, and its answer takes the place of the first one's.
      this.#tellAttempt(query)
      this.#doom = { to: query, context: new AsyncResource('PIPECONNECTWRAP') }
      return
    }
    this.#resolve(query, ([first]) => {
      if (first === undefined) return
      this.#tellAttempt(first)
      const error = this.#race?.refusalOfAnother(first)
      if (error !== undefined) this.#stream.destroy(error)
    })
  }

  #connectHost(query: HostQuery): void {
    this.#resolve(query, targets => this.#begin(targets, query))
  }

  #resolve(query: HostQuery, begin: (targets: readonly TcpAddress[]) => void): void {
    const { host, port } = query
    const family = isIP(host)
    if (family !== 0) {
      const target: TcpAddress = { family: family === 6 ? 'IPv6' : 'IPv4', address: host, port }
      nextTick(() => {
        if (!this.#isOver) begin([target])
      })
      return
    }
    debug('connect to %s:%s: lookup', host, port)
    resolveTargets(
      query,
      this.#plan.transport.lookup,
      (error, address, addressFamily) => {
        if (this.#isOver) return
        this.#emit('lookup', error, address, addressFamily, host)
      },
      (error, targets) => {
        if (this.#isOver) return
        if (error) nextTick(() => this.#stream.destroy(error))
        else begin(targets)
      },
    )
  }

  #begin(
    targets: readonly Address[],
    query: Pick<HostQuery, 'attemptTimeoutMs'> &
      Partial<Pick<HostQuery, 'localAddress' | 'localPort' | 'overlaps'>>,
  ): void {
    const { transport, blockList, activity } = this.#plan
    const late = this.#lateOptions
    const socketOptions = late ? joinOptions(this.#plan.socketOptions, late) : this.#plan.socketOptions
    this.#lateOptions = undefined
    const { attemptTimeoutMs, localAddress, localPort, overlaps = false } = query
    activity.touch()
    const prepared = this.#handle
    this.#handle = null
    const race = new Race(
      {
        transport,
        targets,
        attemptTimeoutMs,
        overlaps,
        localAddress,
        localPort,
        blockList,
        socketOptions,
        prepared,
      },
      {
        attempt: to => {
          debug('attempt to connect to %o', to)
          this.#tellAttempt(to)
        },
        failed: (to, error) => {
          if (!isTcpAddress(to)) this.#emit('connectionAttemptFailed', to.path, undefined, undefined, error)
          else this.#emit('connectionAttemptFailed', to.address, to.port, familyOf(to), error)
        },
        timedOut: to => this.#emit('connectionAttemptTimeout', to.address, to.port, familyOf(to)),
        over: (error, stream) => this.#raceOver(error, stream),
      },
    )
    this.#race = race
    if (targets.length > 1) this.#plan.attempting(race.attempted)
    if (!this.#isRef) race.setRef(false)
    race.start()
  }

  #raceOver(error: Error | null, handle: StreamHandle | null): void {
    this.#race = null
    this.#handle = handle
    if (this.#doom !== null) {
      const { to, context } = this.#doom
      context.runInAsyncScope(() =>
        this.#fail(to.path, systemError(UV_EISCONN, 'connect', { address: to.path })),
      )
      return
    }
    const refusal = error ?? (handle && this.#applyLateOptions(handle))
    if (refusal !== null || handle === null) {
      this.#stream.destroy(refusal ?? undefined)
      return
    }
    debug('connected')
    this.#isOver = true
    this.#handle = null
    this.context.runInAsyncScope(this.#plan.connected, this.#plan, handle, this.context)
  }

  #fail(path: string, error: Error): void {
    this.#emit('connectionAttemptFailed', path, undefined, undefined, error)
    this.#stream.destroy(error)
  }

  /** Why the system refuses one of the options that were asked for since the attempt began. */
  #applyLateOptions(handle: StreamHandle): Error | null {
    // A local connection gets all of its options once it is made.
    if (this.#lateOptions === undefined || handle.kind === 'pipe') return null
    const status = applyOptions(this.#plan.transport, handle.fd, this.#lateOptions)
    return status < 0 ? systemError(status, 'setsockopt') : null
  }

  /** What a listener throws reaches `uncaughtException`, and connecting goes on. */
  #emit(event: string, ...args: unknown[]): void {
    callEach([() => void this.#stream.emit(event, ...args)])
  }

  #tellAttempt(to: Address): void {
    if (!isTcpAddress(to)) this.#emit('connectionAttempt', to.path, undefined, undefined)
    else this.#emit('connectionAttempt', to.address, to.port, familyOf(to))
  }
}

function familyOf(address: Address): 4 | 6 {
  return 'family' in address && address.family === 'IPv6' ? 6 : 4
}
