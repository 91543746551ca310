// A channel as its users see it: messages to listeners and iterations, requests and their handlers. What stands on the wire,
// and how a channel begins and ends, its session knows.
import { EventEmitter } from 'node:events'
import { codedError, validateAbortSignal, validateObject } from '@x/core/internal'
import type { Descriptor } from '../descriptor/descriptor'
import { nextTick, throwLater } from '../host'
import { costAsValue } from '../protocol/account'
import { type ChannelLimits, type ChannelOptions, readLimits, validateTimeout } from '../protocol/limits'
import type {
  ChannelEnd,
  ChannelEvents,
  CloseOptions,
  Message,
  Procedures,
  ProceduresOf,
  RequestHandler,
  RequestOptions,
  SendOptions,
} from '../protocol/message'
import { Session } from '../protocol/session'
import { decodeOneValue, decodePayload, decodeValues, type Frame, isOneValue } from '../wire/decoder'
import { EXTENDED } from '../wire/frame'
import type { Wire } from '../wire/wire'
import { Inbox, type Taken } from './inbox'

const DONE = Promise.resolve()
const NONE: readonly never[] = []

/** What the package itself does at the events of a channel. Throws nothing. */
export interface ChannelWatcher {
  opened?(): void
  closing?(): void
  ended?(error: Error | null): void
}

/** See `createChannel` for how one is made. The protocol is laid down in `docs/ipc.md`. */
export class Channel<In = unknown, Out = unknown> extends EventEmitter<ChannelEvents<In>> {
  readonly #limits: ChannelLimits
  readonly #session: Session
  readonly #inbox: Inbox
  readonly #watchers: ChannelWatcher[] = []
  #ending: ChannelEnd | null = null

