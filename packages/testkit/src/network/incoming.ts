// What has arrived at one end of a connection and waits for its reader. It knows the sink, and nothing of the sender.
import type { ReadSink, Status } from '@x/core/transport'

/** As much as one read of a real socket hands over. */
const READ_BYTES = 65536

/** The receive buffer of a stream: bytes in order, then the end or a failure, each told once. */
export class Incoming {
  readonly #post: (job: () => void) => void
  readonly #onConsumed: () => void
  readonly #onFinished: () => void
  readonly #chunks: Buffer[] = []
  #unread = 0
  #ended = false
  #failure: Status = 0
  #finished = false
  #sink: ReadSink | null = null
  #posted = false
  /** Bytes handed to the reader so far. */
  bytesRead = 0

  constructor(post: (job: () => void) => void, onConsumed: () => void, onFinished: () => void) {
    this.#post = post
    this.#onConsumed = onConsumed
    this.#onFinished = onFinished
  }

  /** Bytes that have arrived and were not read. */
  get unread(): number {
    return this.#unread
  }

  /** The peer has ended its side, whether that was read or not. */
  get hasEnd(): boolean {
    return this.#ended
  }

  /** True while a reader listens and more may come. */
  get isReading(): boolean {
    return this.#sink !== null && !this.#finished
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#unread += chunk.length
    this.#schedule()
  }

  end(): void {
    this.#ended = true
    this.#schedule()
  }

  /** What arrived before is still read first, as a kernel does it. */
  fail(status: Status): void {
    if (this.#failure === 0) this.#failure = status
    this.#schedule()
  }

  start(sink: ReadSink): void {
    this.#sink = sink
    this.#schedule()
  }

  stop(): void {
    this.#sink = null
  }

  /** Nothing is read any more. */
  discard(): void {
    this.#sink = null
    this.#finished = true
    this.#chunks.length = 0
    this.#unread = 0
  }

  #schedule(): void {
    if (this.#posted || !this.isReading) return
    if (this.#unread === 0 && !this.#ended && this.#failure === 0) return
    this.#posted = true
    this.#post(() => this.#deliver())
  }

  #deliver(): void {
    this.#posted = false
    const sink = this.#sink
    if (!sink || this.#finished) return
    if (this.#unread > 0) {
      const chunk = this.#take(sink)
      // Before the listener is called, so that its exception costs nobody the rest.
      this.#schedule()
      this.#onConsumed()
      sink.onData(chunk)
      return
    }
    this.#finished = true
    this.#onFinished()
    if (this.#failure !== 0) sink.onError(this.#failure)
    else sink.onEnd()
  }

  #take(sink: ReadSink): Buffer {
    const target = sink.into?.()
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
