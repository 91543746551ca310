// Messages that nobody has taken yet: as the bytes that they came in, for what JSON becomes in memory is many times as
// much. An async iterator reads them. It knows its length, not its limit.
import type { Account } from '../protocol/account'
import { costAsBytes } from '../protocol/account'
import type { Message } from '../protocol/message'
import { decodePayload, decodeValues, type Frame, ownFrame } from '../wire/decoder'
import { EXTENDED } from '../wire/frame'

const NONE: readonly never[] = []

/** A message, and who hears what became of its handles: null where somebody has them. */
export interface Taken {
  readonly message: Message
  readonly settle: (refusal: string | null) => void
}

/** A message that waits, or several that were packed together. */
interface Entry {
  readonly cost: number
  readonly hasHandles: boolean
  /** Null once all are taken. @throws `ERR_X_CHANNEL_PROTOCOL`. */
  next(): Taken | null
}

interface Reader {
  resolve(result: IteratorResult<Message<never>>): void
  reject(error: Error): void
}

export class Inbox {
  readonly #account: Account
  #entries: Entry[] = []
  #handles = 0
  #readers: Reader[] = []
  #end: { readonly error: Error | null } | null = null

  constructor(account: Account) {
    this.#account = account
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0
  }

  /** Somebody waits for a message, so that there is none here. */
  get hasReader(): boolean {
    return this.#readers.length > 0
  }

  /** Takes a message in, in its frame. False: there is no room for it. */
  addFrame(frame: Frame, mayClone: boolean): boolean {
    const cost = costAsBytes(frame)
    if (!this.#account.addMessage(cost)) return false
    this.#entries.push(new FrameEntry(frame, mayClone, cost))
    return true
  }

  /** Takes a message with handles in, which the account has admitted at `cost`. */
  addHandles(taken: Taken, cost: number): void {
    this.#handles++
    this.#entries.push(new HandlesEntry(taken, cost))
  }

  /** Whether a message with handles waits. */
  get hasHandles(): boolean {
    return this.#handles > 0
  }

  /** Values that were decoded and that nobody has heard. They are in memory already: there is always room for them. */
  addValues(values: readonly unknown[], from: number): void {
    const entry = new FrameEntry(null, false, 0)
    entry.values = values
    entry.at = from
    this.#entries.push(entry)
  }

  /** The next message, or the next that has handles. @throws `ERR_X_CHANNEL_PROTOCOL`: it is none. */
  take(onlyHandles = false): Taken | null {
    for (;;) {
      const index = onlyHandles ? this.#entries.findIndex(entry => entry.hasHandles) : 0
      const entry = this.#entries[index]
      if (entry === undefined) return null
      let taken: Taken | null = null
      try {
        taken = entry.next()
      } finally {
        if (taken === null || entry.hasHandles) this.#remove(entry, index)
      }
      if (taken !== null) return taken
    }
  }

  #remove(entry: Entry, index: number): void {
    this.#entries.splice(index, 1)
    if (entry.hasHandles) this.#handles--
    if (entry.cost > 0) this.#account.removeMessage(entry.cost)
  }

  /** Gives the readers that wait what is here. @throws as `take`. */
  serveReaders(): void {
    while (this.#readers.length > 0) {
      const taken = this.take()
      if (taken === null) return
      this.#readers.shift()!.resolve(resultOf(taken))
    }
  }

  /** The next message, now or once it comes. @throws as `take`. */
  read(): Promise<IteratorResult<Message<never>>> {
    const taken = this.take()
    if (taken !== null) return Promise.resolve(resultOf(taken))
    return new Promise((resolve, reject) => {
      const reader = { resolve, reject }
      if (this.#end === null) this.#readers.push(reader)
      else this.#tellEnd(reader)
    })
  }

  /**
   * No more will come. What is there may still be read, but for what was to be acknowledged: its sender has been told
   * that it was not.
   */
  end(error: Error | null): void {
    this.#end = { error }
    for (let taken = this.take(true); taken !== null; taken = this.take(true)) taken.settle('nobody took it')
    const readers = this.#readers
    this.#readers = []
    // The error is told once; whoever else waits sees the end.
    for (const reader of readers) this.#tellEnd(reader)
  }

  #tellEnd(reader: Reader): void {
    const error = this.#end?.error ?? null
    if (error === null) reader.resolve({ value: undefined, done: true })
    else {
      this.#end = { error: null }
      reader.reject(error)
    }
  }
}

/** Somebody has it now. */
function resultOf({ message, settle }: Taken): IteratorResult<Message<never>> {
  settle(null)
  return { value: message as Message<never>, done: false }
}

class HandlesEntry implements Entry {
  readonly cost: number
  readonly hasHandles = true
  #taken: Taken | null

  constructor(taken: Taken, cost: number) {
    this.#taken = taken
    this.cost = cost
  }

  next(): Taken | null {
    const taken = this.#taken
    this.#taken = null
    return taken
  }
}

/** One frame without handles. Decodes when it is asked first. */
class FrameEntry implements Entry {
  readonly cost: number
  readonly hasHandles = false
  values: readonly unknown[] | null = null
  at = 0
  #frame: Frame | null
  readonly #mayClone: boolean

  constructor(frame: Frame | null, mayClone: boolean, cost: number) {
    this.#frame = frame === null ? null : ownFrame(frame)
    this.#mayClone = mayClone
    this.cost = cost
  }

  next(): Taken | null {
    const frame = this.#frame
    this.#frame = null
    if (frame !== null) {
      if ((frame.encoding & EXTENDED) !== 0) {
        const { value, buffers } = decodePayload(frame, this.#mayClone)
        return plain({ value, buffers, handles: NONE })
      }
      this.values = decodeValues(frame, this.#mayClone)
    }
    if (this.values === null || this.at === this.values.length) return null
    return plain({ value: this.values[this.at++], buffers: NONE, handles: NONE })
  }
}

function ignore(): void {}

function plain(message: Message): Taken {
  return { message, settle: ignore }
}