  /** @internal */
  constructor(wire: Wire, options: ChannelOptions = {}) {
    super()
    this.#limits = readLimits(options)
    this.#session = new Session(wire, this.#limits, {
      onOpen: () => {
        for (const watcher of this.#watchers) watcher.opened?.()
        this.#call(() => this.emit('open'))
      },
      onFrame: frame => this.#onFrame(frame),
      reserve: frame => this.#reserve(frame),
      onHandles: (taken, cost) => this.#onHandles(taken, cost),
      onClosing: () =>
        nextTick(() => {
          for (const watcher of this.#watchers) watcher.closing?.()
          this.emit('closing')
        }),
      onShortage: error => this.#call(() => this.emit('shortage', error)),
      onEnd: (end, error) => this.#onEnd(end, error),
    })
    this.#inbox = new Inbox(this.#session.account)
    // A listener that comes late gets what came before it.
    this.on('newListener', name => {
      if (name === 'message' || name === 'handle')
        nextTick(() => this.#session.guard(() => this.#emitWaiting()))
    })
  }

  /** False once it was closed by either side, or has failed. */
  get isOpen(): boolean {
    return this.#session.isOpen
  }

  /** How it has ended; null until then. */
  get ending(): ChannelEnd | null {
    return this.#ending
  }

  /** Bytes that were sent and that the system has not taken yet. */
  get backlog(): number {
    return this.#session.backlog
  }

  /** @internal Told before the listeners of the events, which may throw, or be removed. */
  watch(watcher: ChannelWatcher): void {
    this.#watchers.push(watcher)
  }

  /** @internal Null while the peer keeps up; else done once it has caught up. */
  get room(): Promise<void> | null {
    return this.#session.room
  }

  /** Bytes that are held for the peer, at most `holdLimitBytes`: see there. */
  get held(): number {
    return this.#session.account.held
  }

  /** Descriptors that were sent and not acknowledged yet. */
  get unacknowledged(): number {
    return this.#session.unacknowledged
  }

  /**
   * Sends a value. The promise resolves at once while the peer keeps up, otherwise once it has caught up: await it,
   * so that a slow peer slows the sender. With handles it resolves when the peer has acknowledged them. If the
   * promise is ignored, so is its failure.
   *
   * @throws `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`, `ERR_X_UNSUPPORTED` (handles over a
   * stream that carries none), what `JSON.stringify` throws. Rejects with `ERR_X_NOT_SENT` or `ERR_X_OUTCOME_UNKNOWN` where
   * the channel has ended (`cause` is what ended it), with `ERR_X_FRAME_TOO_LONG` where the peer takes no frame of that
   * length; with `ERR_X_HANDLE_REFUSED` or `ERR_X_HANDLE_LOST`, whose `handles` are the caller's again.
   */
  send(value: Out, options?: SendOptions): Promise<void> {
    return this.#session.send(value, options) ?? DONE
  }

  /**
   * Sends a value and waits for the peer's reply to it.
   *
   * @throws as `send`. Rejects with `ERR_X_REQUEST_TIMEOUT` (`mayHaveRun`: whether the peer may have got it), `ABORT_ERR`,
   * `ERR_X_REQUEST_FAILED` (the peer's handler threw: `remote` has its name, message and code); where the channel has
   * ended, with `ERR_X_NOT_SENT` (the peer has not got it) or `ERR_X_OUTCOME_UNKNOWN` (it may have been executed).
   */
  request<Reply = In>(value: Out, options: RequestOptions = {}): Promise<Message<Reply>> {
    validateObject(options, 'options')
    const { timeoutMs = this.#limits.requestTimeoutMs, signal } = options
    validateTimeout(timeoutMs, 'options.timeoutMs')
    validateAbortSignal(signal, 'options.signal')
    return this.#session.request(value, options, timeoutMs)
  }

  /**
   * From now on handles the peer's requests that have no name, instead of the previous handler. Without a handler
   * they fail with `ERR_X_NOT_SERVED` in `remote`.
   *
   * @throws `ERR_INVALID_ARG_TYPE`.
   */
  serve(handler: RequestHandler<In, Out>): this
  /**
   * From now on handles the peer's requests that call one of the object's own functions by name (see `createCalls`),
   * instead of those of the previous object. Others fail with `ERR_X_NOT_SERVED` in `remote`.
   *
   * @throws `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE` for a procedure that is called `then`, or whose name nobody can
   * call (1 to 255 bytes of well-formed Unicode).
   */
  serve<Served extends ProceduresOf<Served>>(procedures: Served): this
  serve(handler: RequestHandler<In, Out> | Procedures): this {
    if (typeof handler !== 'function' && (typeof handler !== 'object' || handler === null)) {
      throw codedError('ERR_INVALID_ARG_TYPE', 'handler', ['function', 'Object'], handler)
    }
    this.#session.answers.serve(handler as RequestHandler<never> | Procedures)
    return this
  }

  /**
   * Ends the channel in order. From now on nothing can be sent, and no request of the peer is executed; the peer is
   * notified at once. Requests in progress, in both directions, are still answered, and handles acknowledged, for
   * `timeoutMs` at most; handlers that run then see their `signal` aborted, and requests fail with
   * `ERR_X_OUTCOME_UNKNOWN`. Then both sides say goodbye. Done once the peer has said it, too, or is gone.
   *
   * @throws `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`.
   */
  close(options: CloseOptions = {}): Promise<void> {
    validateObject(options, 'options')
    const { timeoutMs } = options
    if (timeoutMs !== undefined) validateTimeout(timeoutMs, 'options.timeoutMs')
    if (this.#ending !== null) return DONE
    const closed = new Promise<void>(resolve => this.watch({ ended: () => resolve() }))
    this.#session.close(timeoutMs)
    return closed
  }

  /**
   * Ends the channel at once. Unsent messages are dropped; pending requests and iterations get the error. The peer
   * sees a connection lost without a goodbye.
   */
  destroy(error: Error | null = null): void {
    this.#session.destroy(error)
  }

  /** Keeps the process alive while it is open, which is the default. */
  ref(): this {
    this.#session.setRef(true)
    return this
  }

  /** Does not keep the process alive, and neither do the deadlines of its requests. */
  unref(): this {
    this.#session.setRef(false)
    return this
  }

  /** The messages, in order; throws what ended the channel, unless it was closed. Leaving the loop leaves it open. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Message<In>, void, undefined> {
    for (;;) {
      const next = await this.#read()
      if (next.done) return
      yield next.value
    }
  }

  #read(): Promise<IteratorResult<Message<In>>> {
    let reading: Promise<IteratorResult<Message<never>>> | null = null
    const read = () => {
      reading = this.#inbox.read()
    }
    // What waited may be none of the protocol: the end that this brings about is what there is to read then.
    while (!this.#session.guard(read)) {}
    return reading!
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #onFrame(frame: Frame): boolean {
    const { mayClone } = this.#session
    if (!this.#inbox.isEmpty || this.listenerCount('message') === 0) {
      const isTaken = this.#inbox.addFrame(frame, mayClone)
      if (isTaken && this.#inbox.hasReader) this.#inbox.serveReaders()
      return isTaken
    }
    if (isOneValue(frame)) {
      this.#emitMessage({ value: decodeOneValue(frame, mayClone), buffers: NONE, handles: NONE })
      return true
    }
    if ((frame.encoding & EXTENDED) !== 0) {
      const { value, buffers } = decodePayload(frame, mayClone)
      this.#emitMessage({ value, buffers, handles: NONE })
      return true
    }
    const values = decodeValues(frame, mayClone)
    for (let at = 0; at < values.length; at++) {
      if (at > 0 && !this.#isHeard()) {
        this.#inbox.addValues(values, at)
        break
      }
      this.#emitMessage({ value: values[at], buffers: NONE, handles: NONE })
    }
    return true
  }

  /** Somebody listens, and has not ended it. */
  #isHeard(): boolean {
    return this.listenerCount('message') > 0 && this.#ending === null
  }

  /** Runs a user's function: what it throws is its own affair, and costs nobody a message. True where it threw nothing. */
  #call(act: () => void): boolean {
    try {
      act()
      return true
    } catch (error) {
      throwLater(error)
      return false
    }
  }

  #emitMessage(message: Message): void {
    try {
      this.emit('message', message as Message<In>)
    } catch (error) {
      throwLater(error)
    }
  }

