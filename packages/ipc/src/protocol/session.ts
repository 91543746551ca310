// What the protocol does with frames, and the life of a channel from hello to goodbye. All that is done on behalf of the
// peer runs under its guard. It knows nothing of who listens, and not how frames are made of bytes.
import { abortError } from '@x/core/internal'
import type { Descriptor } from '../descriptor/descriptor'
import { because, breach, ipcError, type RemoteError } from '../errors/codes'
import { nextTick } from '../host'
import { decodeError, decodeText, type Frame } from '../wire/decoder'
import { encodeName } from '../wire/encoder'
import {
  FLAG_CLONE,
  KIND_ACK,
  KIND_CANCEL,
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
import { Acknowledgements, type ArrivalListener, withHandles } from './acknowledgements'
import { Answers } from './answers'
import type { ChannelLimits } from './limits'
import { Lookout } from './lookout'
import type { ChannelEnd, Message, RequestOptions, SendOptions } from './message'
import { checkParts, numbersOf, outgoing } from './parts'
import { Patience } from './patience'
import { promised, quiet } from './quiet'
import { type Received, Receiver } from './receiver'
import { Requests } from './requests'
import { Sender } from './sender'

/** Who hears of a session. What it throws ends the channel, unless it calls its own listeners apart. */
export interface SessionListener {
  onOpen(): void
  /** A message without descriptors, in its frame. False: there is no room for it. */
  onFrame(frame: Frame): boolean
  /** Room for a message with descriptors: what the account was charged with (0: nothing), or null where there is none. */
  reserve(frame: Frame): number | null
  /** A message with descriptors, for which there is room. `settle`: with null once somebody has them, or why nobody does. */
  onHandles(
    received: { readonly message: Message; readonly settle: (refusal: string | null) => void },
    cost: number,
  ): void
  onShortage(error: Error): void
  onEnd(end: ChannelEnd, error: Error | null): void
}

/**
 * `opening`: the peer has not said hello. `leaving`: close() was called, or the peer has said goodbye; ours comes once what
 * we sent is acknowledged. `left`: both have said all. One value; `ended` says how.
 */
type Life =
  | { readonly name: 'opening' | 'open' | 'leaving' | 'left' }
  | { readonly name: 'ended'; readonly error: Error | null }

/** The id of no request: ids begin at 1 and come to this one last. */
const NEVER_ASKED = 2 ** 32 - 1

/** Codes of what may be told to a peer as the reason why its channel ends. */
const TELLABLE = /^ERR_X_(CHANNEL|FRAME)_/

export class Session {
  readonly account: Account
  readonly answers: Answers
  readonly #wire: Wire
  readonly #limits: ChannelLimits
  readonly #listener: SessionListener
  readonly #receiver: Receiver
  readonly #sender: Sender
  readonly #acks = new Acknowledgements()
  readonly #requests: Requests<Message<never>>
  readonly #patience: Patience
  /** A cancellation of what was never asked means nothing, and tells us whether the peer is there. */
  readonly #lookout = new Lookout(() => {
    if (this.#mayTell) this.guard(() => this.#sender.cancel(NEVER_ASKED))
  })
  #life: Life = { name: 'opening' }
  #hasPeerLeft = false
  /** The number of the frame that the patience is for. */
  #part = 1
  readonly #onAbort = () => this.destroy(abortError(this.#limits.signal?.reason))

  constructor(wire: Wire, limits: ChannelLimits, listener: SessionListener) {
    this.#wire = wire
    this.#limits = limits
    this.#listener = listener
    this.account = new Account(limits)
    this.#patience = new Patience(limits.patienceMs, error => this.#end('refused', error))
    const guard = (act: () => void) => void this.guard(act)
    const overflow = (bytes: number) => {
      const error = ipcError('ERR_X_CHANNEL_SLOW', `it has left ${bytes} bytes unread`)
      nextTick(() => this.#end('refused', error))
    }
    this.#sender = new Sender(wire, limits, { overflow, guard })
    const sink = {
      onPreamble: (preamble: Preamble) => this.#onPreamble(preamble),
      onFrame: (frame: Frame) => this.#onFrame(frame),
      onIdle: (part: number) => this.#onIdle(part),
      onEnd: (isWhole: boolean) => this.#onPeerEnd(isWhole),
      onStopped: (isStopped: boolean) => (isStopped ? this.#lookout.start() : this.#lookout.stop()),
    }
    this.#receiver = new Receiver(wire, limits, { account: this.account, sink, guard })
    this.#requests = new Requests({
      mayHaveLeft: position => this.#sender.mayHaveLeft(position),
      cancel: id => this.isOpen && this.#sender.cancel(id),
    })
    this.answers = new Answers(this.account, {
      reply: (id, value, parts) => this.#reply(id, value, parts),
      fail: (id, error) => this.#fail(id, error),
      checkParts: parts => checkParts(parts, wire.transport !== null),
    })
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
      onDrain: () => this.guard(() => this.#sender.drained()),
      onEnd: () => this.guard(() => this.#receiver.end()),
      onShortage: error => this.#listener.onShortage(error),
      onClose: error => this.#onWireClose(error),
    })
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
  get #mayTell(): boolean {
    return this.isOpen || this.#life.name === 'leaving'
  }

  get mayClone(): boolean {
    return this.#receiver.mayClone
  }

  get backlog(): number {
    return this.#sender.backlog
  }

  get unacknowledged(): number {
    return this.#acks.count
  }

  /** A message. See `Channel.send`. */
  send(value: unknown, options: SendOptions | undefined): Promise<void> | null {
    if (options !== undefined) checkParts(options, this.#wire.transport !== null)
    if (!this.isOpen) return this.#refuse(options?.handles)
    if (options?.handles?.length) {
      return promised((resolve, reject) => {
        const settled = (error: Error | null) => (error === null ? resolve() : reject(error))
        this.#sendHandles(KIND_MESSAGE, 0, value, { parts: options, name: null, settled, written() {} })
      })
    }
    if (!this.#sender.isAgreed) return this.#sendEarly(value, options)
    try {
      if (options?.buffers?.length) this.#sender.put(KIND_MESSAGE, 0, outgoing(value, options))
      else this.#sender.putPlain(KIND_MESSAGE, value)
    } catch (error) {
      // It is the peer's limit: what goes to many peers must not stop at one of them.
      if ((error as NodeJS.ErrnoException).code !== 'ERR_X_FRAME_TOO_LONG') throw error
      return quiet(Promise.reject(error))
    }
    return this.#sender.isFull ? this.#sender.waitForRoom() : null
  }

  #sendEarly(value: unknown, options: SendOptions | undefined): Promise<void> {
    return promised<void>((resolve, fail) => {
      const ticket = { written: () => resolve(), fail }
      this.#sender.put(KIND_MESSAGE, 0, { ...outgoing(value, options), ticket })
    })
  }

  /** A request. See `Channel.request`. */
  request(value: unknown, options: RequestOptions, timeoutMs: number): Promise<Message<never>> {
    const { signal, handles } = options
    const name = options.name === undefined ? null : encodeName(options.name)
    checkParts(options, this.#wire.transport !== null)
    if (!this.isOpen) return this.#refuse(handles)
    if (signal?.aborted) return quiet(Promise.reject(abortError(signal.reason)))
    const id = this.#requests.nextId()
    return promised((resolve, reject) => {
      const ticket = this.#requests.wait(id, { timeoutMs, signal }, { resolve, reject })
      try {
        if (handles?.length) {
          const settled = (error: Error | null) => error !== null && this.#requests.fail(id, error)
          this.#sendHandles(KIND_REQUEST, id, value, {
            parts: options,
            name,
            settled,
            written: ticket.written,
          })
        } else this.#sender.put(KIND_REQUEST, id, { ...outgoing(value, options, name), ticket })
      } catch (error) {
        this.#requests.fail(id, error as Error)
        throw error
      }
    })
  }

  #sendHandles(kind: number, id: number, value: unknown, { parts, name, settled, written }: Sending): void {
    const { handles = [], buffers = [], keep = false } = parts
    const { ack, ticket } = this.#acks.depart(handles, keep, settled)
    const notes = handles.map(handle => ({ kind: handle.kind, unread: handle.unread.length }))
    const unread = handles.map(handle => handle.unread)
    const descriptors = () => numbersOf(handles)
    const beside = { name, buffers, notes, unread, ack }
    try {
      this.#sender.put(kind, id, { value, beside, descriptors, ticket: { written, fail: ticket.fail } })
    } catch (error) {
      ticket.fail(error as Error)
      throw error
    }
  }

  #refuse(handles: readonly Descriptor[] = []): Promise<never> {
    const error = because(ipcError('ERR_X_NOT_SENT', 'the channel is closed'), this.#error)
    return quiet(Promise.reject(handles.length > 0 ? withHandles(error, handles) : error))
  }

  get #error(): Error | null {
    return this.#life.name === 'ended' ? this.#life.error : null
  }

  #reply(id: number, value: unknown, parts: SendOptions): void {
    if (!this.#mayTell) return
    const { handles = [], keep = false } = parts
    if (handles.length === 0) {
      const ticket = { written() {}, fail: (error: Error) => this.#fail(id, told(error)) }
      this.#sender.put(KIND_REPLY, id, { ...outgoing(value, parts), ticket })
      return
    }
    // Nobody else knows of handles that were to go with a reply.
    const settled = (error: Error | null) => {
      if (error !== null && !keep) for (const handle of handles) handle.close()
    }
    this.#sendHandles(KIND_REPLY, id, value, { parts, name: null, settled, written() {} })
  }

  #fail(id: number, error: RemoteError): void {
    if (this.#mayTell) this.guard(() => this.#sender.fail(id, error))
  }

  #onPreamble({ flags, frameLimit }: Preamble): void {
    const useClone = this.#limits.clone && (flags & FLAG_CLONE) !== 0
    this.#receiver.mayClone = useClone
    if (this.#life.name === 'opening') this.#life = { name: 'open' }
    this.#sender.agree(useClone, frameLimit)
    this.#listener.onOpen()
  }

  #onFrame(frame: Frame): boolean {
    if (this.#hasPeerLeft) throw breach('a frame after its goodbye')
    switch (frame.kind) {
      case KIND_MESSAGE:
        // After our goodbye nobody may read any more: what finds no room must not keep the peer's goodbye from us.
        if (frame.handles === 0) return this.#listener.onFrame(frame) || !this.#mayTell
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

  #onHandles(frame: Frame): boolean {
    const cost = this.#listener.reserve(frame)
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
    if (this.#mayTell) return received
    for (const handle of received.handles) handle.close()
    return null
  }

  /** Tells the sender that its descriptors were taken, or why they were not. */
  #settle(handles: readonly Descriptor[], ack: number, refusal: string | null): void {
    if (ack === 0) return
    if (refusal !== null) for (const handle of handles) handle.close()
    if (!this.#mayTell) return
    if (refusal === null) this.#sender.acknowledge(ack)
    else this.#sender.refuse(ack, refusal)
  }

  #onRequest(frame: Frame): boolean {
    // It could not be answered any more: it is not executed.
    if (!this.#mayTell && frame.handles === 0) return true
    const cost = costOfRequest(frame)
    if (!this.account.addRequest(cost)) return false
    let received: Received | null = null
    try {
      received = this.#receive(frame)
    } finally {
      if (received === null) this.account.removeRequest(cost)
    }
    if (received === null) return true
    const { payload, handles } = received
    const isTaken = this.answers.accept(frame.id, received, cost) || handles.some(handle => handle.fd < 0)
    this.#settle(handles, payload.ack, isTaken ? null : 'nobody took them')
    return true
  }

  #onReply(frame: Frame): void {
    const isAwaited = this.#requests.isAwaited(frame.id)
    const received = this.#receive(frame)
    if (received === null) return
    const { payload, handles } = received
    const { value, buffers, ack } = payload
    if (isAwaited) this.#requests.settle(frame.id, { value, buffers, handles } as Message<never>)
    this.#settle(handles, ack, isAwaited ? null : 'nobody waits for this reply')
  }

  #onControl(frame: Frame): void {
    const { kind, id } = frame
    if (kind === KIND_CANCEL) this.answers.cancel(id)
    else if (kind === KIND_ACK) this.#acks.acknowledge(id)
    else if (kind === KIND_REFUSAL) this.#acks.refuse(id, decodeText(frame))
    else if (kind === KIND_FAILURE) {
      const error = ipcError('ERR_X_REQUEST_FAILED', decodeError(frame))
      if (this.#requests.isAwaited(id)) this.#requests.fail(id, error)
    } else if (kind === KIND_GOODBYE) this.#onGoodbye(frame)
    if (this.#life.name === 'leaving') this.#sayGoodbye()
  }

  #onGoodbye(frame: Frame): void {
    this.#hasPeerLeft = true
    if (frame.start !== frame.end) {
      this.#end('refused', ipcError('ERR_X_CHANNEL_REFUSED', decodeError(frame)))
      return
    }
    if (this.#life.name === 'left') this.#wire.end()
    else this.close()
  }

  #onIdle(part: number): void {
    if (!this.isOpen || part === this.#part) return
    // A frame has so long as a whole, however it drips.
    this.#part = part
    if (part === 0) this.#patience.stop()
    else this.#patience.waitFor('finished a frame')
  }

  /** Says goodbye once what was sent is acknowledged; the channel has ended once the peer has said it, too. */
  close(): void {
    if (!this.isOpen) return
    this.#life = { name: 'leaving' }
    this.#patience.waitFor('said goodbye')
    // A listener that closes us on a handle has this handle acknowledged first.
    nextTick(() => this.guard(() => this.#sayGoodbye()))
  }

  // A peer that has taken a handle must not be thought dead before it could say so.
  #sayGoodbye(): void {
    if (this.#life.name !== 'leaving' || (this.#acks.count > 0 && !this.#hasPeerLeft)) return
    this.#acks.lose(null)
    this.#requests.end(null)
    this.#life = { name: 'left' }
    this.#sender.sayGoodbye(() => {
      if (this.#hasPeerLeft) this.#wire.end()
    })
  }

  #onPeerEnd(isWhole: boolean): void {
    if (this.#hasPeerLeft || this.#life.name === 'left') {
      this.#wire.end()
      return
    }
    this.#end(
      'lost',
      ipcError('ERR_X_CHANNEL_LOST', isWhole ? 'its stream ended' : 'it ended within a frame'),
    )
  }

  #onWireClose(error: Error | null): void {
    const isDone = this.#hasPeerLeft || this.#life.name === 'left'
    if (isDone && error === null) this.#end('goodbye', null)
    else this.#end('lost', because(ipcError('ERR_X_CHANNEL_LOST', 'its stream is gone'), error))
  }

  /** Ends it now. What was not sent is dropped. */
  destroy(error: Error | null): void {
    this.#end('destroyed', error)
  }

  #end(end: ChannelEnd, error: Error | null): void {
    if (this.#life.name === 'ended') return
    const isMute = this.#life.name === 'left' || this.#hasPeerLeft
    this.#life = { name: 'ended', error }
    this.#patience.stop()
    this.#lookout.stop()
    this.#limits.signal?.removeEventListener('abort', this.#onAbort)
    this.#receiver.close()
    const isTellable = end === 'refused' && TELLABLE.test((error as NodeJS.ErrnoException).code ?? '')
    this.#wire.destroy(isTellable && !isMute ? this.#sender.lastWords(told(error!)) : null)
    this.#sender.end(error)
    this.#acks.lose(error)
    this.#requests.end(error)
    this.answers.end()
    this.#listener.onEnd(end, error)
  }
}

/** How a frame with handles is sent, and who hears of it. */
interface Sending {
  readonly parts: SendOptions
  readonly name: Buffer | null
  readonly settled: ArrivalListener
  readonly written: (position: number) => void
}

function told(error: Error): RemoteError {
  const { name, message, code = null } = error as NodeJS.ErrnoException
  return { name, message, code }
}
