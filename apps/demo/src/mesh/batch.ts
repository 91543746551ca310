// The messages that are published in one turn, and who has yet to say how many receivers they had. It sends nothing.
import type { PublishedMessage } from './frames'

export class Batch {
  /** The number of the first message. */
  readonly first: number
  readonly messages: PublishedMessage[] = []
  readonly #counts: number[] = []
  readonly #tellers: ((count: number) => void)[] = []
  #bytes = 0
  /** Answers that are missing; one stands for the batch that is still being filled. */
  #missing = 1

  constructor(first: number) {
    this.first = first
  }

  get bytes(): number {
    return this.#bytes
  }

  /**
   * One more message, which had `count` receivers here, and what `undecided` will add. `tell` is called with the number of all,
   * once it is known.
   */
  add(
    message: PublishedMessage,
    count: number,
    undecided: Promise<number> | null,
    tell: (count: number) => void,
  ): void {
    const index = this.messages.length
    this.messages.push(message)
    this.#counts.push(count)
    this.#tellers.push(tell)
    this.#bytes += message.channel.length + message.payload.length
    if (undecided !== null) {
      this.#missing++
      void undecided.then(more => {
        this.#counts[index]! += more
        this.settleOne()
      })
    }
  }

  /** Another one is asked. */
  expectOne(): void {
    this.#missing++
  }

  /** What another one had; it is as many numbers as there are messages. */
  count(counts: readonly number[]): void {
    for (let index = 0; index < counts.length; index++) this.#counts[index]! += counts[index]!
    this.settleOne()
  }

  /** One answer less is missing: it has come, or will not come any more. The last one tells all. */
  settleOne(): void {
    if (--this.#missing > 0) return
    for (const [index, tell] of this.#tellers.entries()) tell(this.#counts[index]!)
  }
}
