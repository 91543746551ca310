// A client that comes back: it connects, and connects again, and sends what waits once it is there. How an attempt to
// connect is made, and what becomes of one errand, its parts know.
import { EventEmitter } from 'node:events'
import { abortError, validateAbortSignal, validateObject } from '@x/core/internal'
import { type Calls, createCalls } from '../calls/calls'
import type { Channel } from '../channel/channel'
import { type Endpoint, readEndpoint } from '../endpoint/endpoint'
import { ipcError } from '../errors/codes'
import { clearTimeout, nextTick, setTimeout, throwLater } from '../host'
import { validateTimeout } from '../protocol/limits'
import type {
  CloseOptions,
  Message,
  Procedures,
  ProceduresOf,
  RequestHandler,
  SendOptions,
  UnknownProcedures,
} from '../protocol/message'
import { checkParts } from '../protocol/parts'
import { quiet } from '../protocol/quiet'
import { encodeName } from '../wire/encoder'
import { attempt } from './attempt'
import { Backoff } from './backoff'
import { type ClientRequestOptions, Errand } from './errand'
import { keepBeside, keepValue } from './kept-value'
import type { ClientOptions, ClientSettings } from './options'
import { readSettings } from './options'
import { Queue } from './queue'

/** The events of a client. */
export interface ClientEvents {
  /** The client is connected, `onConnect` is done, and the queue is being sent. */
  up: [channel: Channel]
  /** It is not connected, or not any more, and why; the next attempt is made in so many milliseconds. */
  down: [error: Error, delayMs: number]
  /** A message of the server. Without a listener it is dropped. */
  message: [message: Message]
  /** It was closed. */
  close: []
}

type State =
  | { readonly name: 'connecting'; readonly controller: AbortController; readonly channel: Channel | null }
  | { readonly name: 'up'; readonly channel: Channel }
  | { readonly name: 'waiting'; readonly timer: NodeJS.Timeout }
  | { readonly name: 'closed' }

/** See `createClient`. */
export class Client<
  Served extends ProceduresOf<Served> = UnknownProcedures,
