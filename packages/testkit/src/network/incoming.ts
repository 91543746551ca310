// What has arrived at one end of a connection and waits for its reader. It knows the sink, and nothing of the sender.
import type { ReadSink, Status } from '@x/core/transport'

/** As much as one read of a real socket hands over. */
const READ_BYTES = 65536

/** How the receive buffer reaches its stream. */
export interface IncomingPort {
  post(job: () => void): void
  /** A part was read: there is room. */
  consumed(): void
  /** No more will be read. */
  finished(): void
  /** The failure of the connection, for whoever asks first; 0 where somebody else has it. */
  takeFailure(): Status
}

/** The receive buffer of a stream: bytes in order, then the end or a failure, each told once. */
export class Incoming {
  readonly #port: IncomingPort
  readonly #chunks: Buffer[] = []
  #unread = 0
  #ended = false
  #hasFailed = false
  #finished = false
  #sink: ReadSink | null = null
  #posted = false
  /** Bytes handed to the reader so far. */
  bytesRead = 0

  constructor(port: IncomingPort) {
    this.#port = port
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
  fail(): void {
    this.#hasFailed = true
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
    if (this.#unread === 0 && !this.#ended && !this.#hasFailed) return
    this.#posted = true
    this.#port.post(() => this.#deliver())
  }

  #deliver(): void {
    this.#posted = false
    const sink = this.#sink
    if (!sink || this.#finished) return
    if (this.#unread > 0) {
      const room = sink.into?.()
      const chunk = this.#take(room)
      // Who reads less than there is room for, of a connection that hangs up, sees the end: no read asks for the error (libuv).
      if (this.#hasFailed && chunk.length < (room?.byteLength ?? READ_BYTES)) this.#ended = true
      // Before the listener is called, so that its exception costs nobody the rest.
      this.#schedule()
      this.#port.consumed()
      sink.onData(chunk)
      return
    }
    this.#finished = true
    this.#port.finished()
    const failure = this.#ended ? 0 : this.#port.takeFailure()
    if (failure !== 0) sink.onError(failure)
    else sink.onEnd()
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
