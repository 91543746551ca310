// What one end of a connection was given to send: the part that the network has not taken yet, and the end behind it.
// It knows how much room there is and nothing of who reads.
import { errno, type Status } from '@x/core/transport'
import type { Order } from './fabric'

/** How the queue reaches its stream. */
export interface OutgoingPort {
  /** Bytes that the network takes now. */
  room(): number
  segmentBytes(): number
  emit(bytes: Buffer): void
  emitEnd(): void
  post(job: () => void, order: Order): void
  /** A request began or ended. */
  onChange(): void
  /** The failure of the connection, for whoever asks first; 0 where somebody else has it. */
  takeFailure(): Status
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
  #shutdown: ((status: Status) => void) | null = null
  #isOpen = false
  /** Nothing is taken any more. */
  #hasFailed = false
  #endAsked = false
  /** Requests that are over, and whose `done` has not been called yet. */
  #settling = 0
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
    this.pump()
  }

  write(chunks: readonly Uint8Array[], done: (status: Status) => void): Status {
    if (this.#hasFailed) return this.#port.takeFailure() || errno('EPIPE')
    if (this.#endAsked) return errno('EPIPE')
    const write: Write = { chunks: [], left: 0, done }
    for (const chunk of chunks) {
      if (chunk.byteLength === 0) continue
      write.chunks.push(chunk)
      write.left += chunk.byteLength
    }
    this.queued += write.left
    if (this.#isOpen && this.#writes.length === 0) {
      this.#send(write)
      if (write.left === 0) return 1
    }
    this.#writes.push(write)
    this.#port.onChange()
    return 0
  }

  shutdown(done: (status: Status) => void): Status {
    if (this.#endAsked) return errno('ENOTCONN')
    this.#endAsked = true
    if (this.#hasFailed) {
      this.#settle(done, errno('ENOTCONN'), 'first')
      return 0
    }
    this.#shutdown = done
    this.#port.onChange()
    this.pump()
    return 0
  }

  /** Sends what there is room for. */
  pump(): void {
    if (!this.#isOpen || this.#hasFailed) return
    for (let write = this.#writes[0]; write; write = this.#writes[0]) {
      this.#send(write)
      if (write.left > 0) return
      this.#writes.shift()
      this.#settle(write.done, 0)
    }
    if (this.#shutdown) {
      const done = this.#shutdown
      this.#shutdown = null
      this.ended = true
      this.#port.emitEnd()
      this.#settle(done, 0, this.#settling > 0 ? 'last' : 'first')
    }
  }

  /** Everything that waits fails with `status`; later writes with the connection's failure, then with `EPIPE`. */
  fail(status: Status, order: Order = 'last'): void {
    this.#hasFailed = true
    const writes = this.#writes.splice(0)
    const shutdown = this.#shutdown
    this.#shutdown = null
    this.queued = 0
    for (const write of writes) this.#settle(write.done, status, order)
    if (shutdown) this.#settle(shutdown, status, order)
  }

  #settle(done: (status: Status) => void, status: Status, order: Order = 'last'): void {
    this.#settling++
    this.#port.post(() => {
      this.#settling--
      this.#port.onChange()
      done(status)
    }, order)
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
