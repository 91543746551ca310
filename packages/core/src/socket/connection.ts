// A socket's connection while it has one: reading into the stream, and what is sent, by its `Sending`. It knows the stream by
// the narrow face below, and nothing of addresses, timers or events but 'data'.
import { AsyncResource } from 'node:async_hooks'
import type { Writable } from 'node:stream'
import { eventError, systemError } from '../errors/system-error'
import type { Address, ReadSink, Status, StreamHandle } from '../transport/contract'
import { type Activity, type ConnectionStream, isFlowing, kPiped, pipesOf } from './connection-stream'
import { ConnectionFace } from './handle-face'
import { isQueueing, Sending } from './sending'
import { emitData, pushData } from './turn'

export class Connection implements ReadSink {
  readonly handle: StreamHandle
  /**
   * The async context of `connect`; null where the transport brought the connection, and tells its events in a context of
   * their own (law 12 of the contract).
   */
  readonly context: AsyncResource | null
  readonly stream: ConnectionStream
  readonly activity: Activity
  isReading = false
  /** The peer's address once it was asked for: Node tells it until the socket is closed, even where the peer has gone. */
  peer: Address | undefined
  /** Null until something is written, or our side ends: an idle connection has none. */
  #sending: Sending | null = null
  #face: ConnectionFace | null = null

  constructor(
    stream: ConnectionStream,
    activity: Activity,
    handle: StreamHandle,
    context: AsyncResource | null,
  ) {
    this.stream = stream
    this.activity = activity
    this.handle = handle
    this.context = context
  }

  // On the prototype: it costs a connection nothing.
  get kind(): 'connected' {
    return 'connected'
  }

  /** What programs find as `_handle`: the host's own handle, if there is one. */
  get face(): object {
    const { hostHandle } = this.handle
    if (hostHandle !== null) return hostHandle
    this.#face ??= new ConnectionFace(this, (this.context ?? new AsyncResource('TCPWRAP')).asyncId())
    return this.#face
  }

  peername(): Address | undefined {
    if (this.peer === undefined) {
      const peer = this.handle.peername()
      if (typeof peer === 'object') this.peer = peer
    }
    return this.peer
  }

  // Reading.

  /** Starts reading, where it has not been started. */
  read(): void {
    if (this.isReading) return
    this.isReading = true
    const status = this.handle.readStart(this)
    if (status < 0) this.stream.destroy(systemError(status, 'read'))
  }

  stopReading(): void {
    if (!this.isReading) return
    this.isReading = false
    this.handle.readStop()
  }

  onData(chunk: Buffer): void {
    this.activity.touch()
    if (isFlowing(this.stream)) emitData(this.stream, chunk)
    else if (!pushData(this.stream, chunk)) this.stopReading()
    const pipes = pipesOf(this.stream)
    if (pipes.length === 1 && this.isReading) this.stream[kPiped](pipes[0] as Writable)
  }

  onEnd(): void {
    this.isReading = false
    this.stream.push(null)
    // Ends a stream that nobody reads from, too.
    this.stream.read(0)
  }

  onError(status: Status): void {
    this.isReading = false
    this.stream.destroy(eventError(status, 'read'))
  }

  // Writing.

  /** What sends; it is made now where there is none. */
  get sending(): Sending {
    this.#sending ??= new Sending(this)
    return this.#sending
  }

  get isHolding(): boolean {
    return this.#sending?.isHolding === true
  }

  /** Characters and bytes of the writes that are held, as Writable counts them. */
  get heldLength(): number {
    return this.#sending?.heldLength ?? 0
  }

  /** Nothing that was written is still to go to the system, and nothing is held back. */
  get isQuiet(): boolean {
    return this.#sending === null ? !isQueueing(this.stream) : this.#sending.isQuiet
  }

  /** Sends what is held, now. */
  flush(): void {
    this.#sending?.flush()
  }

  /** As `flush`, before the stream is destroyed. */
  flushBeforeDestroy(): void {
    this.#sending?.flushBeforeDestroy()
  }

  /** Bytes that were written and that the handle was given; `queued` are those of Writable's buffer. */
  bytesSent(queued: number): number {
    if (this.#sending !== null) return this.#sending.bytesSent(queued)
    return this.handle.bytesWritten + this.handle.writeQueueSize + queued
  }

  /** Bytes of Writable's queue that the handle was given already. */
  get queuedAhead(): number {
    return this.#sending?.queuedAhead ?? 0
  }

  /** The end of our side is under way. */
  get isEnding(): boolean {
    return this.#sending?.isEnding === true
  }

  /** Fails what Writable has under way: nothing will be told of it any more. */
  abandon(error: Error): void {
    this.#sending?.abandon(error)
  }
}
