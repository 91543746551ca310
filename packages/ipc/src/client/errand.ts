// One message or request of a client on its way: perhaps over several channels, until it is done, or its time is over. It
// knows no queue and makes no connection.
import { abortError } from '@x/core/internal'
import type { Channel } from '../channel/channel'
import { because, ipcError } from '../errors/codes'
import { clearTimeout, monotonicMs, setTimeout } from '../host'
import type { Message, RequestOptions, SendOptions } from '../protocol/message'
import { quiet } from '../protocol/quiet'
import type { KeptValue } from './kept-value'

/** How a client's request is made. */
export interface ClientRequestOptions extends RequestOptions {
  /**
   * The request may be executed twice: if the outcome of an attempt is unknown, it is sent again over the next
   * connection. Default: false, it fails with `ERR_X_OUTCOME_UNKNOWN`.
   */
  readonly repeatable?: boolean
}

export interface ErrandSurroundings {
  /** It is to be sent again. */
  again(errand: Errand): void
  /** It is done, or has failed. */
  done(errand: Errand): void
}

/** An error that says whether a request may have been executed. */
type Outcome = NodeJS.ErrnoException & { readonly mayHaveRun?: boolean }

const ENTRY_COST = 512

export class Errand {
  /** Its place among all of its client. */
  readonly place: number
  /** Memory that it takes while it waits, about. */
  readonly cost: number
  readonly promise: Promise<Message<never> | undefined>
  readonly #kind: 'message' | 'request'
  readonly #value: KeptValue
  readonly #options: ClientRequestOptions
  readonly #about: ErrandSurroundings
  readonly #timeoutMs: number
  readonly #startedMs = monotonicMs()
  #resolve: (reply: Message<never> | undefined) => void = () => {}
  #reject: (error: Error) => void = () => {}
  #timer: NodeJS.Timeout | null = null
  #state: 'waiting' | 'sent' | 'done' = 'waiting'
  /** An attempt before may have been executed. */
  #mayHaveRun = false
  readonly #onAbort = () => {
    if (this.#state === 'waiting') this.fail(abortError(this.#options.signal?.reason))
  }

  constructor(
    kind: 'message' | 'request',
    place: number,
    { value, options, timeoutMs }: { value: KeptValue; options: ClientRequestOptions; timeoutMs: number },
    about: ErrandSurroundings,
  ) {
    this.#kind = kind
    this.place = place
    this.#value = value
    this.#options = options
    this.#timeoutMs = timeoutMs
    this.#about = about
    const beside = (options.buffers ?? []).reduce((sum, each) => sum + each.byteLength, 0)
    this.cost = ENTRY_COST + value.bytes + beside
    this.promise = quiet(
      new Promise((resolve, reject) => {
        this.#resolve = resolve
        this.#reject = reject
      }),
    )
    options.signal?.addEventListener('abort', this.#onAbort, { once: true })
    this.#await(timeoutMs)
  }

  /** Waits for its turn; 0: for ever. */
  #await(ms: number): void {
    this.#state = 'waiting'
    if (ms > 0) this.#timer = setTimeout(() => this.fail(this.#tooLate()), ms)
  }

  /** Whether its deadline keeps the process alive. */
  setRef(isRef: boolean): void {
    if (isRef) this.#timer?.ref()
    else this.#timer?.unref()
  }

  #leftMs(): number {
    if (this.#timeoutMs === 0) return Number.POSITIVE_INFINITY
    return this.#timeoutMs - (monotonicMs() - this.#startedMs)
  }

  #tooLate(cause?: unknown): Error {
    return because(ipcError('ERR_X_REQUEST_TIMEOUT', this.#timeoutMs, this.#mayHaveRun), cause)
  }

  /** Sends it over this channel, which keeps the time and the signal from now on. */
  async send(channel: Channel): Promise<void> {
    if (this.#state !== 'waiting') return
    this.#state = 'sent'
    this.#stopTimer()
    try {
      const reply = await this.#sendOver(channel)
      if (this.#finish()) this.#resolve(reply)
    } catch (error) {
      this.#failed(error as Outcome)
    }
  }

  async #sendOver(channel: Channel): Promise<Message<never> | undefined> {
    const { repeatable: _mine, ...options } = this.#options
    if (this.#kind === 'message') {
      await channel.send(this.#value.get(), options as SendOptions)
      return undefined
    }
    const timeoutMs = this.#timeoutMs === 0 ? 0 : Math.ceil(Math.max(1, this.#leftMs()))
    return await channel.request<never>(this.#value.get(), { ...options, timeoutMs })
  }

  #failed(error: Outcome): void {
    const isUnknown = error.code === 'ERR_X_OUTCOME_UNKNOWN'
    const isNotSent = error.code === 'ERR_X_NOT_SENT'
    if (isUnknown || error.mayHaveRun === true) this.#mayHaveRun = true
    const mayGoAgain = isNotSent || (isUnknown && this.#options.repeatable === true)
    if (error.code === 'ERR_X_REQUEST_TIMEOUT' || (mayGoAgain && this.#leftMs() <= 0)) {
      this.fail(this.#tooLate(error))
    } else if (mayGoAgain && this.#state === 'sent') {
      this.#await(this.#timeoutMs === 0 ? 0 : this.#leftMs())
      this.#about.again(this)
    } else this.fail(error)
  }

  /** It will not be sent any more. */
  fail(error: Error): void {
    if (this.#finish()) this.#reject(error)
  }

  /** What has not been sent fails as such; what may have been executed before, as such. */
  abandon(cause: Error | null): void {
    const code = this.#mayHaveRun ? 'ERR_X_OUTCOME_UNKNOWN' : 'ERR_X_NOT_SENT'
    this.fail(because(ipcError(code, 'the client is closed'), cause))
  }

  #finish(): boolean {
    if (this.#state === 'done') return false
    this.#state = 'done'
    this.#stopTimer()
    this.#options.signal?.removeEventListener('abort', this.#onAbort)
    this.#about.done(this)
    return true
  }
  #stopTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }
}
