// The two ends of a connection while it is being made: the answer and the call are theirs, and all else is the streams'. It
// knows no listener and no route.
import type { Status } from '@x/core/transport'
import type { LaneEnd, Segment } from './fabric'
import type { VirtualStream } from './stream'

/** The client's end of a connection: what it hears first is the answer. */
export class ClientEnd implements LaneEnd {
  readonly #stream: VirtualStream
  readonly #server: ServerEnd

  constructor(stream: VirtualStream, server: ServerEnd) {
    this.#stream = stream
    this.#server = server
  }

  get unread(): number {
    return this.#stream.unread
  }

  arrive(segment: Segment): boolean {
    if (segment.kind !== 'syn-ack') return this.#stream.arrive(segment)
    if (this.#server.stream) this.#stream.established(this.#server.stream)
    return true
  }

  acknowledged(): void {}

  arriveReset(): void {
    this.#stream.arriveReset()
  }

  hasRoom(): void {
    this.#stream.hasRoom()
  }

  lost(status: Status): void {
    this.#stream.lost(status)
  }
}

/** The server's end of a connection: there is a stream once a listener has taken the call. */
export class ServerEnd implements LaneEnd {
  readonly #received: () => boolean
  stream: VirtualStream | null = null

  constructor(received: () => boolean) {
    this.#received = received
  }

  get unread(): number {
    return this.stream?.unread ?? 0
  }

  arrive(segment: Segment): boolean {
    return segment.kind === 'syn' ? this.#received() : (this.stream?.arrive(segment) ?? true)
  }

  acknowledged(segment: Segment): void {
    this.stream?.acknowledged(segment)
  }

  arriveReset(): void {
    this.stream?.arriveReset()
  }

  hasRoom(): void {
    this.stream?.hasRoom()
  }

  lost(status: Status): void {
    this.stream?.lost(status)
  }
}
