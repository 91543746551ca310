// What a connection sends, from its first write on: the writes that are held, and those that Writable gives, in the order of
// the calls; and the end of our side. It knows the stream by its narrow face, and nothing of reading, addresses or timers.
import { Writable } from 'node:stream'
import { eventError, systemError } from '../errors/system-error'
import { nodeMajor } from '../host'
import type { Status, StreamHandle } from '../transport/contract'
import { type Activity, type ConnectionStream, queuedLength, writableStateOf } from './connection-stream'
import { indexOfFilePart } from './file-part'
import { FileWrite } from './file-write'
import { byteLength, withoutFirst } from './gathered'
import { Outbox } from './outbox'
import { OwnEnd } from './own-end'
import { callTogether, inContext, Ticket, type TicketStream, type WriteCallback } from './ticket'
import { flushLater, type Holder, isInData, mayHold } from './turn'

/** Gives Writable a write; sockets override the method. */
const enqueue = Writable.prototype.write as (
  this: unknown,
  chunk: string | Uint8Array,
  encoding: BufferEncoding | undefined,
  callback: WriteCallback,
) => boolean

/** A write that Writable is given for its tick: there is nothing to send. */
const tickAlone = Buffer.alloc(0)

/** The connection that sends. */
export interface SendingConnection {
  readonly stream: ConnectionStream
  readonly activity: Activity
  readonly handle: StreamHandle
  readonly isReading: boolean
}

/** Writable has something queued, or is told to wait. */
export function isQueueing(stream: ConnectionStream): boolean {
  return stream.writableCorked !== 0 || queuedLength.call(stream) !== 0
}

export class Sending implements Holder, TicketStream {
  readonly #connection: SendingConnection
  /** The writes of this turn, or of a cork; null where none is held. */
  #outbox: Outbox | null = null
  /** The flush of what is held is to come by itself. What is corked waits for `uncork`. */
  #isFlushDue = false
  /** Of the write that Writable has under way; it gives no other until this was called. */
  #writeCallback: WriteCallback | null = null
  /**
   * The write with a part of a file that is under way; 'next' where it was written before the connection was made, and has
   * not begun. No write may overtake it.
   */
  #file: FileWrite | 'next' | null = null
  /** The end of our side, once it was asked for. */
  #end: OwnEnd | null = null
  /** Writes of the handle whose `done` is still to come. */
  #underWay = 0
  /** Bytes at the head of Writable's queue that the handle was given already. */
  #ahead = 0
  /** So many of them are of the write that Writable has under way. */
  #aheadUnderWay = 0
  /** What the handle answered to those, where it refused them. */
  #refusal: Status = 0
  #written: ((status: Status) => void) | null = null
  #refusedBytes = 0
  /** Callbacks of what is corked, which wait for `uncork`. */
  #corked: Ticket[] | null = null
  /** Callbacks of held writes that are still to come, or under way. */
  #dueTickets = 0

  constructor(connection: SendingConnection) {
    this.#connection = connection
  }

  // Either the outbox holds bytes, or Writable has some: never both.

