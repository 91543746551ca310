// A channel: values, buffers and handles, requests and replies over one wire. It knows what each kind of frame means;
// its halves know how frames are made and read.
import { EventEmitter } from 'node:events'
import { abortError, validateAbortSignal, validateFunction } from '@x/core/transport'
import { ipcError } from '../errors/codes'
import { withHandles } from './acks'
import {
  FLAG_CLONE,
  KIND_ACK,
  KIND_CANCEL,
  KIND_FAILURE,
  KIND_MESSAGE,
  KIND_REFUSAL,
  KIND_REPLY,
  KIND_REQUEST,
} from './frame'
import { type Frame, Inbound } from './inbound'
import { Inbox } from './inbox'
import type { ChannelEvents, Message, RequestHandler, RequestOptions, SendOptions } from './message'
import { type ChannelLimits, type ChannelOptions, readOptions } from './options'
import { Outbound, quiet } from './outbound'
import { Patience } from './patience'
import { Requests } from './requests'
import { Serving } from './serving'
import type { Wire } from './wire'

const DONE = Promise.resolve()

/** See `channel` for how one is made. The protocol is laid down in `docs/ipc.md`. */
export class Channel<In = unknown, Out = unknown> extends EventEmitter<ChannelEvents<In>> {
  readonly #wire: Wire
  readonly #limits: ChannelLimits
  readonly #inbound: Inbound
  readonly #outbound: Outbound
  readonly #inbox = new Inbox()
  readonly #requests: Requests
  readonly #serving: Serving
  #state: 'open' | 'ending' | 'closed' = 'open'
  #error: Error | null = null
  #hasPeerEnded = false
  readonly #patience: Patience
  /** The number of the frame that the patience is for. */
  #waitingFor = 1
  readonly #onAbort = () => this.destroy(abortError(this.#limits.signal?.reason))

