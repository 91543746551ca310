// What the protocol does with frames, and the life of a channel from hello to goodbye. All that is done on behalf of the
// peer runs under its guard. It knows nothing of who listens, and not how frames are made of bytes.
import { abortError } from '@x/core/internal'
import type { Descriptor } from '../descriptor/descriptor'
import { because, breach, ipcError, told } from '../errors/codes'
import { nextTick } from '../host'
import { decodeError, decodeText, type Frame } from '../wire/decoder'
import {
  FLAG_CLONE,
  KIND_ACK,
  KIND_CANCEL,
  KIND_CLOSING,
  KIND_FAILURE,
  KIND_GOODBYE,
  KIND_MESSAGE,
  KIND_REFUSAL,
  KIND_REPLY,
  KIND_REQUEST,
  type Preamble,
} from '../wire/frame'
import type { Wire } from '../wire/wire'
import { Account, costOfRequest } from './account'
import { Answers } from './answers'
import type { Life, PeerState } from './life'
import type { ChannelLimits } from './limits'
import { Lookout } from './lookout'
import type { ChannelEnd, Message, RequestOptions, SendOptions } from './message'
import { Outbound, type OutboundSession } from './outbound'
import { Patience } from './patience'
import { type Received, Receiver } from './receiver'
import type { SessionListener } from './session-listener'

/** The id of no request: ids begin at 1 and come to this one last. */
const NEVER_ASKED = 2 ** 32 - 1

/** Codes of what may be told to a peer as the reason why its channel ends. */
const TELLABLE = /^ERR_X_(CHANNEL|FRAME)_/

