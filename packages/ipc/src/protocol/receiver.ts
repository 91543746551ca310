// The receiving half of a channel: bytes to frames, one by one, and stopping where there is no room. It knows how a frame
// with descriptors is put together, not what is done with it.
import { Descriptor } from '../descriptor/descriptor'
import { nextTick } from '../host'
import { decodePayload, type Frame, isView, ownFrame, type Payload } from '../wire/decoder'
import type { Preamble } from '../wire/frame'
import { FrameReader } from '../wire/frame-reader'
import type { ReceivedDescriptors, Wire } from '../wire/wire'
import type { Account } from './account'
import { Arrivals } from './arrivals'

export interface FrameSink {
  onPreamble(preamble: Preamble): void
  /** False: there is no room for it. It comes again once the account has some. May throw: the channel ends. */
  onFrame(frame: Frame): boolean
  /** All that has come is read. `part`: the number of the frame that is here in part, or 0. */
  onIdle(part: number): void
  /** Nothing is read for now, as there is no room; or it goes on. */
  onStopped(isStopped: boolean): void
  /** The peer has ended its side, and all before it is read. `isWhole`: not within a frame. */
  onEnd(isWhole: boolean): void
}

export interface ReceiverLimits {
  readonly frameLimitBytes: number
  readonly handleLimit: number
}

/** A payload with its descriptors, or why it got none of them. */
export interface Received {
  readonly payload: Payload
  readonly handles: readonly Descriptor[]
  readonly refusal: string | null
}

const NONE: readonly never[] = []

export class Receiver {
  /** Structured clones were agreed on. */
  mayClone = false
  readonly #wire: Wire
  readonly #sink: FrameSink
  readonly #reader: FrameReader
  readonly #arrivals: Arrivals
  readonly #account: Account
  readonly #guard: (act: () => void) => void
  #isReading = false
  /** `stalled`: a frame is here that has no room. `starved`: one is here in part that has none. */
  #state: 'open' | 'stalled' | 'starved' | 'closed' = 'open'
  #hasPeerEnded = false
  #count = 0

  /** All that this does outside of a call of the wire it does through `guard`. */
  constructor(
    wire: Wire,
    limits: ReceiverLimits,
    { account, sink, guard }: { account: Account; sink: FrameSink; guard: (act: () => void) => void },
  ) {
    this.#wire = wire
    this.#sink = sink
    this.#reader = new FrameReader(limits.frameLimitBytes)
    this.#arrivals = new Arrivals(wire.transport, wire.allowance, limits.handleLimit)
    this.#account = account
    this.#guard = guard
    account.onRoom = () => this.resume()
  }

  /** @throws what the peer's bytes are wrong with. */
  push(chunk: Buffer, received: ReceivedDescriptors | null): void {
    const from = this.#reader.streamEnd
    this.#reader.push(chunk)
    if (received !== null) this.#arrivals.add(received, from, from + chunk.length)
    this.#read()
  }

  end(): void {
    this.#hasPeerEnded = true
    this.#read()
  }

  close(): void {
    this.#state = 'closed'
    this.#arrivals.closeAll()
    this.#account.reservePart(0)
    this.#account.onRoom = () => {}
  }

  /** All of a frame, with its descriptors, to be held. It owns them from then on. @throws `ERR_X_CHANNEL_PROTOCOL`. */
  receive(frame: Frame): Received {
    const payload = decodePayload(isView(frame) ? ownFrame(frame) : frame, this.mayClone)
    if (frame.handles === 0) return { payload, handles: NONE, refusal: null }
    const claimed = this.#arrivals.claim(frame.handles, this.#reader.begin)
    if (typeof claimed === 'string') return { payload, handles: NONE, refusal: claimed }
    const transport = this.#wire.transport!
    const arrivals = this.#arrivals
    const handles = claimed.map((fd, at) => {
      const { kind } = payload.notes[at]!
      const unread = Buffer.from(payload.unread[at]!)
      return Descriptor.ofNumber(transport, fd, {
        kind,
        unread,
        onSettled: () => arrivals.settle(1),
        isSole: true,
      })
    })
    return { payload, handles, refusal: null }
  }

  #read(): void {
    if (this.#isReading) return
    this.#isReading = true
    try {
      while (this.#state === 'open' && this.#reader.next()) if (!this.#handOn()) break
    } finally {
      this.#isReading = false
    }
    if (this.#state === 'open') this.#settle()
  }

  /** The frame that was read last. False: it waits for room. */
  #handOn(): boolean {
    const { kind, handles, preamble, begin } = this.#reader
    if (kind === 0) this.#sink.onPreamble(preamble!)
    else {
      // Without a peer that sends descriptors this is all that it costs.
      if (handles === 0 && !this.#arrivals.isEmpty) this.#arrivals.checkStrays(begin)
      if (!this.#sink.onFrame(this.#reader)) {
        this.#stop('stalled')
        return false
      }
    }
    this.#count++
    this.#reader.forget()
    return true
  }

  #settle(): void {
    const { partBytes, isBetweenFrames, nextBegin } = this.#reader
    if (!this.#arrivals.isEmpty) {
      if (isBetweenFrames) this.#arrivals.checkStrays(nextBegin)
      else this.#arrivals.checkPart(nextBegin)
    }
    if (this.#hasPeerEnded) this.#sink.onEnd(isBetweenFrames)
    else if (!this.#account.reservePart(partBytes)) this.#stop('starved')
    else this.#sink.onIdle(partBytes === 0 ? 0 : this.#count + 1)
  }

  #stop(state: 'stalled' | 'starved'): void {
    if (this.#state !== 'open') return
    this.#state = state
    this.#wire.pause()
    this.#sink.onIdle(0)
    this.#sink.onStopped(true)
  }

  /** There may be room. */
  resume(): void {
    nextTick(() => this.#guard(() => this.#goOn()))
  }

  #goOn(): void {
    const state = this.#state
    if (state !== 'stalled' && state !== 'starved') return
    this.#state = 'open'
    if (state === 'stalled' && !this.#handOn()) return
    this.#read()
    if ((this.#state as string) !== 'open') return
    this.#sink.onStopped(false)
    this.#wire.resume()
  }
}
