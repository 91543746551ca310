// The sending half of a channel: values to frames, what may go before the peer has said hello, and who waits for room. It
// knows no frame that came in.
import { because, ipcError, type RemoteError } from '../errors/codes'
import {
  type Beside,
  type EncodedPayload,
  encodeError,
  encodePayload,
  encodeReason,
  encodeValue,
  isPackable,
  isText,
  NOTHING_BESIDE,
  withoutClone,
} from '../wire/encoder'
import {
  ENCODING_JSON,
  ENCODING_NONE,
  ENCODING_PACKED,
  ENCODING_TEXT,
  encodePreamble,
  FLAG_CLONE,
  FLAG_HANDLES,
  HEADER_BYTES,
  joinKind,
  KIND_ACK,
  KIND_CANCEL,
  KIND_CLOSING,
  KIND_FAILURE,
  KIND_GOODBYE,
  KIND_REFUSAL,
  LEAST_FRAME_LIMIT_BYTES,
  VERSION,
  writeHeader,
} from '../wire/frame'
import { FrameWriter } from '../wire/frame-writer'
import type { DescriptorsToSend, Wire } from '../wire/wire'
import { quiet } from './quiet'

/** Somebody who wants to know what becomes of a frame. */
export interface Ticket {
  /** It stands in the stream, and begins there. It may have to wait for its turn. */
  written(position: number): void
  /** It will not be sent. */
  fail(error: Error): void
}

/** What a frame carries beside its value. */
export interface Outgoing {
  readonly value: unknown
  readonly beside: Beside
  readonly descriptors: DescriptorsToSend | null
  readonly ticket: Ticket | null
}

export interface SenderLimits {
  readonly frameLimitBytes: number
  readonly backlogLimitBytes: number
  readonly clone: boolean
}

/** A frame that waits for the peer's hello. */
interface Held {
  readonly ticket: Ticket | null
  send(): void
}

interface Room {
  readonly promise: Promise<void>
  readonly position: number
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

const NO_BYTES = Buffer.alloc(0)

export class Sender {
  readonly #writer: FrameWriter
  readonly #backlogLimit: number
  readonly #wantsClone: boolean
  readonly #overflow: (bytes: number) => void
  /** What waits for the peer's hello, in order; null once that is here. */
  #held: Held[] | null = []
  #heldBytes = 0
  #useClone = false
  /** The peer has left too much unread: the channel ends with this turn, and nothing more is queued in it. */
  #isLost = false
  #room: Room | null = null
  /** Hears once all that was written is with the wire. */
  #onEmpty: (() => void) | null = null

  /** `overflow` hears of a peer that leaves too much unread; what is sent in a later turn is sent through `guard`. */
  constructor(
    wire: Wire,
    limits: SenderLimits,
    { overflow, guard }: { overflow: (bytes: number) => void; guard: (act: () => void) => void },
  ) {
    const { frameLimitBytes, backlogLimitBytes, clone } = limits
    this.#writer = new FrameWriter(wire, guard)
    this.#backlogLimit = backlogLimitBytes
    this.#wantsClone = clone
    this.#overflow = overflow
    const flags = (clone ? FLAG_CLONE : 0) | (wire.transport === null ? 0 : FLAG_HANDLES)
    this.#writer.raw(encodePreamble({ version: VERSION, flags, frameLimit: frameLimitBytes }))
  }

  get isFull(): boolean {
    return this.#isLost || this.#writer.isFull
  }

  get backlog(): number {
    return this.#writer.backlog + this.#heldBytes
  }

  /** The peer has said hello: nothing is held back any more. */
  get isAgreed(): boolean {
    return this.#held === null
  }

  /** Whether a part of the frame that begins there may have reached the peer. */
  mayHaveLeft(position: number): boolean {
    return position < this.#writer.given
  }

  /** The peer has said what it takes. */
  agree(useClone: boolean, frameLimit: number): void {
    this.#useClone = useClone
    this.#writer.limit = frameLimit
    // What is said while these go out, such as the goodbye once the last of them has failed, goes behind them.
    const held = this.#held ?? []
    for (let next = held.shift(); next !== undefined; next = held.shift()) next.send()
    this.#held = null
    this.#heldBytes = 0
    this.#checkBacklog()
  }

