// The callback of a held write: called once, in the async context of its write, never before the tick after it. It knows
// no socket.
import { AsyncResource } from 'node:async_hooks'
import { nextTick } from '../host'

export type WriteCallback = (error?: Error | null) => void

let isDeferring = false

/** Runs `act`; the users' callbacks that it calls come in ticks of their own. */
export function deferCallbacks(act: () => void): void {
  isDeferring = true
  try {
    act()
  } finally {
    isDeferring = false
  }
}

/** A user's callback as Writable is given it: it is put off while callbacks are deferred. */
export function deferrable<Callback extends (...args: never[]) => void>(callback: Callback): Callback {
  return ((...args) => {
    if (isDeferring) nextTick(callback, ...args)
    else callback(...args)
  }) as Callback
}

/** The callback of a write in the async context of now. */
export function inContext(callback: WriteCallback): WriteCallback {
  const context = new AsyncResource('WRITEWRAP')
  return error => context.runInAsyncScope(callback, undefined, error)
}

/** The callback of an end, in the context of now. */
export function ofEnd(callback: WriteCallback): WriteCallback {
  const context = new AsyncResource('SHUTDOWNWRAP')
  return deferrable((...args) => context.runInAsyncScope(callback, undefined, ...args))
}

/** The stream of a write. */
export interface TicketStream {
  /** Emits 'drain' where it is due. */
  drain(): void
  /** A write was called back. */
  calledBack(): void
  /** The tick of a write has come, and the write has no outcome yet. */
  outlasted(): void
}

export class Ticket {
  readonly #callback: WriteCallback
  readonly #stream: TicketStream
  #state: 'under way' | 'settled' | 'called' = 'under way'
  #error: Error | null | undefined = null
  /** The context of the write, where it is not that of the tick. */
  #context: AsyncResource | null
  /** The tick has come without an outcome, or another orders the callback: the outcome calls back at once. */
  #isLate = false

  constructor(callback: WriteCallback, stream: TicketStream, context: AsyncResource | null) {
    this.#callback = callback
    this.#stream = stream
    this.#context = context
  }

  /** The tick that calls back is scheduled now: callbacks keep the order of the calls, among themselves and with Writable's. */
  static ofWrite(callback: WriteCallback, stream: TicketStream): Ticket {
    const ticket = new Ticket(callback, stream, null)
    nextTick(callWhenSettled, ticket)
    return ticket
  }

  /** The tick is to be scheduled with `callTogether`, when the stream is corked no more. */
  static ofCorkedWrite(callback: WriteCallback, stream: TicketStream): Ticket {
    return new Ticket(callback, stream, new AsyncResource('WRITEWRAP'))
  }

  /** The outcome: null where the system has the bytes. */
  settle(error: Error | null | undefined): void {
    if (this.#state !== 'under way') return
    this.#error = error
    if (!this.#isLate) this.#state = 'settled'
    else {
      this.#state = 'called'
      deferrable(() => this.#callInContext())()
    }
  }

  /** Whoever settles it calls back in the right tick. */
  giveAway(): void {
    this.#isLate = true
  }

  #callInContext(): void {
    if (this.#context === null) this.#call()
    else this.#context.runInAsyncScope(this.#call, this)
  }

  #call(): void {
    try {
      this.#callback(this.#error)
    } finally {
      this.#stream.calledBack()
    }
  }

  onTick(): void {
    if (this.#state === 'under way') {
      // The tick of a write has its context.
      this.#context ??= new AsyncResource('WRITEWRAP')
      this.#isLate = true
      this.#stream.outlasted()
    } else {
      this.#state = 'called'
      // Writable emits it ahead of the callbacks of the first tick that finds its queue empty.
      try {
        if (!this.#error) this.#stream.drain()
      } finally {
        this.#callInContext()
      }
    }
  }
}

function callWhenSettled(ticket: Ticket): void {
  ticket.onTick()
}

/** Calls back the writes of a cork in a tick to come, as Writable does: where one throws, those behind it are not called. */
export function callTogether(tickets: readonly Ticket[]): void {
  nextTick(callAll, tickets)
}

function callAll(tickets: readonly Ticket[]): void {
  for (const ticket of tickets) ticket.onTick()
}
