// The connection to one other worker: what is under way to it, and how far we have got with its messages.
import type { Channel, SendOptions } from '@x/ipc'
import type { Batch } from './batch'

export class Link {
  /** The other worker's number. */
  readonly id: number
  readonly channel: Channel
  /** The number of its last message that came here. */
  seen = 0
  /** Whether it has said that it leaves. */
  isLeaving = false
  /** Clients that it told of last. */
  clients = 0
  readonly #batches = new Map<number, Batch>()

  constructor(id: number, channel: Channel) {
    this.id = id
    this.channel = channel
  }

  /** Sends a batch, and remembers that its answer is missing. */
  publish(batch: Batch, frame: Buffer): void {
    batch.expectOne()
    this.#batches.set(batch.first, batch)
    this.send(frame)
  }

  counted(first: number, counts: readonly number[]): void {
    this.#batches.get(first)?.count(counts)
    this.#batches.delete(first)
  }

  /** What fails to be sent ends the channel, and its 'close' tells so. */
  send(value: unknown, parts?: SendOptions): void {
    this.channel.send(value, parts).catch(() => {})
  }

  /** The other worker is gone: what it has not answered counts as nobody. */
  end(): void {
    const batches = [...this.#batches.values()]
    this.#batches.clear()
    for (const batch of batches) batch.settleOne()
  }
}