> extends EventEmitter<ClientEvents> {
  /** The server's procedures as functions, by the type of its handlers: see `createCalls`. */
  readonly call: Calls<Served>
  readonly #where: Endpoint
  readonly #settings: ClientSettings
  readonly #backoff: Backoff
  readonly #queue = new Queue()
  readonly #serving: (RequestHandler<never> | Procedures)[] = []
  /** That of the connection, and those that are being closed. */
  readonly #channels = new Set<Channel>()
  #state: State = { name: 'closed' }
  /** The channel whose server is behind with what has waited. */
  #paced: Channel | null = null
  #places = 0
  #isRef = true
  readonly #onAbort = () => this.destroy(abortError(this.#settings.signal?.reason))

  /** @internal */
  constructor(where: string | Endpoint, options: ClientOptions) {
    super()
    this.#where = readEndpoint(where)
    this.#settings = readSettings(options)
    this.#backoff = new Backoff(this.#settings.firstDelayMs, this.#settings.mostDelayMs)
    this.call = createCalls<Served>(this)
    const { signal } = this.#settings
    signal?.addEventListener('abort', this.#onAbort, { once: true })
    this.#connect()
    if (signal?.aborted) nextTick(this.#onAbort)
  }

  /** The channel of the connection that stands; null while there is none. */
  get channel(): Channel | null {
    return this.#state.name === 'up' ? this.#state.channel : null
  }

  /** Bytes of messages and requests that wait for a connection, or for a server that is behind with them, about. */
  get queued(): number {
    return this.#queue.bytes
  }

  /**
   * Makes a request, now or once there is a connection. A request that certainly has not reached the server is
   * repeated automatically.
   *
   * @throws as `Channel.request`. Rejects with `ERR_X_REQUEST_TIMEOUT`, whose `mayHaveRun` says whether it may have been
   * executed; `ERR_X_OUTCOME_UNKNOWN` where the connection was lost before the reply (with `repeatable` it is sent again);
   * `ERR_X_NOT_SENT` where the client is closed, or more than `queueLimitBytes` would wait.
   */
  request<Reply = unknown>(value: unknown, options: ClientRequestOptions = {}): Promise<Message<Reply>> {
    validateObject(options, 'options')
    const { timeoutMs = this.#settings.requestTimeoutMs, signal, name } = options
    validateTimeout(timeoutMs, 'options.timeoutMs')
    validateAbortSignal(signal, 'options.signal')
    if (name !== undefined) encodeName(name)
    if (signal?.aborted) return quiet(Promise.reject(abortError(signal.reason)))
    return this.#add('request', value, options, timeoutMs) as Promise<Message<Reply>>
  }

  /**
   * Sends a message, now or once there is a connection: as `Channel.send`. Done once the channel has taken it.
   *
   * @throws as `Channel.send`.
   */
  send(value: unknown, options: SendOptions = {}): Promise<void> {
    return this.#add('message', value, options, 0) as Promise<void>
  }

  #add(
    kind: 'message' | 'request',
    value: unknown,
    options: ClientRequestOptions,
    timeoutMs: number,
  ): Promise<unknown> {
    const { channel: channelOptions, queueLimitBytes } = this.#settings
    checkParts(options, channelOptions.handles === true)
    const kept = keepValue(value, channelOptions.clone === true)
    if (this.#state.name === 'closed') return refuse('the client is closed')
    const given = { value: kept, options: keepBeside(options), timeoutMs }
    const errand = new Errand(kind, this.#places++, given, {
      again: each => this.#take(each),
      done: each => this.#queue.remove(each),
    })
    if (!this.#isKeepingUp() && this.#queue.bytes + errand.cost > queueLimitBytes) {
      errand.fail(ipcError('ERR_X_NOT_SENT', `${this.#queue.bytes} bytes wait to be sent`))
    } else this.#take(errand)
    return errand.promise
  }

  /** What is given now is sent now: there is a connection, and its server is not behind. */
  #isKeepingUp(): boolean {
    const { channel } = this
    return channel?.isOpen === true && this.#queue.isEmpty && channel.room === null
  }

  #take(errand: Errand): void {
    const { channel } = this
    if (this.#state.name === 'closed') errand.abandon(null)
    else if (this.#isKeepingUp()) void errand.send(channel!)
    else {
      this.#queue.add(errand)
      if (channel !== null) this.#sendQueue(channel)
    }
  }

  /** Sends what waits, as fast as the server takes it: what was asked in an hour does not end the connection as too much. */
  #sendQueue(channel: Channel): void {
    while (this.channel === channel && channel.isOpen && this.#paced !== channel) {
      const { room } = channel
      if (room !== null) {
        this.#pace(channel, room)
        return
      }
      const errand = this.#queue.take()
      if (errand === undefined) return
      void errand.send(channel)
    }
  }

  #pace(channel: Channel, room: Promise<void>): void {
    this.#paced = channel
    // Where the channel ends first, what waits goes over the next one.
    room.then(
      () => {
        this.#paced = null
        this.#sendQueue(channel)
      },
      () => {},
    )
  }

  /** Handles the server's requests that have no name, on each connection, like `Channel.serve`. @throws as that. */
  serve(handler: RequestHandler<never>): this
  /** Handles the server's requests by name, on each connection, like `Channel.serve`. @throws as that. */
  serve<Served extends ProceduresOf<Served>>(procedures: Served): this
  serve(handler: RequestHandler<never> | Procedures): this {
    this.channel?.serve(handler as Procedures)
    this.#serving.push(handler)
    return this
  }

  #connect(): void {
    const controller = new AbortController()
    this.#state = { name: 'connecting', controller, channel: null }
    const serve = (channel: Channel) => {
      if (this.#state.name === 'connecting') this.#state = { name: 'connecting', controller, channel }
      if (!this.#isRef) channel.unref()
      for (const handler of this.#serving) channel.serve(handler as Procedures)
      channel.on('message', message => this.#onMessage(message))
    }
    attempt(this.#where, this.#settings, { signal: controller.signal, serve }).then(
      channel => this.#up(channel),
      error => this.#down(error as Error),
    )
  }

  #onMessage(message: Message): void {
    if (this.listenerCount('message') > 0) this.emit('message', message)
    else for (const handle of message.handles) handle.close()
  }

  #up(channel: Channel): void {
    if (this.#state.name !== 'connecting') {
      channel.destroy()
      return
    }
    this.#state = { name: 'up', channel }
    this.#backoff.up()
    const down = (error: Error | null) => {
      if (this.channel !== channel) return
      this.#down(error ?? ipcError('ERR_X_CHANNEL_LOST', 'the server has said goodbye'))
    }
    if (channel.ending === null) {
      // What is under way is still answered while the server closes; what is new waits for the next connection.
      this.#channels.add(channel)
      this.#setRef(this.#isRef)
      channel.watch({
        closing: () => down(null),
        ended: error => {
          this.#channels.delete(channel)
          down(error)
        },
      })
    }
    // The server may have begun to close it with its first bytes.
    if (!channel.isOpen) {
      down(null)
      return
    }
    this.#tell(() => this.emit('up', channel))
    if (this.channel !== channel) return
    this.#sendQueue(channel)
  }

  #down(error: Error): void {
    if (this.#state.name === 'closed') return
    const delayMs = this.#backoff.nextDelayMs()
    const timer = setTimeout(() => this.#connect(), delayMs)
    if (!this.#isRef) timer.unref()
    this.#state = { name: 'waiting', timer }
    this.#tell(() => this.emit('down', error, delayMs))
  }

  /** What a listener throws is its own affair. */
  #tell(act: () => void): void {
    try {
      act()
    } catch (error) {
      throwLater(error)
    }
  }

  /**
   * Closes the connection as `Channel.close` does, and makes no other. What waits for one fails with `ERR_X_NOT_SENT`.
   *
   * @throws (rejects) `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`.
   */
  async close(options: CloseOptions = {}): Promise<void> {
    validateObject(options, 'options')
    if (options.timeoutMs !== undefined) validateTimeout(options.timeoutMs, 'options.timeoutMs')
    this.#end(null)
    await Promise.all([...this.#channels].map(channel => channel.close(options)))
  }

  /** Ends it now. */
  destroy(error: Error | null = null): void {
    this.#end(error)
    for (const channel of [...this.#channels]) channel.destroy(error)
  }

  #end(error: Error | null): void {
    const state = this.#state
    if (state.name === 'closed') return
    this.#state = { name: 'closed' }
    this.#settings.signal?.removeEventListener('abort', this.#onAbort)
    if (state.name === 'connecting') state.controller.abort()
    if (state.name === 'waiting') clearTimeout(state.timer)
    for (const errand of this.#queue.takeAll()) errand.abandon(error)
    nextTick(() => this.emit('close'))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Keeps the process alive until it is closed, which is the default. */
  ref(): this {
    return this.#setRef(true)
  }

  /** Does not keep the process alive, and neither do the deadlines of its requests. */
  unref(): this {
    return this.#setRef(false)
  }

  #setRef(isRef: boolean): this {
    this.#isRef = isRef
    this.#queue.setRef(isRef)
    const state = this.#state
    const held = [...this.#channels, state.name === 'connecting' ? state.channel : null]
    for (const each of state.name === 'waiting' ? [state.timer, ...held] : held) {
      if (isRef) each?.ref()
      else each?.unref()
    }
    return this
  }
}

function refuse(why: string): Promise<never> {
  return quiet(Promise.reject(ipcError('ERR_X_NOT_SENT', why)))
}

/**
 * A client of a local server that reconnects: if it cannot connect, or the connection is lost, it tries again after
 * growing, randomly varied waits. Messages and requests wait for a connection. Only `close`, `destroy` or `signal`
 * end it; errors of connecting are reported by `'down'`.
 *
 * `where` is as with `connect`; the server makes a channel of each connection (`createChannel`).
 *
 * @throws `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`, `ERR_X_PATH_TOO_LONG`, `ERR_X_UNSUPPORTED`
 * (`channel.handles` on a transport without descriptors).
 */
export function createClient<Served extends ProceduresOf<Served> = UnknownProcedures>(
  where: string | Endpoint,
  options: ClientOptions = {},
): Client<Served> {
  return new Client<Served>(where, options)
}
