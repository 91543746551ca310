// The messages that a worker publishes in one turn, and who has yet to say how many receivers they had. It sends nothing.
import { Later } from '../client/later'
import { integer } from '../resp/reply'
import type { PublishedMessage } from './frames'

export class Batch {
  /** The number of the first message. */
  readonly first: number
  readonly messages: PublishedMessage[] = []
  readonly #counts: number[] = []
  readonly #replies: Later[] = []
  #bytes = 0
  /** Answers that are missing; one stands for the batch that is still being filled. */
  #missing = 1

  constructor(first: number) {
    this.first = first
  }

  get bytes(): number {
    return this.#bytes
  }

  /** One more message, which had `count` receivers here, and what `undecided` will add. */
  add(message: PublishedMessage, count: number, undecided: Promise<number> | null): Later {
    const index = this.messages.length
    const reply = new Later(message.payload.length)
    this.messages.push(message)
    this.#counts.push(count)
    this.#replies.push(reply)
    this.#bytes += message.channel.length + message.payload.length
    if (undecided !== null) {
      this.#missing++
      void undecided.then(more => {
        this.#counts[index]! += more
        this.settleOne()
      })
    }
    return reply
  }

  /** Another worker is asked. */
  expectOne(): void {
    this.#missing++
  }

  /** What a worker had; it is as many numbers as there are messages. */
  count(counts: readonly number[]): void {
    for (let index = 0; index < counts.length; index++) this.#counts[index]! += counts[index]!
    this.settleOne()
  }

  /** One answer less is missing: it has come, or will not come any more. The last one settles all replies. */
  settleOne(): void {
    if (--this.#missing > 0) return
    for (const [index, reply] of this.#replies.entries()) reply.settle(integer(this.#counts[index]!))
  }
}