  /**
   * Queues a frame. Values are encoded now, whatever becomes of them later. What is too long for the peer is told to the
   * ticket, as it is the peer's limit and not the caller's mistake.
   *
   * @throws what encoding throws.
   */
  put(kind: number, id: number, outgoing: Outgoing): void {
    if (this.#isLost) outgoing.ticket?.fail(ipcError('ERR_X_NOT_SENT', 'the peer has left too much unread'))
    else if (this.#held !== null) this.#putEarly(kind, id, outgoing, this.#held)
    else {
      this.#failing(outgoing.ticket, () => this.#putNow(kind, id, outgoing))
      if (this.#writer.isFull) this.#checkBacklog()
    }
  }

  /** A message with nothing beside it. Throws `ERR_X_FRAME_TOO_LONG`, too. */
  putPlain(kind: number, value: unknown): void {
    if (this.#isLost) return
    if (this.#held !== null || this.#useClone) {
      this.put(kind, 0, { value, beside: NOTHING_BESIDE, descriptors: null, ticket: null })
      return
    }
    if (isText(value)) this.#writer.text(joinKind(kind, ENCODING_TEXT), 0, value)
    else if (isPackable(value)) this.#writer.json(joinKind(kind, ENCODING_PACKED), 0, value)
    else {
      const { encoding, text, bytes } = encodeValue(value, false)
      const joined = joinKind(kind, encoding)
      if (text !== null) this.#writer.text(joined, 0, text)
      else this.#writer.bytes(joined, 0, bytes === null ? [] : [bytes], bytes === null ? 0 : bytes.byteLength)
    }
    if (this.#writer.isFull) this.#checkBacklog()
  }

  #putNow(kind: number, id: number, { value, beside, descriptors, ticket }: Outgoing): void {
    const isPlain = beside === NOTHING_BESIDE
    const position = ticket === null ? 0 : this.#writer.mark()
    if (isPlain && !this.#useClone && isPackable(value)) {
      this.#writer.json(joinKind(kind, ENCODING_PACKED), id, value)
    } else {
      const encoded = encodeValue(value, this.#useClone)
      if (isPlain && encoded.text !== null) {
        this.#writer.text(joinKind(kind, encoded.encoding), id, encoded.text)
      } else this.#write(kind, id, encodePayload(encoded, beside), descriptors, ticket)
    }
    ticket?.written(position)
  }

  // What every peer takes goes at once; what is longer waits for the peer's limit, and all that follows waits with it.
  #putEarly(kind: number, id: number, outgoing: Outgoing, held: Held[]): void {
    const { value, beside, descriptors, ticket } = outgoing
    const encoded = encodeValue(value, this.#wantsClone)
    const payload = encodePayload(encoded, beside)
    const mayGo = !this.#wantsClone && held.length === 0 && payload.length <= LEAST_FRAME_LIMIT_BYTES
    if (mayGo) {
      ticket?.written(this.#writer.mark())
      this.#write(kind, id, payload, descriptors, ticket)
      return
    }
    this.#heldBytes += payload.length + HEADER_BYTES
    const send = () => {
      try {
        const isFitting = this.#useClone || !this.#wantsClone
        const last = isFitting ? payload : encodePayload(withoutClone(encoded), beside)
        const position = this.#writer.mark()
        this.#write(kind, id, last, descriptors, ticket)
        ticket?.written(position)
      } catch (error) {
        // Too long for the peer, or no JSON, where the peer takes no clones. Its sender is told, and the others go on.
        if (ticket === null) throw error
        ticket.fail(error as Error)
      }
    }
    held.push({ ticket, send })
    this.#checkBacklog()
  }

  #write(
    kind: number,
    id: number,
    { encoding, parts, length }: EncodedPayload,
    descriptors: DescriptorsToSend | null,
    ticket: Ticket | null,
  ): void {
    const joined = joinKind(kind, encoding)
    if (descriptors === null) {
      this.#writer.bytes(joined, id, parts, length)
      return
    }
    const header = Buffer.allocUnsafe(HEADER_BYTES)
    writeHeader(header, 0, length, joined, descriptors()?.length ?? 0, id)
    const gone = () => ticket?.fail(ipcError('ERR_X_DESCRIPTOR_GONE', 'was closed before it was sent'))
    this.#writer.handles(Buffer.concat([header, ...parts]), descriptors, gone)
  }

  #failing(ticket: Ticket | null, write: () => void): void {
    try {
      write()
    } catch (error) {
      const isOfPeer = (error as NodeJS.ErrnoException).code === 'ERR_X_FRAME_TOO_LONG'
      if (ticket === null || !isOfPeer) throw error
      ticket.fail(error as Error)
    }
  }

  acknowledge(ack: number): void {
    this.#control(KIND_ACK, ENCODING_NONE, ack, NO_BYTES)
  }

  refuse(ack: number, reason: string): void {
    this.#control(KIND_REFUSAL, ENCODING_TEXT, ack, encodeReason(reason))
  }

  cancel(id: number): void {
    this.#inOrder(() => this.#writer.bytes(joinKind(KIND_CANCEL, ENCODING_NONE), id, [], 0))
  }

  /** We take no more requests than up to this one, and ask for nothing more. */
  closing(lastTaken: number): void {
    this.#inOrder(() => this.#writer.bytes(joinKind(KIND_CLOSING, ENCODING_NONE), lastTaken, [], 0))
  }

  fail(id: number, error: RemoteError): void {
    this.#control(KIND_FAILURE, ENCODING_JSON, id, encodeError(error))
  }

  #control(kind: number, encoding: number, id: number, bytes: Buffer): void {
    if (this.#isLost) return
    this.#writer.bytes(joinKind(kind, encoding), id, [bytes], bytes.length)
    if (this.#writer.isFull) this.#checkBacklog()
  }

  /** The last frame; `onSent` once all is with the wire. */
  sayGoodbye(onSent: () => void): void {
    this.#inOrder(() => {
      this.#writer.bytes(joinKind(KIND_GOODBYE, ENCODING_NONE), 0, [], 0)
      this.#writer.flush()
      if (this.#writer.isEmpty) onSent()
      else this.#onEmpty = onSent
    })
  }

  /** After what waits for the peer's hello. */
  #inOrder(send: () => void): void {
    if (this.#held !== null && this.#held.length > 0) this.#held.push({ ticket: null, send })
    else send()
  }

  /** Why the channel ends, as a frame after all that is queued. Null where the wire does not take that. */
  lastWords(error: RemoteError): Buffer | null {
    this.#writer.flush()
    if (!this.#writer.isEmpty) return null
    const bytes = encodeError(error)
    const header = Buffer.alloc(HEADER_BYTES)
    writeHeader(header, 0, bytes.length, joinKind(KIND_GOODBYE, ENCODING_JSON), 0, 0)
    return Buffer.concat([header, bytes])
  }

  #checkBacklog(): void {
    const { backlog } = this
    if (this.#isLost || backlog <= this.#backlogLimit) return
    this.#isLost = true
    this.#overflow(backlog)
  }

  /** Done once the peer has caught up. */
  waitForRoom(): Promise<void> {
    if (this.#room === null) {
      let resolve = () => {}
      let reject: (error: Error) => void = resolve
      const promise = new Promise<void>((yes, no) => {
        resolve = yes
        reject = no
      })
      const position = this.#writer.mark()
      this.#room = { promise: quiet(promise), position, resolve, reject }
    }
    return this.#room.promise
  }

  drained(): void {
    if (!this.#writer.drained()) return
    this.#room?.resolve()
    this.#room = null
    this.#onEmpty?.()
    this.#onEmpty = null
  }

  /** Nothing more will go out. */
  end(cause: Error | null): void {
    const held = this.#held ?? []
    this.#held = null
    const notSent = because(
      ipcError('ERR_X_NOT_SENT', 'the channel ended before the peer had said hello'),
      cause,
    )
    for (const { ticket } of held) ticket?.fail(notSent)
    this.#onEmpty = null
    const room = this.#room
    this.#room = null
    if (room === null) return
    const code = this.mayHaveLeft(room.position) ? 'ERR_X_OUTCOME_UNKNOWN' : 'ERR_X_NOT_SENT'
    room.reject(because(ipcError(code, 'the channel ended before the peer had caught up'), cause))
  }
}
