// The receiving half of a stream under faults: pieces of reads, and the end, in order, when the rules let them through.
// It knows the rules' decisions and the stream below; the laws of the contract hold towards the caller.
import { errno, type ReadSink, type Status, type StreamHandle } from '@x/core/transport'
import type { Decision } from './decision'
import { DelayLine, type LineItem, timing } from './delay-line'
import type { Outcome } from './rule'

/** What may wait here before the stream below is no longer read, so that back-pressure reaches the peer. */
const MOST_QUEUED = 262_144

/** What the reader needs of its stream. */
export interface ReaderPort {
  readonly inner: StreamHandle
  decide(type: 'read' | 'end', bytes: number): Decision
  breakOff(outcome: 'reset' | 'end'): void
}

interface Item extends LineItem {
  readonly outcome: Outcome
  /** Bytes, or how reading ends: 0 at the end, else an error. */
  readonly what: Buffer | Status
}

/** Reads in pieces, each with its fate. */
export class FaultyReader {
  readonly #port: ReaderPort
  readonly #line: DelayLine<Item>
  #sink: ReadSink | null = null
  #isInnerReading = false
  #isOver = false
  #queued = 0
  #isScheduled = false
  /** Handed to the reader so far. */
  bytesRead = 0

  constructor(port: ReaderPort) {
    this.#port = port
    this.#line = new DelayLine(() => this.#run())
  }

  start(sink: ReadSink): Status {
    if (!this.#isOver && !this.#isInnerReading && this.#queued < MOST_QUEUED) {
      const status = this.#startInner()
      if (status < 0) return status
    }
    this.#sink = sink
    this.#schedule()
    return 0
  }

  stop(): Status {
    this.#sink = null
    return this.#stopInner()
  }

  /** The rules have changed: what they held is asked again. */
  reconsider(): void {
    this.#line.replaceHeld(held => this.#plan(held.what))
    this.#schedule()
  }

  /** Reading ends so, and what waits is lost: 0 for an end. Told in a later turn. */
  finish(status: Status): void {
    if (this.#isOver && this.#line.items.length === 0) return
    if (this.#isInnerReading) this.#stopInner()
    this.#line.clear()
    this.#queued = 0
    this.#isOver = true
    this.#line.push({ ...timing(0, 'pass'), outcome: 'pass', what: status })
    this.#schedule()
  }

  close(): void {
    this.#sink = null
    this.#isOver = true
    this.#line.clear()
  }

  reference(isReferenced: boolean): void {
    this.#line.reference(isReferenced)
  }

  #startInner(): Status {
    const status = this.#port.inner.readStart({
      onData: chunk => this.#arrive(chunk),
      onEnd: () => this.#arrive(0),
      onError: error => this.#arrive(error),
    })
    this.#isInnerReading = status >= 0
    return status
  }

  #stopInner(): Status {
    this.#isInnerReading = false
    return this.#port.inner.readStop()
  }

  #arrive(what: Buffer | Status): void {
    if (this.#isOver) return
    if (typeof what === 'number') {
      this.#isOver = true
      this.#isInnerReading = false
    }
    const isNext = this.#line.items.length === 0 && !this.#isScheduled
    this.#line.push(...this.#plan(what))
    if (typeof what !== 'number') this.#queued += what.length
    if (this.#queued >= MOST_QUEUED && this.#isInnerReading) this.#stopInner()
    // In the turn of the stream below where nothing is before it, as without faults.
    if (isNext) this.#run()
    else this.#schedule()
  }

  #plan(what: Buffer | Status): Item[] {
    if (typeof what === 'number') {
      const { delayMs, outcome } =
        what === 0 ? this.#port.decide('end', 0) : { delayMs: 0, outcome: 'pass' as const }
      return [{ ...timing(delayMs, outcome), outcome, what }]
    }
    const items: Item[] = []
    for (let at = 0; at < what.length; ) {
      const { delayMs, bytes, outcome } = this.#port.decide('read', what.length - at)
      const length = outcome === 'hold' ? what.length - at : bytes
      items.push({ ...timing(delayMs, outcome), outcome, what: what.subarray(at, at + length) })
      at += length
    }
    return items
  }

  #schedule(): void {
    if (this.#isScheduled || !this.#sink || this.#line.items.length === 0) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.#run()
    })
  }

  /** One item in a turn. The next is seen to before anybody is called, so that what they throw costs nothing. */
  #run(): void {
    const sink = this.#sink
    const item = sink && this.#line.take()
    if (!item) return
    const { outcome, what } = item
    if (typeof what !== 'number') this.#queued -= what.length
    this.#schedule()
    this.#refill()
    if (outcome === 'reset' || outcome === 'end') this.#port.breakOff(outcome)
    else if (typeof outcome === 'object') this.finish(errno(outcome.fail))
    else if (outcome === 'drop') return
    else if (typeof what !== 'number') this.#deliver(sink, item, what)
    else {
      this.#sink = null
      if (what === 0) sink.onEnd()
      else sink.onError(what)
    }
  }

  #deliver(sink: ReadSink, item: Item, bytes: Buffer): void {
    const target = sink.into?.()
    const length = Math.min(bytes.length, target?.byteLength ?? bytes.length)
    if (length < bytes.length) {
      this.#line.unshift({ ...item, what: bytes.subarray(length) })
      this.#queued += bytes.length - length
      this.#schedule()
    }
    const chunk = target ? Buffer.from(target.buffer, target.byteOffset, length) : bytes
    if (target) bytes.copy(chunk, 0, 0, length)
    this.bytesRead += length
    sink.onData(chunk)
  }

  #refill(): void {
    if (this.#sink && !this.#isOver && !this.#isInnerReading && this.#queued < MOST_QUEUED) this.#startInner()
  }
}
