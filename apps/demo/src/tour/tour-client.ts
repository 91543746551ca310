// A client of the tour: one connection to the broker, whose replies and messages are awaited. It knows no step.
import { LoadClient } from '../load/load-client'
import { payloadOf, ReplyError, type ReplyValue } from '../resp/reply-parser'

export class TourClient {
  /** Messages that have come. */
  received = 0
  lastMessage = ''
  readonly #client: LoadClient
  readonly #replies: ((reply: ReplyValue) => void)[] = []
  #watchers: (() => void)[] = []

  private constructor(client: LoadClient) {
    this.#client = client
    client.onReply = reply => this.#take(reply)
    void client.closed.then(() => this.#tell())
  }

  static async connect(port: number): Promise<TourClient> {
    return new TourClient(await LoadClient.connect({ host: '127.0.0.1', port }))
  }

  get isClosed(): boolean {
    return this.#client.isClosed
  }

  get closed(): Promise<void> {
    return this.#client.closed
  }

  /** Resolves with the reply. Rejects where it is an error, or the connection ends before. */
  ask(...words: readonly string[]): Promise<ReplyValue> {
    return new Promise((resolve, reject) => {
      this.#replies.push(reply => (reply instanceof ReplyError ? reject(reply) : resolve(reply)))
      void this.#client.closed.then(() => reject(new Error('the broker closed the connection')))
      this.#client.send(...words)
    })
  }

  /** Resolves once so many messages have come. Rejects where the connection ends before. */
  async hasReceived(messages: number): Promise<void> {
    while (this.received < messages) {
      if (this.isClosed) throw new Error(`a subscriber was disconnected after ${this.received} messages`)
      await new Promise<void>(resolve => this.#watchers.push(resolve))
    }
  }

  /** Reads nothing more. */
  stopReading(): void {
    this.#client.pause()
  }

  close(): Promise<void> {
    return this.#client.close()
  }

  #take(reply: ReplyValue): void {
    const payload = payloadOf(reply)
    if (payload === null) {
      this.#replies.shift()?.(reply)
      return
    }
    this.received++
    this.lastMessage = String(payload)
    this.#tell()
  }

  #tell(): void {
    const watchers = this.#watchers
    this.#watchers = []
    for (const watcher of watchers) watcher()
  }
}