  /** Whether a message with handles can be emitted as it comes: after those that wait, and not before somebody listens. */
  #isDirect(): boolean {
    if (this.listenerCount('handle') > 0) return !this.#inbox.hasHandles
    return this.#inbox.isEmpty && this.#isHeard()
  }

  /** Room for a message with handles: what it was charged with, or null where there is none. */
  #reserve(frame: Frame): number | null {
    if (this.#isDirect()) return 0
    const cost = costAsValue(frame)
    return this.#session.account.addMessage(cost) ? cost : null
  }

  #onHandles(taken: Taken, cost: number): void {
    if (cost === 0) {
      this.#emitHandles(taken)
      return
    }
    this.#inbox.addHandles(taken, cost)
    if (this.#inbox.hasReader) this.#inbox.serveReaders()
  }

  // Acknowledged once user code has them: until then a receiver that dies has lost nothing.
  #emitHandles({ message, settle }: Taken): void {
    const { value, handles } = message
    const isHeard = this.#call(() => {
      if (this.listenerCount('handle') > 0) this.emit('handle', value as In, ...(handles as Descriptor[]))
      else this.emit('message', message as Message<In>)
    })
    const isTaken = isHeard || handles.some(handle => handle.fd < 0)
    settle(isTaken ? null : 'its listener threw')
  }

  #emitWaiting(): void {
    while (this.#ending === null) {
      const taken = this.#isHeard()
        ? this.#inbox.take()
        : this.listenerCount('handle') > 0
          ? this.#inbox.take(true)
          : null
      if (taken === null) return
      if (taken.message.handles.length === 0) this.#emitMessage(taken.message)
      else this.#emitHandles(taken)
    }
  }

  #onEnd(end: ChannelEnd, error: Error | null): void {
    this.#ending = end
    this.#inbox.end(error)
    nextTick(() => {
      for (const watcher of this.#watchers) watcher.ended?.(error)
      this.emit('close', error)
    })
  }
}