export class Session implements OutboundSession {
  readonly account: Account
  readonly answers: Answers
  readonly #wire: Wire
  readonly #limits: ChannelLimits
  readonly #listener: SessionListener
  readonly #receiver: Receiver
  readonly #outbound: Outbound
  readonly #patience: Patience
  /** A cancellation of what was never asked means nothing, and tells us whether the peer is there. */
  readonly #lookout = new Lookout(() => {
    if (this.mayTell) this.guard(() => this.#outbound.sender.cancel(NEVER_ASKED))
  })
  #life: Life = { name: 'opening' }
  #peer: PeerState = 'here'
  /** The id of the peer's last request that we have taken; 0: none. */
  #lastTaken = 0
  /** How long what is under way may take while we leave. */
  readonly #deadline: Patience
  /** The number of the frame that the patience is for. */
  #part = 1
  readonly #onAbort = () => this.destroy(abortError(this.#limits.signal?.reason))

  constructor(wire: Wire, limits: ChannelLimits, listener: SessionListener) {
    this.#wire = wire
    this.#limits = limits
    this.#listener = listener
    this.account = new Account(limits)
    this.#patience = new Patience(limits.patienceMs, (what, ms) => {
      // All is said where it has left: only its stream it has not ended.
      if (this.#peer === 'left') this.#end('goodbye', null)
      else this.#end('refused', ipcError('ERR_X_CHANNEL_SLOW', `it has not ${what} after ${ms} ms`))
    })
    this.#deadline = new Patience(limits.patienceMs, () => this.guard(() => this.#leave()))
    const guard = (act: () => void) => void this.guard(act)
    this.#outbound = new Outbound(wire, limits, this)
    const sink = {
      onPreamble: (preamble: Preamble) => this.#onPreamble(preamble),
      onFrame: (frame: Frame) => this.#onFrame(frame),
      onIdle: (part: number) => this.#onIdle(part),
      onEnd: (isWhole: boolean) => this.#onPeerEnd(isWhole),
      onStopped: (isStopped: boolean) => (isStopped ? this.#lookout.start() : this.#lookout.stop()),
    }
    this.#receiver = new Receiver(wire, limits, { account: this.account, sink, guard })
    this.answers = new Answers(this.account, this.#outbound)
    this.#start()
  }

  #start(): void {
    this.#patience.waitFor('said hello')
    const { signal } = this.#limits
    signal?.addEventListener('abort', this.#onAbort, { once: true })
    if (signal?.aborted) nextTick(this.#onAbort)
    this.#wire.start({
      onData: (chunk, received) => {
        const isTaken = this.guard(() => this.#receiver.push(chunk, received))
        if (!isTaken && received !== null) this.#receiver.close()
      },
      onDrain: () => this.guard(() => this.#outbound.sender.drained()),
      onEnd: () => this.guard(() => this.#receiver.end()),
      onShortage: error => this.#listener.onShortage(error),
      onClose: error => this.#onWireClose(error),
    })
  }

  /** The peer leaves too much unread. What was sending just now is let end first. */
  overflow(bytes: number): void {
    // Nothing can be sent from now on: who tries again over the next channel must not try this one.
    if (this.mayTell) this.#life = { name: 'failing' }
    const error = ipcError('ERR_X_CHANNEL_SLOW', `it has left ${bytes} bytes unread`)
    nextTick(() => this.#end('refused', error))
  }

  /** Runs what is done on behalf of the peer: what goes wrong ends its channel, and nothing else. True where nothing did. */
  guard(act: () => void): boolean {
    try {
      act()
      return true
    } catch (error) {
      this.#end('refused', error as Error)
      return false
    }
  }

  get name(): Life['name'] {
    return this.#life.name
  }

  /** Something can be sent. */
  get isOpen(): boolean {
    return this.#life.name === 'opening' || this.#life.name === 'open'
  }

  /** Replies and acknowledgements can be sent: we have not said goodbye. */
  get mayTell(): boolean {
    return this.isOpen || this.#life.name === 'leaving'
  }

  get mayClone(): boolean {
    return this.#receiver.mayClone
  }

  get backlog(): number {
    return this.#outbound.sender.backlog
  }

  /** Null while the peer keeps up; else done once it has caught up. */
  get room(): Promise<void> | null {
    return this.#outbound.room
  }

  get unacknowledged(): number {
    return this.#outbound.acks.count
  }

  /** A message. See `Channel.send`. */
  send(value: unknown, options: SendOptions | undefined): Promise<void> | null {
    return this.#outbound.send(value, options)
  }

  /** A request. See `Channel.request`. */
  request(value: unknown, options: RequestOptions, timeoutMs: number): Promise<Message<never>> {
    return this.#outbound.request(value, options, timeoutMs)
  }

  /** Whether it keeps the process alive, while it is open. */
  setRef(isRef: boolean): void {
    if (isRef) this.#wire.ref()
    else this.#wire.unref()
    this.#outbound.requests.setRef(isRef)
  }

  /** What it has ended with; null where it has not, or with nothing. */
  get error(): Error | null {
    return this.#life.name === 'ended' ? this.#life.error : null
  }

  #onPreamble({ flags, frameLimit }: Preamble): void {
    const useClone = this.#limits.clone && (flags & FLAG_CLONE) !== 0
    this.#receiver.mayClone = useClone
    if (this.#life.name === 'opening') this.#life = { name: 'open' }
    this.#outbound.sender.agree(useClone, frameLimit)
    this.#listener.onOpen()
  }

  #onFrame(frame: Frame): boolean {
    if (this.#peer !== 'here') this.#checkLate(frame)
    switch (frame.kind) {
      case KIND_MESSAGE:
        // After our goodbye nobody may read any more: what finds no room must not keep the peer's goodbye from us.
        if (frame.handles === 0) return this.#listener.onFrame(frame) || !this.mayTell
        return this.#onHandles(frame)
      case KIND_REQUEST:
        return this.#onRequest(frame)
      case KIND_REPLY:
        this.#onReply(frame)
        return true
      default:
        this.#onControl(frame)
        return true
    }
  }

  /** @throws `ERR_X_CHANNEL_PROTOCOL` where a peer that leaves says what it has no business to say any more. */
  #checkLate({ kind }: Frame): void {
    if (this.#peer === 'left') throw breach('a frame after its goodbye')
    if (kind === KIND_MESSAGE || kind === KIND_REQUEST || kind === KIND_CLOSING) {
      throw breach(`a frame of kind ${kind} after it began to close`)
    }
  }

  #onHandles(frame: Frame): boolean {
    const cost = this.mayTell ? this.#listener.reserve(frame) : 0
    if (cost === null) return false
    let received: Received | null = null
    try {
      received = this.#receive(frame)
    } finally {
      if (received === null && cost > 0) this.account.removeMessage(cost)
    }
    if (received === null) return true
    const { payload, handles } = received
    const message = { value: payload.value, buffers: payload.buffers, handles }
    const settle = (refusal: string | null) => this.#settle(handles, payload.ack, refusal)
    this.#listener.onHandles({ message, settle }, cost)
    return true
  }

  /** Null where its descriptors did not come, or can not be acknowledged any more: they stay their sender's. */
  #receive(frame: Frame): Received | null {
    const received = this.#receiver.receive(frame)
    if (frame.handles === 0) return received
    if (received.refusal !== null) {
      this.#settle([], received.payload.ack, received.refusal)
      return null
    }
    if (this.mayTell) return received
    for (const handle of received.handles) handle.close()
    return null
  }

  /** Tells the sender that its descriptors were taken, or why they were not. */
  #settle(handles: readonly Descriptor[], ack: number, refusal: string | null): void {
    if (ack === 0) return
    if (refusal !== null) for (const handle of handles) handle.close()
    if (!this.mayTell) return
    if (refusal === null) this.#outbound.sender.acknowledge(ack)
    else this.#outbound.sender.refuse(ack, refusal)
  }

  #onRequest(frame: Frame): boolean {
    // The peer knows that it is not executed: it comes after the last that we said to have taken.
    if (!this.isOpen) {
      const late = frame.handles === 0 ? null : this.#receive(frame)
      if (late !== null) this.#settle(late.handles, late.payload.ack, 'the channel is being closed')
      return true
    }
    const cost = costOfRequest(frame)
    if (!this.account.addRequest(cost)) return false
    let received: Received | null = null
    try {
      received = this.#receive(frame)
    } finally {
      if (received === null) this.account.removeRequest(cost)
    }
    if (received === null) return true
    this.#lastTaken = frame.id
    const { payload, handles } = received
    const isTaken = this.answers.accept(frame.id, received, cost) || handles.some(handle => handle.fd < 0)
    this.#settle(handles, payload.ack, isTaken ? null : 'nobody took them')
    return true
  }

  #onReply(frame: Frame): void {
    const isAwaited = this.#outbound.requests.isAwaited(frame.id)
    const received = this.#receive(frame)
    if (received === null) return
    const { payload, handles } = received
    const { value, buffers, ack } = payload
    if (isAwaited) this.#outbound.requests.settle(frame.id, { value, buffers, handles } as Message<never>)
    this.#settle(handles, ack, isAwaited ? null : 'nobody waits for this reply')
  }

  #onControl(frame: Frame): void {
    const { kind, id } = frame
    if (kind === KIND_CANCEL) this.answers.cancel(id)
    else if (kind === KIND_ACK) this.#outbound.acks.acknowledge(id)
    else if (kind === KIND_REFUSAL) this.#outbound.acks.refuse(id, decodeText(frame))
    else if (kind === KIND_FAILURE) {
      const error = ipcError('ERR_X_REQUEST_FAILED', decodeError(frame))
      if (this.#outbound.requests.isAwaited(id)) this.#outbound.requests.fail(id, error)
    } else if (kind === KIND_CLOSING) this.#onClosing(id)
    else if (kind === KIND_GOODBYE) this.#onGoodbye(frame)
    this.leaveOnceIdle()
  }

  #onClosing(lastTaken: number): void {
    this.#peer = 'closing'
    this.#outbound.requests.endAfter(lastTaken)
    this.close()
  }

  #onGoodbye(frame: Frame): void {
    this.#peer = 'left'
    if (frame.start !== frame.end) {
      this.#end('refused', ipcError('ERR_X_CHANNEL_REFUSED', decodeError(frame)))
      return
    }
    if (this.#life.name === 'left') this.#wire.end()
    else this.close()
  }

  #onIdle(part: number): void {
    if (this.#life.name === 'left' || part === this.#part) return
    // A frame has so long as a whole, however it drips.
    this.#part = part
    if (part === 0) this.#patience.stop()
    else this.#patience.waitFor('finished a frame')
  }

  /** Begins to leave: we take no more requests, and say goodbye once none is under way, or time is up. See `Channel.close`. */
  close(timeoutMs?: number): void {
    const { isOpen } = this
    if (isOpen || (this.#life.name === 'leaving' && timeoutMs !== undefined)) {
      this.#deadline.waitFor('ended what is under way', timeoutMs)
    }
    if (!isOpen) return
    this.#life = { name: 'leaving' }
    this.#outbound.sender.closing(this.#lastTaken)
    this.#listener.onClosing()
    // A listener that closes us on a handle has this handle acknowledged first.
    nextTick(() => this.leaveOnceIdle())
  }

  /**
   * Says goodbye where nothing is under way any more. A peer that has taken a handle must not be thought dead before it could
   * say so; one that has left says nothing more.
   */
  leaveOnceIdle(): void {
    if (this.#life.name !== 'leaving') return
    const isIdle = this.#outbound.isSettled && this.answers.count === 0
    if (isIdle || this.#peer === 'left') this.guard(() => this.#leave())
  }

  #leave(): void {
    if (this.#life.name !== 'leaving') return
    this.#life = { name: 'left' }
    this.#deadline.stop()
    this.#outbound.acks.lose(null)
    this.#outbound.requests.end(null)
    this.answers.end()
    this.#patience.waitFor('said goodbye')
    this.#outbound.sender.sayGoodbye(() => {
      if (this.#peer === 'left') this.#wire.end()
    })
    // What nobody reads must not keep the peer's goodbye from us.
    this.#receiver.resume()
  }

  #onPeerEnd(isWhole: boolean): void {
    if (this.#peer === 'left' || this.#life.name === 'left') {
      this.#wire.end()
      return
    }
    this.#end(
      'lost',
      ipcError('ERR_X_CHANNEL_LOST', isWhole ? 'its stream ended' : 'it ended within a frame'),
    )
  }

  #onWireClose(error: Error | null): void {
    const isDone = this.#peer === 'left' || this.#life.name === 'left'
    if (isDone && error === null) this.#end('goodbye', null)
    else this.#end('lost', because(ipcError('ERR_X_CHANNEL_LOST', 'its stream is gone'), error))
  }

  /** Ends it now. What was not sent is dropped. */
  destroy(error: Error | null): void {
    this.#end('destroyed', error)
  }

  #end(end: ChannelEnd, error: Error | null): void {
    if (this.#life.name === 'ended') return
    const isMute = this.#life.name === 'left' || this.#peer === 'left'
    this.#life = { name: 'ended', error }
    this.#patience.stop()
    this.#deadline.stop()
    this.#lookout.stop()
    this.#limits.signal?.removeEventListener('abort', this.#onAbort)
    this.#receiver.close()
    const isTellable = end === 'refused' && TELLABLE.test((error as NodeJS.ErrnoException).code ?? '')
    this.#wire.destroy(isTellable && !isMute ? this.#outbound.sender.lastWords(told(error!)) : null)
    this.#outbound.sender.end(error)
    this.#outbound.acks.lose(error)
    this.#outbound.requests.end(error)
    this.answers.end()
    this.#listener.onEnd(end, error)
  }
}
