// A stream whose operations ask the rules first. It puts the two halves together with connecting, resetting and
// closing; what becomes of bytes is the halves' part.
import { Closing } from '@x/core/internal'
import {
  type Address,
  errno,
  type ReadSink,
  type Status,
  type StreamHandle,
  type StreamOption,
  StreamWrapper,
  type TcpAddress,
} from '@x/core/transport'
import type { Decision } from './decision'
import { FaultyReader } from './faulty-reader'
import { FaultyWriter } from './faulty-writer'
import type { OperationType, Outcome } from './rule'
import type { Rulebook } from './rulebook'
import { Timers } from './timers'

/** A connection under faults. */
export class FaultyStream extends StreamWrapper {
  readonly #rules: Rulebook
  readonly #role: 'client' | 'server'
  readonly #number: number
  readonly #reader: FaultyReader
  readonly #writer: FaultyWriter
  readonly #timers = new Timers()
  readonly #unwatch: () => void
  #target: Address | null = null
  #connecting: ((status: Status) => void) | null = null
  #isHeldConnecting = false
  #isConnected: boolean
  #isBroken = false
  #isInnerClosed = false
  readonly #closing = new Closing(job => void setImmediate(job))

  constructor(inner: StreamHandle, rules: Rulebook, role: 'client' | 'server') {
    super(inner)
    this.#rules = rules
    this.#role = role
    this.#number = rules.number()
    this.#isConnected = role === 'server'
    const port = {
      inner,
      decide: (type: OperationType, bytes: number) => this.#decide(type, bytes),
      breakOff: (outcome: 'reset' | 'end') => this.#breakOff(outcome),
    }
    this.#reader = new FaultyReader(port)
    this.#writer = new FaultyWriter(port)
    this.#unwatch = rules.onChange(() => this.#reconsider())
    if (this.#isConnected) this.#opened()
  }

  override get bytesRead(): number {
    return this.#reader.bytesRead
  }
  override get bytesWritten(): number {
    return this.inner.bytesWritten + this.#writer.dropped
  }
  override get writeQueueSize(): number {
    return this.inner.writeQueueSize + this.#writer.queued
  }

  override bind(at: TcpAddress, flags?: Parameters<StreamHandle['bind']>[1]): Status {
    if (!this.#closing.isOpen) return errno('EBADF')
    const { outcome } = this.#decide('bind', 0)
    return typeof outcome === 'object' ? errno(outcome.fail) : this.inner.bind(at, flags)
  }

  override connect(to: Address, done: (status: Status) => void): Status {
    if (!this.#closing.isOpen) return errno('EBADF')
    if (this.#connecting) return errno('EALREADY')
    if (this.#isConnected) return errno('EISCONN')
    this.#target = to
    const { delayMs, outcome } = this.#decide('connect', 0)
    if (outcome === 'pass' && delayMs === 0) {
      const status = this.inner.connect(to, answer => this.#finishConnect(answer))
      if (status === 0) this.#connecting = done
      return status
    }
    this.#connecting = done
    this.#dialLater(to, { delayMs, outcome })
    return 0
  }

  override sockname(): Address | Status {
    return this.#closing.isOpen ? this.inner.sockname() : errno('EBADF')
  }

  override peername(): Address | Status {
    return this.#closing.isOpen ? this.inner.peername() : errno('EBADF')
  }

  override readStart(sink: ReadSink): Status {
    return this.#refusal() ?? this.#reader.start(sink)
  }

  override readStop(): Status {
    return this.#closing.isOpen ? this.#reader.stop() : errno('EBADF')
  }

  override write(chunks: readonly Uint8Array[], done: (status: Status) => void): Status {
    return this.#refusal() ?? this.#writer.write(chunks, done)
  }

  override shutdown(done: (status: Status) => void): Status {
    return this.#refusal() ?? this.#writer.shutdown(done)
  }

  override reset(done: () => void): Status {
    if (!this.#closing.isOpen) return errno('EBADF')
    this.#closing.begin(done)
    const cancelled = this.#beginClose()
    this.#finishClose(cancelled, closed => {
      if (this.#isInnerClosed || this.inner.reset(closed) < 0) this.inner.close(closed)
    })
    return 0
  }

  override close(done?: () => void): void {
    if (!this.#closing.begin(done)) return
    let delayMs = 0
    // A rule that throws does so from here, and the stream is closed all the same.
    try {
      delayMs = this.#decide('close', 0).delayMs
    } finally {
      const cancelled = this.#beginClose()
      if (delayMs > 0 && !this.#isInnerClosed) this.#timers.start(delayMs, () => this.#finishClose(cancelled))
      else this.#finishClose(cancelled)
    }
  }

  override release(): number {
    if (!this.#closing.isOpen) return errno('EBADF')
    if (this.#writer.queued > 0) return errno('EBUSY')
    const fd = this.inner.release()
    if (fd < 0) return fd
    this.#closing.begin()
    this.#finishClose(this.#beginClose())
    return fd
  }

  override setOption(option: StreamOption): Status {
    return this.#closing.isOpen ? this.inner.setOption(option) : errno('EBADF')
  }

  override getOption(name: 'typeOfService'): number {
    return this.#closing.isOpen ? this.inner.getOption(name) : errno('EBADF')
  }

  override ref(): void {
    this.#reference(true)
  }

  override unref(): void {
    this.#reference(false)
  }

  #reference(isReferenced: boolean): void {
    if (isReferenced) this.inner.ref()
    else this.inner.unref()
    this.#reader.reference(isReferenced)
    this.#writer.reference(isReferenced)
    this.#timers.reference(isReferenced)
  }

  #refusal(): Status | null {
    if (!this.#closing.isOpen) return errno('EBADF')
    return this.#isConnected ? null : errno('ENOTCONN')
  }

  #decide(type: OperationType, bytes: number): Decision {
    return this.#rules.decide({
      type,
      kind: this.kind,
      bytes,
      connection: this.#number,
      role: this.#role,
      remote: this.#target ?? this.inner.peername(),
    })
  }

  #dialLater(to: Address, decision: Pick<Decision, 'delayMs' | 'outcome'>): void {
    const { delayMs, outcome } = decision
    this.#isHeldConnecting = outcome === 'hold'
    if (outcome !== 'hold') this.#timers.start(delayMs, () => this.#dial(to, outcome))
  }

  #dial(to: Address, outcome: Outcome): void {
    if (!this.#closing.isOpen || !this.#connecting || outcome === 'drop') return
    if (outcome === 'reset' || outcome === 'end') this.#finishConnect(errno('ECONNRESET'))
    else if (typeof outcome === 'object') this.#finishConnect(errno(outcome.fail))
    else {
      const status = this.inner.connect(to, answer => this.#finishConnect(answer))
      if (status < 0) this.#finishConnect(status)
    }
  }

  #finishConnect(status: Status): void {
    const done = this.#connecting
    if (!done) return
    this.#connecting = null
    if (status === 0) {
      this.#isConnected = true
      this.#opened()
    }
    done(status)
  }

  /** What a rule does to a connection only because it stands: in its own time. */
  #opened(): void {
    const { delayMs, outcome } = this.#decide('open', 0)
    if (outcome === 'pass' || outcome === 'hold' || outcome === 'drop') return
    this.#timers.start(delayMs, () => {
      if (this.#decide('open', 0).outcome === 'pass') return
      this.#breakOff(outcome === 'end' ? 'end' : 'reset')
    })
  }

  #reconsider(): void {
    if (!this.#closing.isOpen) return
    if (this.#isHeldConnecting && this.#target) this.#dialLater(this.#target, this.#decide('connect', 0))
    if (!this.#isConnected || this.#isBroken) return
    this.#opened()
    this.#reader.reconsider()
    this.#writer.reconsider()
  }

  #breakOff(outcome: 'reset' | 'end'): void {
    if (this.#isBroken || !this.#closing.isOpen) return
    this.#isBroken = true
    if (outcome === 'end') {
      this.#reader.finish(0)
      this.#writer.silence()
      this.inner.shutdown(() => {})
      return
    }
    this.#reader.finish(errno('ECONNRESET'))
    this.#writer.fail(errno('ECONNRESET'), errno('EPIPE'))
    this.#isInnerClosed = true
    if (this.inner.reset(() => {}) < 0) this.inner.close()
  }

  /** Nothing happens here any more. Returns what was pending. */
  #beginClose(): ((status: Status) => void)[] {
    this.#timers.stop()
    this.#unwatch()
    const cancelled = this.#writer.close()
    if (this.#connecting) cancelled.push(this.#connecting)
    this.#connecting = null
    this.#reader.close()
    return cancelled
  }

  /** The stream below first: then what was pending is cancelled, each in a turn of its own, and `done` is last. */
  #finishClose(
    cancelled: readonly ((status: Status) => void)[],
    closeInner = (closed: () => void) => this.inner.close(closed),
  ): void {
    closeInner(() => {
      for (const done of cancelled) setImmediate(done, errno('ECANCELED'))
      setImmediate(() => this.#closing.finish())
    })
  }
}