  /**
   * Holds a write until the end of the turn, or while the stream is corked. False where Writable has to take it: it orders
   * alone as long as it has anything, judges what is wrong, and says when there is too much.
   */
  hold(chunk: string | Uint8Array, encoding: BufferEncoding | undefined, callback: unknown): boolean {
    const limit = this.#connection.stream.writableHighWaterMark
    // Above it `write` answers false.
    if (chunk.length >= limit) return false
    const outbox = this.#outbox ?? this.#openOutbox()
    if (outbox === null) return false
    // Ahead of the ticks of callbacks, which are to find the outcome.
    if (!this.#isFlushDue && !this.#isCorked()) this.#flushLater()
    if (outbox.length + chunk.length >= limit || !outbox.add(chunk, encoding)) {
      if (outbox.writeCount === 0) return this.#closeEmpty(outbox)
      this.flush()
      return this.hold(chunk, encoding, callback)
    }
    if (typeof callback === 'function') {
      this.#dueTickets++
      outbox.attach(this.#ticketFor(callback as WriteCallback))
    }
    return true
  }

  #ticketFor(callback: WriteCallback): Ticket {
    if (!this.#isCorked()) return Ticket.ofWrite(callback, this)
    const ticket = Ticket.ofCorkedWrite(callback, this)
    if (this.#corked === null) this.#corked = [ticket]
    else this.#corked.push(ticket)
    return ticket
  }

  #isCorked(): boolean {
    return this.#connection.stream.writableCorked !== 0
  }

  #flushLater(): void {
    this.#isFlushDue = true
    flushLater(this)
  }

  /** The stream is corked no more: what was held for it leaves at the end of the listeners of 'data', else at once. */
  uncorked(): void {
    this.#callCorkedBack()
    if (this.#isFlushDue) return
    if (isInData()) this.#flushLater()
    else this.flush()
  }

  #callCorkedBack(): void {
    if (this.#corked === null) return
    callTogether(this.#corked)
    this.#corked = null
  }

  /** Emits 'drain' where Writable is about to, in a tick to come. */
  drain(): void {
    const { stream } = this.#connection
    if (!stream.writableNeedDrain || queuedLength.call(stream) > 0) return
    writableStateOf(stream).needDrain = false
    stream.emit('drain')
  }

  calledBack(): void {
    this.#dueTickets--
  }

  /** The stream is still corked: Writable orders the callbacks of this write and of those behind it. */
  outlasted(): void {
    this.flush()
  }

  /**
   * Null where nothing may be held now. To a peer that has gone each write is answered by the system; a socket that does not
   * read would not hear of it. In reply to what was read just now the system is not asked: it would cost as much as is won.
   * What is corked leaves within `uncork`, which hears the answer.
   */
  #openOutbox(): Outbox | null {
    const { stream } = this.#connection
    if (!this.#connection.isReading || this.#isWritableBusy() || !stream.writable || !mayHold()) return null
    // Writable is about to tell of 'drain', where it has nothing; and calls back for empty writes that are corked.
    if (this.#isCorked() && (stream.writableNeedDrain || writableStateOf(stream).bufferedRequestCount > 0))
      return null
    if (!isInData() && !this.#isCorked() && this.#connection.handle.hasPeerLeft()) return null
    this.#outbox = Outbox.open()
    this.#isFlushDue = false
    return this.#outbox
  }

  #closeEmpty(outbox: Outbox): false {
    this.#outbox = null
    outbox.close(true)
    return false
  }

  get isHolding(): boolean {
    return this.#outbox !== null
  }

  /** Characters and bytes of the writes that are held, as Writable counts them. */
  get heldLength(): number {
    return this.#outbox?.length ?? 0
  }

  /** Writable has something under way or queued: it alone orders. */
  #isWritableBusy(): boolean {
    return (
      this.#writeCallback !== null ||
      this.#file !== null ||
      this.#ahead !== 0 ||
      queuedLength.call(this.#connection.stream) !== 0
    )
  }

  /** Nothing that was written is still to go to the system, and nothing is held back. */
  get isQuiet(): boolean {
    return this.#outbox === null && this.#underWay === 0 && !this.#isWritableBusy() && !this.#isCorked()
  }

  /**
   * Sends what is held, now. Callbacks come in the ticks that their writes have scheduled. What is corked is not sent:
   * Writable has it from then on.
   */
  flush(): void {
    const outbox = this.#outbox
    if (outbox === null) return
    if (!this.#isCorked()) this.#sendHeld(outbox, false)
    else {
      this.#outbox = null
      for (const ticket of this.#corked ?? []) ticket.giveAway()
      this.#corked = null
      this.#enqueueFrom(outbox, 0)
    }
  }

  /** `isLast`: the end of our side follows at once, see `StreamHandle.write`. */
  #sendHeld(outbox: Outbox, isLast: boolean): void {
    const status = this.#giveHeld(outbox, isLast)
    if (status <= 0) this.#handOver(outbox, status)
    else {
      for (let i = 0; i < outbox.writeCount; i++) outbox.ticketOf(i)?.settle(null)
      outbox.close(true)
    }
  }

  /** Sends what is held before the stream ends, which uncorks it: Writable has to know that callbacks are still to come. */
  flushBeforeEnd(isLast = false): void {
    const outbox = this.#outbox
    if (outbox === null) return
    this.#callCorkedBack()
    if (outbox.hasTickets) this.#handOver(outbox, this.#giveHeld(outbox, false))
    else this.#sendHeld(outbox, isLast)
  }

  /**
   * As `flush`, before the stream is destroyed. Writable tells the callback of an `end()` behind those of writes, where it
   * has any.
   */
  flushBeforeDestroy(): void {
    const { stream } = this.#connection
    if (this.#outbox !== null) {
      if (this.#isCorked()) this.flush()
      else this.flushBeforeEnd()
    } else if (this.#dueTickets > 0 && stream.writable && !this.#isCorked() && !this.#isWritableBusy()) {
      enqueue.call(stream, tickAlone, undefined, () => {})
    }
  }

  #giveHeld(outbox: Outbox, isLast: boolean): Status {
    this.#outbox = null
    return outbox.byteCount === 0 ? 1 : this.#give([outbox.bytes], isLast)
  }

  /** What the system has not taken goes the way of any Writable, write by write. */
  #handOver(outbox: Outbox, status: Status): void {
    const queued = status === 0 ? this.#connection.handle.writeQueueSize : 0
    const taken = status < 0 ? -1 : outbox.byteCount - queued
    let index = 0
    for (; index < outbox.writeCount && outbox.bytesThrough(index) <= taken; index++)
      outbox.ticketOf(index)?.settle(null)
    // Of those that are taken Writable needs none but the last, for its tick.
    if (index === outbox.writeCount) index--
    this.#refusal = Math.min(status, 0)
    this.#ahead = outbox.byteCount - (index === 0 ? 0 : outbox.bytesThrough(index - 1))
    this.#enqueueFrom(outbox, index)
  }

  /** Gives Writable the writes from `first` on, and closes the outbox. */
  #enqueueFrom(outbox: Outbox, first: number): void {
    for (let index = first; index < outbox.writeCount; index++) {
      const ticket = outbox.ticketOf(index)
      // Without a callback Writable may do without its tick.
      const settle: WriteCallback = error => ticket?.settle(error)
      enqueue.call(this.#connection.stream, outbox.chunkOf(index), outbox.encodingOf(index), settle)
    }
    outbox.close(false)
  }

  /**
   * Sends for Writable; the callback comes within the call only where the system took or refused it at once.
   * `isCounted`: `bytesWritten` has these bytes also where they are refused.
   */
  send(chunks: readonly Uint8Array[], isCounted: boolean, callback: WriteCallback): void {
    // Writable has nothing while writes are held: somebody calls `_write` by hand.
    this.flush()
    if (chunks[0] === tickAlone) return callback()
    const place = indexOfFilePart(chunks)
    if (place >= 0) {
      this.#sendFile(chunks, place, isCounted, callback)
      return
    }
    const bytes = byteLength(chunks)
    if (this.#ahead === 0) {
      const status = this.#give(chunks)
      if (status < 0 && isCounted) this.#refusedBytes += bytes
      this.#settle(status, callback)
      return
    }
    const given = Math.min(bytes, this.#ahead)
    this.#ahead -= given
    this.#aheadUnderWay = 0
    if (this.#refusal < 0) {
      if (isCounted) this.#refusedBytes += bytes
      this.#settle(this.#refusal, callback)
    } else if (given < bytes) this.#settle(this.#give(withoutFirst(chunks, given)), callback)
    else if (this.#underWay === 0 || this.#connection.handle.writeQueueSize <= this.#ahead) callback()
    else this.#await(callback)
  }

  /** Sends a write that has a part of a file in it. */
  #sendFile(chunks: readonly Uint8Array[], place: number, isCounted: boolean, callback: WriteCallback): void {
    const file = new FileWrite(
      {
        handle: this.#connection.handle,
        isOpen: () => !this.#connection.stream.destroyed,
        progressed: () => this.#connection.activity.touch(),
        send: (part, done) => this.send(part, isCounted, done),
        over: () => {
          this.#file = null
        },
      },
      callback,
    )
    this.#file = file
    file.send(chunks, place)
  }

  /** Calls back once the handle is done, in the context of now. */
  #await(callback: WriteCallback): void {
    this.#writeCallback = inContext(callback)
  }

  /**
   * Sends bytes that Writable will give to `send` in this order, what was written before the connection was made: the
   * write that it has under way, and those that it has queued.
   */
  sendAhead(first: readonly Uint8Array[], queued: readonly Uint8Array[]): void {
    const waiting = [...first, ...queued]
    const place = indexOfFilePart(waiting)
    const chunks = place < 0 ? waiting : waiting.slice(0, place)
    const bytes = byteLength(chunks)
    // A listener to 'connect' may write: behind it.
    if (place >= 0) this.#file = 'next'
    // Once: a connection may be told of as made again.
    if (bytes === 0 || this.#ahead > 0) return
    this.#ahead = bytes
    this.#aheadUnderWay = Math.min(bytes, byteLength(first))
    const status = this.#give(chunks)
    this.#refusal = Math.min(status, 0)
  }

  /** Bytes that were written and that the handle was given; `queued` are those of Writable's buffer. */
  bytesSent(queued: number): number {
    const { handle } = this.#connection
    const sent = handle.bytesWritten + handle.writeQueueSize + this.#refusedBytes
    return sent + Math.max(0, queued - this.queuedAhead)
  }

  /** Bytes of Writable's queue that the handle was given already. */
  get queuedAhead(): number {
    return this.#ahead - this.#aheadUnderWay
  }

  /** Ends our side once all is sent. `done` comes in a later turn, or at once where there is nothing to end. */
  shutDown(done: WriteCallback): void {
    this.#end = OwnEnd.begin(this.#connection.handle, done)
  }

  /** The end of our side is under way. */
  get isEnding(): boolean {
    return this.#end?.isUnderWay === true
  }

  /** Fails what Writable has under way: nothing will be told of it any more. */
  abandon(error: Error): void {
    const [write, file, end] = [this.#writeCallback, this.#file, this.#end]
    this.#writeCallback = null
    this.#file = null
    this.#end = null
    if (write !== null) write(error)
    else if (file instanceof FileWrite) file.abandon(error)
    end?.abandon(error)
  }

  #give(chunks: readonly Uint8Array[], isLast = false): Status {
    this.#connection.activity.touch()
    // Bound: a closure that its own object holds is kept by each collection of young objects (V8 14), with all that it reaches.
    this.#written ??= this.#onWritten.bind(this)
    const status = this.#connection.handle.write(chunks, this.#written, isLast)
    if (status === 0) this.#underWay++
    return status
  }

  /** Calls back with the outcome of a write, or keeps the callback until there is one. */
  #settle(status: Status, callback: WriteCallback): void {
    if (status > 0) callback()
    else if (status === 0) this.#await(callback)
    else callback(systemError(status, 'write'))
  }

  /** Up to Node 20 a write that a `destroy()` cuts off is told as written. */
  #isTakenForWritten(): boolean {
    return nodeMajor < 21 && this.#connection.stream.destroyed
  }

  #onWritten(status: Status): void {
    this.#underWay--
    if (status < 0) this.#refusal = status
    else if (this.#underWay > 0) return
    const callback = this.#writeCallback
    this.#writeCallback = null
    if (callback === null) return
    this.#connection.activity.touch()
    callback(status < 0 && !this.#isTakenForWritten() ? eventError(status, 'write') : null)
  }
}
