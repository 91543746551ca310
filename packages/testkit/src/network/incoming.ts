// What has arrived at one end of a connection and waits for its reader. It knows the sink, and nothing of the sender.
import type { ReadSink, Status } from '@x/core/transport'
import { libuvMinor } from '../host'
import type { Calls } from './event-loop'

/** As much as one read of a real socket hands over. */
const READ_BYTES = 65536

/** Up to 1.51 libuv asks nothing more of a connection that the poll said to be gone, behind a read that had room for more. */
const endsAtHangUp = libuvMinor < 52

/** libuv reads a descriptor so many times before it goes on to the next. */
const MOST_READS = 32

/** How the receive buffer reaches its stream. */
export interface IncomingPort {
  /** A reader waits, or waits no more. */
  watch(isReading: boolean): void
  /** Bytes have arrived. */
  arrived(): void
  /** A part was read: there is room. */
  consumed(): void
  /** No more will be read. */
  finished(): void
  /** What read(2) answers behind the last byte: 0 at the end, an error, or null where more may come. */
  outcome(): Status | null
}

/** The receive buffer of a stream: bytes in order, then the end or a failure, each told once. */
export class Incoming {
  readonly #port: IncomingPort
  readonly #chunks: Buffer[] = []
  #unread = 0
  #finished = false
  /** The last read had room for more. */
  #isPartial = false
  #sink: ReadSink | null = null
  /** Bytes handed to the reader so far. */
  bytesRead = 0

  constructor(port: IncomingPort) {
    this.#port = port
  }

  /** Bytes that have arrived and were not read. */
  get unread(): number {
    return this.#unread
  }

  /** True while a reader listens and more may come. */
  get isReading(): boolean {
    return this.#sink !== null && !this.#finished
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#unread += chunk.length
    this.#port.arrived()
  }

  start(sink: ReadSink): void {
    this.#sink = sink
    if (!this.#finished) this.#port.watch(true)
  }

  stop(): void {
    this.#sink = null
    this.#port.watch(false)
  }

  /** Nothing is read any more. */
  discard(): void {
    this.#sink = null
    this.#finished = true
    this.#chunks.length = 0
    this.#unread = 0
  }

  /** Reads until a read had room for more (uv__read). */
  *read(): Calls {
    this.#isPartial = false
    for (let reads = MOST_READS; reads > 0 && this.isReading && !this.#isPartial; reads--) {
      if (this.#unread > 0) yield () => this.#deliver()
      else {
        const outcome = this.#port.outcome()
        if (outcome !== null) yield* this.#end(outcome)
        return
      }
    }
  }

  /** The poll said that the connection has gone. */
  *hangUp(): Calls {
    if (endsAtHangUp && this.isReading && this.#isPartial) yield* this.#end(0)
  }

  *#end(outcome: Status): Calls {
    const sink = this.#sink
    this.#finished = true
    this.#port.watch(false)
    this.#port.finished()
    if (outcome < 0) yield () => sink?.onError(outcome)
    else yield () => sink?.onEnd()
  }

  #deliver(): void {
    const sink = this.#sink
    if (sink === null) return
    const room = sink.into?.()
    const chunk = this.#take(room)
    this.#isPartial = chunk.length < (room?.byteLength ?? READ_BYTES)
    this.#port.consumed()
    sink.onData(chunk)
  }

  #take(target: Uint8Array | undefined): Buffer {
    const limit = Math.min(target?.byteLength ?? READ_BYTES, this.#unread)
    const first = this.#chunks[0]!
    let chunk: Buffer
    if (!target && first.length <= limit && (this.#chunks.length === 1 || first.length === limit)) {
      chunk = first
      this.#chunks.shift()
    } else {
      chunk = target ? Buffer.from(target.buffer, target.byteOffset, limit) : Buffer.allocUnsafe(limit)
      this.#fill(chunk)
    }
    this.#unread -= chunk.length
    this.bytesRead += chunk.length
    return chunk
  }

  #fill(into: Buffer): void {
    let at = 0
    while (at < into.length) {
      const chunk = this.#chunks[0]!
      const bytes = chunk.copy(into, at, 0, into.length - at)
      at += bytes
      if (bytes === chunk.length) this.#chunks.shift()
      else this.#chunks[0] = chunk.subarray(bytes)
    }
  }
}