  /** @internal */
  constructor(wire: Wire, options: ChannelOptions = {}) {
    super()
    this.#wire = wire
    this.#limits = readOptions(options)
    this.#patience = new Patience(this.#limits.patienceMs, error => this.destroy(error))
    this.#outbound = new Outbound(wire, this.#limits, bytes => {
      const error = ipcError('ERR_X_CHANNEL_SLOW', `it has left ${bytes} bytes unread`)
      process.nextTick(() => this.destroy(error))
    })
    this.#inbound = new Inbound(wire, this.#limits, {
      onPreamble: ({ flags, frameLimit }) => {
        const useClone = this.#limits.clone && (flags & FLAG_CLONE) !== 0
        this.#inbound.mayClone = useClone
        this.#outbound.agree(useClone, frameLimit)
      },
      onFrame: frame => this.#onFrame(frame),
      onProtocolError: error => this.destroy(error),
      onIdle: waitingFor => this.#onIdle(waitingFor),
    })
    this.#requests = new Requests(
      id => this.#state === 'open' && this.#outbound.put(KIND_CANCEL, id, undefined),
    )
    this.#serving = new Serving({
      reply: (id, value, parts) => this.#reply(id, value, parts),
      fail: (id, error) => this.#fail(id, error),
      finished: () => this.#resumeIfRoom(),
    })
    this.#start()
  }

  #start(): void {
    this.#patience.waitFor('said hello')
    // A listener that comes late gets what came before it.
    this.on('newListener', name => {
      if (name === 'message' || name === 'handle') process.nextTick(() => this.#emitWaiting())
    })
    const { signal } = this.#limits
    signal?.addEventListener('abort', this.#onAbort, { once: true })
    if (signal?.aborted) process.nextTick(this.#onAbort)
    this.#wire.start({
      onData: (chunk, fds) => this.#inbound.push(chunk, fds),
      onDrain: () => this.#outbound.drained(),
      onEnd: () => {
        this.#hasPeerEnded = true
        this.#inbound.read()
      },
      onClose: error => this.#onClose(error),
    })
  }

  /** False once it was closed by either side, or has failed. */
  get isOpen(): boolean {
    return this.#state === 'open'
  }

  /** Bytes that were sent and that the system has not taken yet. */
  get backlog(): number {
    return this.#outbound.backlog
  }

  /** Descriptors that were sent and not acknowledged yet. */
  get unacknowledged(): number {
    return this.#outbound.acks.count
  }

  /**
   * Sends a value. The promise is done at once while the peer keeps up, and once it has caught up where it does not:
   * await it, and a slow peer slows the sender. With handles it is done when the peer has acknowledged them.
   *
   * @throws `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`, `ERR_X_FRAME_TOO_LONG`, `ERR_X_UNSUPPORTED` (handles over a stream
   * that carries none), what `JSON.stringify` throws. Rejects with `ERR_X_CHANNEL_CLOSED` or what ended the channel; with
   * `ERR_X_HANDLE_REFUSED` or `ERR_X_HANDLE_LOST`, whose `handles` are the caller's again.
   */
  send(value: Out, options?: SendOptions): Promise<void> {
    if (this.#state !== 'open') return this.#refuse(options)
    if (options?.handles?.length) return this.#outbound.putHandles(KIND_MESSAGE, 0, value, options)
    this.#outbound.put(KIND_MESSAGE, 0, value, options?.buffers)
    return this.#outbound.isFull ? this.#outbound.waitForRoom() : DONE
  }

  /**
   * Sends a value and waits for the peer's reply to it.
   *
   * @throws as `send`. Rejects with `ERR_X_REQUEST_TIMEOUT`, `ABORT_ERR`, `ERR_X_REQUEST_FAILED` (the peer's handler threw:
   * `remote` has its name, message and code), or what ended the channel.
   */
  request<Reply = In>(value: Out, options: RequestOptions = {}): Promise<Message<Reply>> {
    const { timeoutMs = this.#limits.requestTimeoutMs, signal } = options
    validateAbortSignal(signal, 'options.signal')
    if (this.#state !== 'open') return this.#refuse(options)
    if (signal?.aborted) return quiet(Promise.reject(abortError(signal.reason)))
    const id = this.#requests.nextId()
    if (options.handles?.length) {
      this.#outbound
        .putHandles(KIND_REQUEST, id, value, options)
        .catch((error: Error) => this.#requests.fail(id, error))
    } else this.#outbound.put(KIND_REQUEST, id, value, options.buffers)
    return quiet(this.#requests.wait<Reply>(id, timeoutMs, signal))
  }

  /** Answers the peer's requests from now on. One handler at a time; until there is one, requests fail. */
  serve(handler: RequestHandler<In, Out>): this {
    validateFunction(handler, 'handler')
    this.#serving.handler = handler as RequestHandler<never>
    return this
  }

  /** Sends what is queued and ends; done once the peer has ended, too. */
  close(): Promise<void> {
    if (this.#state === 'closed') return DONE
    const closed = new Promise<void>(resolve => this.once('close', () => resolve()))
    this.#end()
    return closed
  }

  /** Ends it now. What was not sent is dropped; who waits for a reply or a message gets the error. */
  destroy(error: Error | null = null): void {
    if (this.#state === 'closed') return
    this.#error ??= error
    this.#finish()
    this.#wire.destroy()
  }

  /** Keeps the process alive while it is open, which it does unless told otherwise. */
  ref(): this {
    this.#wire.ref()
    return this
  }

  /** Does not keep the process alive. */
  unref(): this {
    this.#wire.unref()
    return this
  }

  /** The messages, in order; throws what ended the channel, unless it was closed. Leaving the loop leaves it open. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Message<In>, void, undefined> {
    for (;;) {
      const next = await this.#inbox.next()
      if (next.done) return
      this.#resumeIfRoom()
      yield next.value
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #reply(id: number, value: unknown, parts: SendOptions): void {
    if (this.#state === 'closed') return
    try {
      if (parts.handles?.length) void this.#outbound.putHandles(KIND_REPLY, id, value, parts)
      else this.#outbound.put(KIND_REPLY, id, value, parts.buffers)
    } catch (error) {
      const { name, message, code = null } = error as NodeJS.ErrnoException
      this.#fail(id, { name, message, code })
    }
  }

  #fail(id: number, error: { name: string; message: string; code: string | null }): void {
    if (this.#state === 'closed') return
    try {
      this.#outbound.put(KIND_FAILURE, id, error)
    } catch {
      this.#tell(KIND_FAILURE, id, { name: error.name, message: 'its message is too long', code: error.code })
    }
  }

  /** What the protocol asks of us. A peer that does not take it ends its channel. */
  #tell(kind: number, id: number, value: unknown): void {
    this.#guard(() => this.#outbound.put(kind, id, value))
  }

  #refuse(options: SendOptions | undefined): Promise<never> {
    const handles = options?.handles ?? []
    const error =
      handles.length > 0
        ? withHandles(ipcError('ERR_X_HANDLE_LOST', handles.length), handles)
        : (this.#error ?? ipcError('ERR_X_CHANNEL_CLOSED'))
    return quiet(Promise.reject(error))
  }

  #onFrame(frame: Frame): void {
    if (frame.ack !== 0 && this.#state !== 'open') {
      // Too late to acknowledge them: they stay their sender's.
      for (const handle of frame.message.handles) handle.close()
      return
    }
    if (frame.refusal !== null) {
      this.#tell(KIND_REFUSAL, frame.ack, frame.refusal)
      return
    }
    switch (frame.kind) {
      case KIND_MESSAGE:
        this.#deliver(frame.message, frame.ack)
        return
      case KIND_REQUEST:
        this.#acknowledge(frame.ack)
        this.#guard(() => this.#serving.accept(frame.id, frame.message))
        if (this.#serving.size >= this.#limits.requestLimit) this.#inbound.pause()
        return
      case KIND_REPLY:
        this.#acknowledge(frame.ack)
        this.#guard(() => {
          if (this.#requests.settle(frame.id, frame.message)) return
          for (const handle of frame.message.handles) handle.close()
        })
        return
      default:
        this.#guard(() => this.#onControl(frame))
    }
  }

  #onControl({ kind, id, message: { value } }: Frame): void {
    if (kind === KIND_CANCEL) this.#serving.cancel(id)
    else if (kind === KIND_ACK || kind === KIND_REFUSAL) {
      if (kind === KIND_ACK) this.#outbound.acks.acknowledge(id)
      else this.#outbound.acks.refuse(id, String(value))
      this.#endIfAcknowledged()
    } else {
      const { name, message, code } = (value ?? {}) as Partial<Record<string, unknown>>
      const error = ipcError(
        'ERR_X_REQUEST_FAILED',
        String(name),
        String(message),
        typeof code === 'string' ? code : null,
      )
      this.#requests.fail(id, error)
    }
  }

  /** A frame that makes no sense ends the channel. */
  #guard(act: () => void): void {
    try {
      act()
    } catch (error) {
      this.destroy(error as Error)
    }
  }

  #acknowledge(ack: number): void {
    if (ack !== 0 && this.#state !== 'closed') this.#outbound.put(KIND_ACK, ack, undefined)
  }

  #deliver(message: Message, ack: number): void {
    const hasHandles = message.handles.length > 0
    if (hasHandles && this.listenerCount('handle') > 0) this.#emitHandles(message, ack)
    else if (this.listenerCount('message') > 0) {
      if (hasHandles) this.#emitHandles(message, ack)
      else this.emit('message', message as Message<In>)
    } else {
      this.#inbox.push(message, hasHandles ? () => this.#acknowledge(ack) : null)
      if (this.#inbox.size >= this.#limits.inboxLimit) this.#inbound.pause()
    }
  }

  // Acknowledged once user code has them: until then a receiver that dies has lost nothing.
  #emitHandles(message: Message, ack: number): void {
    const { value, handles } = message
    let isHeard = false
    try {
      if (this.listenerCount('handle') > 0) this.emit('handle', value as In, ...handles)
      else this.emit('message', message as Message<In>)
      isHeard = true
    } finally {
      if (isHeard || handles.some(handle => handle.fd < 0)) this.#acknowledge(ack)
      else {
        for (const handle of handles) handle.close()
        if (this.#state !== 'closed') this.#tell(KIND_REFUSAL, ack, 'its listener threw')
      }
    }
  }

  #emitWaiting(): void {
    const isHeard = this.listenerCount('message') > 0
    for (const { message, onTaken } of this.#inbox.takeAll()) {
      if (isHeard || (message.handles.length > 0 && this.listenerCount('handle') > 0)) {
        this.#deliver(message, 0)
        onTaken?.()
      } else this.#inbox.push(message, onTaken)
    }
    this.#resumeIfRoom()
  }

  #resumeIfRoom(): void {
    const { inboxLimit, requestLimit } = this.#limits
    if (this.#inbox.size < inboxLimit && this.#serving.size < requestLimit) this.#inbound.resume()
  }

  #onIdle(waitingFor: number): void {
    if (this.#hasPeerEnded && !this.#inbound.isPaused) this.#onPeerEnd()
    else if (this.#state === 'open' && waitingFor !== this.#waitingFor) {
      // A frame has so long as a whole, however it drips.
      this.#waitingFor = waitingFor
      if (waitingFor === 0) this.#patience.stop()
      else this.#patience.waitFor('finished a frame')
    }
  }

  #onPeerEnd(): void {
    if (!this.#inbound.isBetweenFrames) {
      this.destroy(ipcError('ERR_X_CHANNEL_PROTOCOL', 'it ended within a frame'))
      return
    }
    this.#end()
  }

  #end(): void {
    if (this.#state !== 'open') return
    this.#state = 'ending'
    this.#requests.failAll(ipcError('ERR_X_CHANNEL_CLOSED'))
    this.#patience.waitFor('ended its side')
    // A listener that closes us on a handle has this handle acknowledged first.
    process.nextTick(() => this.#endIfAcknowledged())
  }

  // A peer that has taken a handle must not be thought dead before it could say so.
  #endIfAcknowledged(): void {
    if (this.#state !== 'ending' || this.#outbound.acks.count > 0) return
    this.#outbound.flush()
    this.#wire.end()
  }

  #onClose(error: Error | null): void {
    if (this.#state === 'closed') return
    if (error === null && !this.#inbound.isBetweenFrames && this.#state === 'open') {
      this.#error ??= ipcError('ERR_X_CHANNEL_PROTOCOL', 'it went away within a frame')
    }
    this.#error ??= error
    this.#finish()
  }

  #finish(): void {
    this.#state = 'closed'
    this.#patience.stop()
    this.#limits.signal?.removeEventListener('abort', this.#onAbort)
    this.#inbound.close()
    const closed = this.#error ?? ipcError('ERR_X_CHANNEL_CLOSED')
    this.#outbound.fail(closed)
    this.#requests.failAll(closed)
    this.#serving.abortAll()
    this.#inbox.end(this.#error)
    process.nextTick(() => this.emit('close', this.#error))
  }
}
