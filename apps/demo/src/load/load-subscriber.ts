// A connection that subscribes to one channel, and holds what comes against the numbers of each publisher.
import type { RecordableHistogram } from 'node:perf_hooks'
import { payloadOf, type ReplyValue } from '../resp/reply-parser'
import type { LoadClient } from './load-client'
import { SequenceCheck } from './sequence-check'

/** What of a message is looked at: publisher, number, time. */
const HEAD_BYTES = 48

export class LoadSubscriber {
  readonly channel: string
  /** By publisher. */
  readonly checks = new Map<number, SequenceCheck>()
  readonly #client: LoadClient
  readonly #latency: RecordableHistogram
  #isAwaited: (() => void) | null = null

  /** @param latency hears the microseconds that each message took */
  constructor(client: LoadClient, channel: string, latency: RecordableHistogram) {
    this.#client = client
    this.channel = channel
    this.#latency = latency
    client.onReply = reply => this.#take(reply)
  }

  get isBroken(): boolean {
    return this.#client.isClosed
  }

  /** Resolves when it is confirmed. */
  async subscribe(): Promise<void> {
    this.#client.send('SUBSCRIBE', this.channel)
    await this.#answer()
  }

  /** Resolves when all that was answered to publishers before has come: the answer to a PING comes behind it. */
  async hasAll(): Promise<void> {
    this.#client.send('PING')
    await this.#answer()
  }

  async #answer(): Promise<void> {
    const answered = new Promise<void>(resolve => {
      this.#isAwaited = resolve
    })
    await Promise.race([answered, this.#client.closed])
  }

  #take(reply: ReplyValue): void {
    const payload = payloadOf(reply)
    if (payload === null) this.#isAwaited?.()
    else this.#receive(payload)
  }

  #receive(payload: Buffer): void {
    const [publisher, number, sentMs] = payload.toString('latin1', 0, HEAD_BYTES).split(' ').map(Number)
    let check = this.checks.get(publisher!)
    if (check === undefined) {
      check = new SequenceCheck()
      this.checks.set(publisher!, check)
    }
    check.take(number!)
    this.#latency.record(Math.max(1, Math.round((performance.now() - sentMs!) * 1000)))
  }
}
