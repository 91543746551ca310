// What this side sends: messages, requests and replies, and the handles that go with them. Whether the channel is open it is
// told; it reads nothing.
import { abortError } from '@x/core/internal'
import type { Descriptor } from '../descriptor/descriptor'
import { because, ipcError, type RemoteError, told } from '../errors/codes'
import { encodeName } from '../wire/encoder'
import { KIND_MESSAGE, KIND_REPLY, KIND_REQUEST } from '../wire/frame'
import type { Wire } from '../wire/wire'
import { Acknowledgements, type ArrivalListener, withHandles } from './acknowledgements'
import type { ReplySender } from './answers'
import type { ChannelLimits } from './limits'
import type { Message, RequestOptions, SendOptions } from './message'
import { checkParts, numbersOf, outgoing } from './parts'
import { promised, quiet } from './quiet'
import { Requests } from './requests'
import { Sender } from './sender'

/** What the sending side knows of the session. */
export interface OutboundSession {
  /** Something can be sent. */
  readonly isOpen: boolean
  /** Replies and acknowledgements can be sent: we have not said goodbye. */
  readonly mayTell: boolean
  /** What it has ended with. */
  readonly error: Error | null
  guard(act: () => void): boolean
  /** The peer leaves too much unread. */
  overflow(bytes: number): void
  /** Something that was under way has ended. */
  leaveOnceIdle(): void
}

export class Outbound implements ReplySender {
  readonly sender: Sender
  readonly acks = new Acknowledgements()
  readonly requests: Requests<Message<never>>
  readonly #wire: Wire
  readonly #session: OutboundSession

  constructor(wire: Wire, limits: ChannelLimits, session: OutboundSession) {
    this.#wire = wire
    this.#session = session
    const overflow = (bytes: number) => session.overflow(bytes)
    const guard = (act: () => void) => void session.guard(act)
    this.sender = new Sender(wire, limits, { overflow, guard })
    this.requests = new Requests({
      mayHaveLeft: position => this.sender.mayHaveLeft(position),
      cancel: id => session.mayTell && this.sender.cancel(id),
      allSettled: () => session.leaveOnceIdle(),
    })
  }

  checkParts(parts: SendOptions): void {
    checkParts(parts, this.#wire.transport !== null)
  }

  allAnswered(): void {
    this.#session.leaveOnceIdle()
  }

  /** Nothing waits for the peer's word any more. */
  get isSettled(): boolean {
    return this.acks.count === 0 && this.requests.count === 0
  }

  /** A message. See `Channel.send`. */
  send(value: unknown, options: SendOptions | undefined): Promise<void> | null {
    if (options !== undefined) this.checkParts(options)
    if (!this.#session.isOpen) return this.#refuse(options?.handles)
    if (options?.handles?.length) {
      return promised((resolve, reject) => {
        const settled = (error: Error | null) => (error === null ? resolve() : reject(error))
        this.#sendHandles(KIND_MESSAGE, 0, value, { parts: options, name: null, settled, written() {} })
      })
    }
    if (!this.sender.isAgreed) return this.#sendEarly(value, options)
    try {
      if (options?.buffers?.length) this.sender.put(KIND_MESSAGE, 0, outgoing(value, options))
      else this.sender.putPlain(KIND_MESSAGE, value)
    } catch (error) {
      // It is the peer's limit: what goes to many peers must not stop at one of them.
      if ((error as NodeJS.ErrnoException).code !== 'ERR_X_FRAME_TOO_LONG') throw error
      return quiet(Promise.reject(error))
    }
    return this.room
  }

  /** Null while the peer keeps up; else done once it has caught up. */
  get room(): Promise<void> | null {
    return this.sender.isFull ? this.sender.waitForRoom() : null
  }

  #sendEarly(value: unknown, options: SendOptions | undefined): Promise<void> {
    return promised<void>((resolve, fail) => {
      const ticket = { written: () => resolve(), fail }
      this.sender.put(KIND_MESSAGE, 0, { ...outgoing(value, options), ticket })
    })
  }

  /** A request. See `Channel.request`. */
  request(value: unknown, options: RequestOptions, timeoutMs: number): Promise<Message<never>> {
    const { signal, handles } = options
    const name = options.name === undefined ? null : encodeName(options.name)
    this.checkParts(options)
    if (!this.#session.isOpen) return this.#refuse(handles)
    if (signal?.aborted) return quiet(Promise.reject(abortError(signal.reason)))
    const id = this.requests.nextId()
    return promised((resolve, reject) => {
      const hasHandles = handles !== undefined && handles.length > 0
      const ticket = this.requests.wait(id, { timeoutMs, signal, hasHandles }, { resolve, reject })
      try {
        if (hasHandles) {
          const settled = (error: Error | null) => error !== null && this.requests.fail(id, error)
          this.#sendHandles(KIND_REQUEST, id, value, {
            parts: options,
            name,
            settled,
            written: ticket.written,
          })
        } else this.sender.put(KIND_REQUEST, id, { ...outgoing(value, options, name), ticket })
      } catch (error) {
        this.requests.fail(id, error as Error)
        throw error
      }
    })
  }

  #sendHandles(kind: number, id: number, value: unknown, { parts, name, settled, written }: Sending): void {
    const { handles = [], buffers = [], keep = false } = parts
    const { ack, ticket } = this.acks.depart(handles, keep, settled)
    const notes = handles.map(handle => ({ kind: handle.kind, unread: handle.unread.length }))
    const unread = handles.map(handle => handle.unread)
    const descriptors = () => numbersOf(handles)
    const beside = { name, buffers, notes, unread, ack }
    try {
      this.sender.put(kind, id, { value, beside, descriptors, ticket: { written, fail: ticket.fail } })
    } catch (error) {
      ticket.fail(error as Error)
      throw error
    }
  }

  #refuse(handles: readonly Descriptor[] = []): Promise<never> {
    const error = because(ipcError('ERR_X_NOT_SENT', 'the channel is closed'), this.#session.error)
    return quiet(Promise.reject(handles.length > 0 ? withHandles(error, handles) : error))
  }

  reply(id: number, value: unknown, parts: SendOptions): void {
    if (!this.#session.mayTell) return
    const { handles = [], keep = false } = parts
    if (handles.length === 0) {
      const ticket = { written() {}, fail: (error: Error) => this.fail(id, told(error)) }
      this.sender.put(KIND_REPLY, id, { ...outgoing(value, parts), ticket })
      return
    }
    // Nobody else knows of handles that were to go with a reply, and whoever waits for it is told that it does not come.
    const settled = (error: Error | null) => {
      if (error === null) return
      if (!keep) for (const handle of handles) handle.close()
      this.fail(id, told(error))
    }
    try {
      this.#sendHandles(KIND_REPLY, id, value, { parts, name: null, settled, written() {} })
    } catch {
      // `settled` has told it.
    }
  }

  /** Tells the peer that its request has failed. */
  fail(id: number, error: RemoteError): void {
    if (this.#session.mayTell) this.#session.guard(() => this.sender.fail(id, error))
  }
}

/** How a frame with handles is sent, and who hears of it. */
interface Sending {
  readonly parts: SendOptions
  readonly name: Buffer | null
  readonly settled: ArrivalListener
  readonly written: (position: number) => void
}
