// A reply that is not known yet, because other workers have to be asked, and the replies that wait behind it. It knows no
// socket and no command.
import type { Reply } from '../resp/reply'

/** Replies that may be under way for one client before it is asked no further. */
const MOST_REPLIES = 1024
/** Bytes of messages on their way to other workers for one client, likewise. */
const MOST_BYTES = 1024 ** 2

/** A reply to come. */
export class Later {
  /** What is under way for it, in bytes. */
  readonly costBytes: number
  #reply: Reply | undefined
  #whenSettled: (() => void) | null = null

  constructor(costBytes = 0) {
    this.costBytes = costBytes
  }

  /** The reply of a promise, or `failure` where it rejects. */
  static of(promise: Promise<Reply>, failure: (error: Error) => Reply): Later {
    const later = new Later()
    promise.then(
      reply => later.settle(reply),
      (error: Error) => later.settle(failure(error)),
    )
    return later
  }

  /** Undefined until it is known. */
  get reply(): Reply | undefined {
    return this.#reply
  }

  settle(reply: Reply): void {
    if (this.#reply !== undefined) return
    this.#reply = reply
    this.#whenSettled?.()
    this.#whenSettled = null
  }

  /** Calls once it is known; for one listener. */
  whenSettled(listener: () => void): void {
    if (this.#reply === undefined) this.#whenSettled = listener
    else listener()
  }
}

/** What goes to one client, in order, from the first reply that is not known on. */
export class ReplyQueue {
  #items: (Reply | Later)[] = []
  #first = 0
  #bytes = 0
  #costBytes = 0

  get isEmpty(): boolean {
    return this.#first === this.#items.length
  }

  /** Whether the client should not be asked further for now. */
  get isFull(): boolean {
    return this.#items.length - this.#first > MOST_REPLIES || this.#costBytes > MOST_BYTES
  }

  /** Bytes that wait here, as far as they are known. */
  get bytes(): number {
    return this.#bytes
  }

  push(item: Reply | Later): void {
    this.#items.push(item)
    if (item instanceof Later) this.#costBytes += item.costBytes
    else this.#bytes += item.length
  }

  /** Writes what is known, up to the first that is not. */
  advance(write: (reply: Reply) => void): void {
    while (!this.isEmpty) {
      const item = this.#items[this.#first]!
      const reply = item instanceof Later ? item.reply : item
      if (reply === undefined) break
      this.#first++
      if (item instanceof Later) this.#costBytes -= item.costBytes
      else this.#bytes -= item.length
      write(reply)
    }
    if (this.isEmpty || this.#first > MOST_REPLIES) {
      this.#items.splice(0, this.#first)
      this.#first = 0
    }
  }

  clear(): void {
    this.#items = []
    this.#first = 0
    this.#bytes = 0
    this.#costBytes = 0
  }
}
