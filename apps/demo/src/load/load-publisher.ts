// A connection that publishes numbered messages, each with the time at which it was sent, and counts the answers.
import type { LoadClient } from './load-client'

export class LoadPublisher {
  readonly channel: string
  published = 0
  /** Answers that were not the number of the channel's subscribers. */
  wrongReplies = 0
  /** Hears of each answer. */
  onAnswer: () => void = () => {}
  readonly #client: LoadClient
  readonly #index: number
  readonly #size: number
  #answered = 0
  #isAwaited: (() => void) | null = null

  constructor(
    client: LoadClient,
    about: { index: number; channel: string; size: number; receivers: number },
  ) {
    this.#client = client
    this.#index = about.index
    this.#size = about.size
    this.channel = about.channel
    client.onReply = reply => {
      this.#answered++
      if (reply !== about.receivers) this.wrongReplies++
      this.onAnswer()
      if (this.underWay === 0) this.#isAwaited?.()
    }
  }

  /** Messages that are not answered. */
  get underWay(): number {
    return this.#client.isClosed ? 0 : this.published - this.#answered
  }

  get isBroken(): boolean {
    return this.#client.isClosed
  }

  publish(): void {
    const about = `${this.#index} ${this.published++} ${performance.now().toFixed(3)} `
    this.#client.send('PUBLISH', this.channel, about.padEnd(this.#size, '.'))
  }

  /** Resolves when all is answered, or nothing more can be. */
  async isAnswered(): Promise<void> {
    const answered = new Promise<void>(resolve => {
      this.#isAwaited = resolve
      if (this.underWay === 0) resolve()
    })
    await Promise.race([answered, this.#client.closed])
  }
}
