// The receiving half of a channel: bytes to messages, one by one, and stopping in between. It knows how a payload is
// decoded, not what is done with it.
import { ipcError } from '../errors/codes'
import { Arrivals } from './arrivals'
import {
  ENCODING_PACKED,
  EXTENDED,
  KIND_ACK,
  KIND_CANCEL,
  KIND_MESSAGE,
  KIND_REFUSAL,
  type Preamble,
  VERSION,
} from './frame'
import { FrameReader } from './frame-reader'
import type { Message } from './message'
import type { ChannelLimits } from './options'
import { unpackValues } from './packed-values'
import { decodeExtended, decodeValue } from './value'
import type { Wire } from './wire'

/** A frame, decoded. `ack` is the number under which its handles are to be acknowledged, or 0. */
export interface Frame {
  readonly kind: number
  readonly id: number
  readonly message: Message
  readonly ack: number
  /** Why its handles were not taken; null where nothing is wrong. */
  readonly refusal: string | null
}

export interface FrameSink {
  onPreamble(preamble: Preamble): void
  /** May throw: what a listener threw. The frames after it still come. */
  onFrame(frame: Frame): void
  onProtocolError(error: Error): void
  /** All that has come is read. The number of the frame that is here in part, or 0. */
  onIdle(waitingFor: number): void
}

const NONE: readonly never[] = []

export class Inbound {
  mayClone = false
  readonly #reader: FrameReader
  readonly #arrivals: Arrivals
  readonly #wire: Wire
  readonly #sink: FrameSink
  /** The values of one frame that were not handed on yet. */
  #values: unknown[] | null = null
  #valueAt = 0
  #isReading = false
  #isPaused = false
  #isClosed = false
  #count = 0

  constructor(wire: Wire, limits: ChannelLimits, sink: FrameSink) {
    this.#wire = wire
    this.#sink = sink
    this.#reader = new FrameReader(limits.frameLimitBytes)
    this.#arrivals = new Arrivals(wire.transport ?? null, limits.handleLimit)
  }

  /** Nothing is begun and nothing waits. */
  get isBetweenFrames(): boolean {
    return this.#reader.isBetweenFrames && this.#values === null
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  push(chunk: Buffer, fds: readonly number[] | null): void {
    if (fds !== null && fds.length > 0 && !this.#add(fds)) return
    if (this.#isClosed) this.#arrivals.closeAll()
    else {
      this.#reader.push(chunk)
      this.read()
    }
  }

  #add(fds: readonly number[]): boolean {
    try {
      this.#arrivals.add(fds)
      return true
    } catch (error) {
      this.close()
      this.#sink.onProtocolError(error as Error)
      return false
    }
  }

  pause(): void {
    if (this.#isPaused || this.#isClosed) return
    this.#isPaused = true
    this.#wire.pause()
  }

  resume(): void {
    if (!this.#isPaused || this.#isClosed) return
    this.#isPaused = false
    this.#wire.resume()
    process.nextTick(() => this.read())
  }

  close(): void {
    this.#isClosed = true
    this.#arrivals.closeAll()
  }

  read(): void {
    if (this.#isReading) return
    this.#isReading = true
    let isDone = false
    try {
      for (;;) {
        if (this.#isPaused || this.#isClosed) break
        const frame = this.#next()
        if (frame === null) break
        if (frame.kind !== 0) this.#sink.onFrame(frame)
      }
      isDone = true
    } finally {
      this.#isReading = false
      if (!isDone) process.nextTick(() => this.read())
    }
    if (this.#isClosed) return
    this.#sink.onIdle(!this.#isPaused && this.#reader.isWaiting ? this.#count + 1 : 0)
  }

  #next(): Frame | null {
    if (this.#values !== null) return this.#nextValue(this.#values)
    try {
      if (this.#reader.next()) {
        this.#count++
        return this.#decode()
      }
      // What came with bytes of no frame that has handles was not asked for.
      if (this.#arrivals.hasGroup && this.#reader.isBetweenFrames) this.#arrivals.checkNoneLeft()
    } catch (error) {
      this.close()
      this.#sink.onProtocolError(error as Error)
    }
    return null
  }

  #nextValue(values: readonly unknown[]): Frame {
    const value = values[this.#valueAt++]
    if (this.#valueAt === values.length) this.#values = null
    return plainFrame(KIND_MESSAGE, 0, value)
  }

  #decode(): Frame {
    const { kind, encoding, id, handles, body, start, end } = this.#reader
    if (kind === 0) {
      this.#begin(this.#reader.preamble!)
      return { kind, id, message: EMPTY, ack: 0, refusal: null }
    }
    if (kind === KIND_ACK || kind === KIND_CANCEL) {
      if (start !== end || handles > 0)
        throw ipcError('ERR_X_CHANNEL_PROTOCOL', `kind ${kind} has no payload`)
      return { kind, id, message: EMPTY, ack: 0, refusal: null }
    }
    if ((encoding & EXTENDED) === 0) {
      if (handles > 0) throw ipcError('ERR_X_CHANNEL_PROTOCOL', 'handles without a description')
      if (encoding === ENCODING_PACKED && kind === KIND_MESSAGE) {
        this.#values = unpackValues(body, start, end)
        this.#valueAt = 0
        return this.#nextValue(this.#values)
      }
      return plainFrame(kind, id, decodeValue(encoding, body, start, end, this.mayClone))
    }
    if (kind === KIND_REFUSAL) throw ipcError('ERR_X_CHANNEL_PROTOCOL', 'a refusal has no parts')
    const { value, buffers, notes, unread, ack } = decodeExtended(encoding, body, start, end, this.mayClone)
    const claimed = handles > 0 || notes.length > 0 ? this.#arrivals.claim(handles, notes, unread) : []
    const isRefused = typeof claimed === 'string'
    const message = { value, buffers, handles: isRefused ? NONE : claimed }
    return { kind, id, message, ack: handles > 0 ? ack : 0, refusal: isRefused ? claimed : null }
  }

  #begin(preamble: Preamble): void {
    if (preamble.version !== VERSION) throw ipcError('ERR_X_CHANNEL_VERSION', preamble.version, VERSION)
    this.#sink.onPreamble(preamble)
  }
}

function plainFrame(kind: number, id: number, value: unknown): Frame {
  return { kind, id, message: { value, buffers: NONE, handles: NONE }, ack: 0, refusal: null }
}

const EMPTY: Message = { value: undefined, buffers: NONE, handles: NONE }
