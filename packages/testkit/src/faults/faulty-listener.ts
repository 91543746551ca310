// A listener whose connections ask the rules before they are accepted. It knows streams only to wrap them.
import {
  type AcceptSink,
  type Address,
  type BindFlags,
  errno,
  type ListenerHandle,
  ListenerWrapper,
  type Status,
  type StreamHandle,
  UV_ENOTSUP,
  type WrapAccepted,
} from '@x/core/transport'
import type { Decision } from './decision'
import type { OperationType } from './rule'
import type { Rulebook } from './rulebook'
import { Timers } from './timers'

/** How long a listener waits before it asks again after a shortage, as real ones do. */
const SHORTAGE_RETRY_MS = 100

/** A listener under faults. */
export class FaultyListener extends ListenerWrapper {
  readonly #rules: Rulebook
  readonly #unwatch: () => void
  readonly #timers = new Timers()
  /** Accepted below, and not told yet. */
  readonly #waiting: StreamHandle[] = []
  /** Judged, and told when their delay is over. */
  readonly #delayed = new Set<StreamHandle>()
  #accept: AcceptSink | null = null
  #isShort = false
  #isPaused = false
  #isClosed = false

  constructor(inner: ListenerHandle, wrapAccepted: WrapAccepted, rules: Rulebook) {
    super(inner, wrapAccepted)
    this.#rules = rules
    this.#unwatch = rules.onChange(() => this.#reconsider())
  }

  override pause(): Status {
    const status = this.inner.pause()
    if (status >= 0) this.#isPaused = true
    return status
  }

  override resume(): Status {
    const status = this.inner.resume()
    if (status < 0) return status
    this.#isPaused = false
    this.#timers.start(0, () => this.#reconsider())
    return status
  }

  override bind(at: Address, flags?: BindFlags): Status {
    return this.#failure('bind', at) ?? this.inner.bind(at, flags)
  }

  /** Bare descriptors would go past the rules. */
  override listenDescriptors(): Status {
    return UV_ENOTSUP
  }

  override listen(backlog: number, accept: AcceptSink, done: (status: Status) => void): Status {
    const failure = this.#failure('listen', this.inner.sockname())
    if (failure !== null) return failure
    const status = this.inner.listen(backlog, (told, stream) => this.#offer(told, stream), done)
    if (status >= 0) this.#accept = accept
    return status
  }

  override close(done?: () => void): void {
    this.#isClosed = true
    this.#unwatch()
    this.#timers.stop()
    for (const stream of [...this.#waiting.splice(0), ...this.#delayed]) stream.close()
    this.#delayed.clear()
    this.inner.close(done)
  }

  override release(): number {
    const fd = this.inner.release()
    if (fd >= 0) this.close()
    return fd
  }

  override ref(): void {
    this.inner.ref()
    this.#timers.reference(true)
  }

  override unref(): void {
    this.inner.unref()
    this.#timers.reference(false)
  }

  #decide(type: OperationType, remote: Address | Status): Decision {
    return this.#rules.decide({
      type,
      kind: this.kind,
      bytes: 0,
      connection: 0,
      role: 'listener',
      remote,
    })
  }

  #failure(type: 'bind' | 'listen', at: Address | Status): Status | null {
    const { outcome } = this.#decide(type, at)
    return typeof outcome === 'object' ? errno(outcome.fail) : null
  }

  #offer(status: Status, stream: StreamHandle | null): void {
    if (!stream) this.#accept?.(status, null)
    else if (this.#waiting.length > 0) this.#waiting.push(stream)
    else this.#judge(stream)
  }

  #judge(stream: StreamHandle): void {
    const { delayMs, outcome } = this.#decide('accept', stream.peername())
    if (delayMs <= 0) return this.#settle(stream, outcome)
    this.#delayed.add(stream)
    this.#timers.start(delayMs, () => {
      this.#delayed.delete(stream)
      this.#settle(stream, outcome)
    })
  }

  #settle(stream: StreamHandle, outcome: Decision['outcome']): void {
    if (this.#isPaused || outcome === 'hold') this.#waiting.push(stream)
    else if (typeof outcome === 'object') this.#shortage(stream, errno(outcome.fail))
    else if (outcome === 'reset') stream.reset(() => {})
    else if (outcome === 'drop' || outcome === 'end') stream.close()
    else {
      this.#isShort = false
      this.#accept?.(0, this.wrapAccepted(stream))
    }
  }

  /** Told once; the connection waits, and is tried again. */
  #shortage(stream: StreamHandle, status: Status): void {
    this.#waiting.unshift(stream)
    this.#timers.start(SHORTAGE_RETRY_MS, () => this.#reconsider())
    if (this.#isShort) return
    this.#isShort = true
    this.#accept?.(status, null)
  }

  /** What waits is asked about again, one in a turn. */
  #reconsider(): void {
    if (this.#isClosed || this.#isPaused) return
    const stream = this.#waiting.shift()
    if (!stream) return
    const waited = this.#waiting.length
    if (waited > 0) this.#timers.start(0, () => this.#reconsider())
    this.#judge(stream)
  }
}
