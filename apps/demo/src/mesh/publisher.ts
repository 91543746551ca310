// Publishing: numbers the messages of this worker, delivers them here, and sends those of one turn to all other workers as
// one frame. It knows links as something that takes a frame.
import type { Broker } from '../client/broker'
import type { Later } from '../client/later'
import type { Statistics } from '../client/statistics'
import { integer, type Reply } from '../resp/reply'
import { Batch } from './batch'
import { encodePublished } from './frames'
import type { Link } from './link'

/** A batch that has grown so far goes out before the turn ends. */
const BATCH_BYTES = 256 * 1024

export interface PublisherSurroundings {
  readonly broker: Broker
  readonly statistics: Statistics
  readonly onPublished: (channel: string, payload: Uint8Array) => void
}

export class Publisher {
  readonly #id: number
  readonly #broker: Broker
  readonly #statistics: Statistics
  readonly #links: ReadonlyMap<number, Link>
  /** Hears of each message. */
  readonly #onPublished: (channel: string, payload: Uint8Array) => void
  #sequence = 0
  #batch: Batch | null = null

  constructor(id: number, about: PublisherSurroundings, links: ReadonlyMap<number, Link>) {
    const { broker, statistics, onPublished } = about
    this.#id = id
    this.#onPublished = onPublished
    this.#broker = broker
    this.#statistics = statistics
    this.#links = links
  }

  /** The number of the last message. */
  get sequence(): number {
    return this.#sequence
  }

  /** The reply is the number of receivers in all workers. */
  publish(channel: string, payload: Uint8Array): Reply | Later {
    const sequence = ++this.#sequence
    const count = this.#broker.publish(channel, payload, { publisher: this.#id, sequence })
    const undecided = this.#broker.takeUndecided()
    this.#statistics.messagesPublished++
    this.#statistics.messagesDelivered += count
    this.#onPublished(channel, payload)
    if (this.#links.size === 0 && undecided === null) return integer(count)
    const batch = this.#batch ?? this.#begin(sequence)
    const reply = batch.add({ channel, payload }, count, undecided)
    if (batch.bytes > BATCH_BYTES) this.flush()
    return reply
  }

  /** Sends what was published so far. */
  flush(): void {
    const batch = this.#batch
    if (batch === null) return
    this.#batch = null
    if (this.#links.size > 0) {
      const frame = encodePublished(batch.first, batch.messages)
      for (const link of this.#links.values()) link.publish(batch, frame)
    }
    batch.settleOne()
  }

  #begin(first: number): Batch {
    this.#batch = new Batch(first)
    setImmediate(() => this.flush())
    return this.#batch
  }
}
