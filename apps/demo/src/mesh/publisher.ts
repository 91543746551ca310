// Publishing: numbers the messages of this worker, delivers them here, and sends those of one turn to all other workers as
// one frame. It knows links as something that takes a frame.
import type { Statistics } from '../client/statistics'
import type { MessageNumber } from '../client/vector'
import { Batch } from './batch'
import { encodePublished } from './frames'
import type { Link } from './link'

/** A batch that has grown so far goes out before the turn ends. */
const BATCH_BYTES = 256 * 1024

/** Who has the subscribers: the broker of a worker, or what stands for the other brokers. */
export interface Deliverer {
  /** Delivers, and returns the number of receivers but for those that `takeUndecided` tells of. */
  publish(channel: string, payload: Uint8Array, number: MessageNumber): number
  /** Receivers of the last message that show later; null where there are none. */
  takeUndecided(): Promise<number> | null
}

/** Hears of each message. */
export interface PublishingObserver {
  /** It was published in this worker; the channel is latin1. */
  published(channel: string, payload: Uint8Array): void
  /** So many came from another worker. */
  received(worker: number, messages: number): void
}

export interface PublisherSurroundings {
  readonly broker: Deliverer
  readonly statistics: Statistics
  readonly observer: PublishingObserver
}

export class Publisher {
  readonly #id: number
  readonly #broker: Deliverer
  readonly #statistics: Statistics
  readonly #links: ReadonlyMap<number, Link>
  readonly #observer: PublishingObserver
  #sequence = 0
  #batch: Batch | null = null

  constructor(id: number, about: PublisherSurroundings, links: ReadonlyMap<number, Link>) {
    const { broker, statistics, observer } = about
    this.#id = id
    this.#observer = observer
    this.#broker = broker
    this.#statistics = statistics
    this.#links = links
  }

  /** The number of the last message. */
  get sequence(): number {
    return this.#sequence
  }

  /**
   * Publishes a message. Returns the number of its receivers where it is known already; else it is told later, and `later`
   * makes what is returned.
   */
  publish<Outcome>(
    channel: string,
    payload: Uint8Array,
    later: () => { readonly outcome: Outcome; tell(count: number): void },
  ): number | Outcome {
    const sequence = ++this.#sequence
    const count = this.#broker.publish(channel, payload, { publisher: this.#id, sequence })
    const undecided = this.#broker.takeUndecided()
    this.#statistics.messagesPublished++
    this.#statistics.messagesDelivered += count
    this.#observer.published(channel, payload)
    if (this.#links.size === 0 && undecided === null) return count
    const batch = this.#batch ?? this.#begin(sequence)
    const { outcome, tell } = later()
    batch.add({ channel, payload }, count, undecided, tell)
    if (batch.bytes > BATCH_BYTES) this.flush()
    return outcome
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
