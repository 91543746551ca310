// Messages that nobody has taken yet, as an async iterator reads them. It knows its length, not its limit.
import type { Message } from './message'

/** A message, and who wants to hear that somebody has it. */
export interface Entry {
  readonly message: Message
  readonly onTaken: (() => void) | null
}

interface Reader {
  resolve(result: IteratorResult<Message<never>>): void
  reject(error: Error): void
}

export class Inbox {
  #entries: Entry[] = []
  #readers: Reader[] = []
  #end: { error: Error | null } | null = null

  get size(): number {
    return this.#entries.length
  }

  push(message: Message, onTaken: (() => void) | null): void {
    const reader = this.#readers.shift()
    if (reader === undefined) {
      this.#entries.push({ message, onTaken })
      return
    }
    reader.resolve({ value: message as Message<never>, done: false })
    onTaken?.()
  }

  /** All that waits, for a listener that came late. */
  takeAll(): Entry[] {
    const entries = this.#entries
    this.#entries = []
    return entries
  }

  /**
   * No more will come. What is there may still be read, but for what was to be acknowledged: its sender has been told
   * that it was not.
   */
  end(error: Error | null): void {
    this.#end = { error }
    for (const { message, onTaken } of this.#entries) {
      if (onTaken !== null) for (const handle of message.handles) handle.close()
    }
    this.#entries = this.#entries.filter(entry => entry.onTaken === null)
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

  next(): Promise<IteratorResult<Message<never>>> {
    const entry = this.#entries.shift()
    if (entry) {
      entry.onTaken?.()
      return Promise.resolve({ value: entry.message as Message<never>, done: false })
    }
    return new Promise((resolve, reject) => {
      const reader = { resolve, reject }
      if (this.#end === null) this.#readers.push(reader)
      else this.#tellEnd(reader)
    })
  }
}
