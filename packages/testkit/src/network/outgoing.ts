// What one end of a connection was given to send: the part that the network has not taken yet, and the end behind it.
// It knows how much room there is and nothing of who reads.
import { errno, type Status } from '@x/core/transport'
import type { Call, Calls } from './event-loop'

/** How the queue reaches its stream. */
export interface OutgoingPort {
  /** Writes wait for room, or wait no more. */
  watch(isWaiting: boolean): void
  /** Has the loop call `flow` behind its poll. */
  feed(): void
  /** Bytes that the network takes now. */
  room(): number
  segmentBytes(): number
  emit(bytes: Buffer): void
  /** shutdown(2) of the send side: its answer. */
  emitEnd(): Status
  /** A request began or ended. */
  onChange(): void
  /** Why write(2) is refused; 0 where it is not. */
  refusal(): Status
}

interface Write {
  readonly chunks: Uint8Array[]
  left: number
  readonly done: (status: Status) => void
}

/** The send side of a stream: writes in order, then at most one end. */
export class Outgoing {
  readonly #port: OutgoingPort
  readonly #writes: Write[] = []
  /** Writes that are over, and whose `done` has not been called yet. */
  #over: Call[] = []
  #shutdown: ((status: Status) => void) | null = null
  #isOpen = false
  #endAsked = false
  /** The end was sent. */
  ended = false
  /** Bytes that the network has taken so far. */
  bytesWritten = 0
  /** Bytes that it has not taken yet. */
  queued = 0

  constructor(port: OutgoingPort) {
    this.#port = port
  }

  get isPending(): boolean {
    return this.#writes.length > 0 || this.#shutdown !== null
  }

  /** The connection stands: what waits goes out. */
  open(): void {
    this.#isOpen = true
    if (this.isPending) this.#port.feed()
  }

  write(chunks: readonly Uint8Array[], done: (status: Status) => void): Status {
    if (this.#endAsked) return errno('EPIPE')
    const write: Write = { chunks: [], left: 0, done }
    for (const chunk of chunks) {
      if (chunk.byteLength === 0) continue
      write.chunks.push(chunk)
      write.left += chunk.byteLength
    }
    if (this.#isOpen && this.#writes.length === 0) {
      const refusal = this.#port.refusal()
      if (refusal < 0) return refusal
      this.queued += write.left
      this.#send(write)
      if (write.left === 0) return 1
    } else this.queued += write.left
    this.#writes.push(write)
    if (this.#isOpen) this.#port.watch(true)
    this.#port.onChange()
    return 0
  }

  shutdown(done: (status: Status) => void): Status {
    if (this.#endAsked) return errno('ENOTCONN')
    this.#endAsked = true
    this.#shutdown = done
    this.#port.onChange()
    if (this.#isOpen && this.#writes.length === 0) this.#port.feed()
    return 0
  }

  /** The descriptor may be written to, or was fed: writes, then calls back, then ends (uv__write, uv__drain). */
  *flow(): Calls {
    if (!this.#isOpen) return
    this.#pump()
    const over = this.#over
    this.#over = []
    yield* over
    if (this.#writes.length > 0) return
    this.#port.watch(false)
    const done = this.#shutdown
    if (done === null) return
    this.#shutdown = null
    this.#port.onChange()
    this.ended = true
    const status = this.#port.emitEnd()
    yield () => done(status)
  }

  /** The handle closes: what its requests are told is called then. */
  cancel(): Call[] {
    const status = errno('ECANCELED')
    const calls = [
      ...this.#over,
      ...this.#writes.map(
        ({ done }) =>
          () =>
            done(status),
      ),
    ]
    const shutdown = this.#shutdown
    if (shutdown !== null) calls.push(() => shutdown(status))
    this.#over = []
    this.#writes.length = 0
    this.#shutdown = null
    this.queued = 0
    return calls
  }

  #pump(): void {
    for (let write = this.#writes[0]; write; write = this.#writes[0]) {
      const refusal = this.#port.refusal()
      if (refusal === 0) this.#send(write)
      if (refusal === 0 && write.left > 0) return
      const { done } = write
      this.#writes.shift()
      this.queued -= write.left
      this.#over.push(() => done(refusal))
      this.#port.onChange()
    }
  }

  #send(write: Write): void {
    while (write.left > 0) {
      const room = this.#port.room()
      if (room <= 0) return
      const segment = take(write, Math.min(room, this.#port.segmentBytes(), write.left))
      this.queued -= segment.length
      this.bytesWritten += segment.length
      this.#port.emit(segment)
    }
  }
}

/** Copies the next bytes out of a write: the caller may change its chunks once they are taken. */
function take(write: Write, bytes: number): Buffer {
  const segment = Buffer.allocUnsafe(bytes)
  let at = 0
  while (at < bytes) {
    const chunk = write.chunks[0]!
    const part = chunk.subarray(0, bytes - at)
    segment.set(part, at)
    at += part.byteLength
    if (part.byteLength === chunk.byteLength) write.chunks.shift()
    else write.chunks[0] = chunk.subarray(part.byteLength)
  }
  write.left -= bytes
  return segment
}
