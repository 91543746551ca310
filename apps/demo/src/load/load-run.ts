// The load itself: opens the connections, publishes at a rate for a time, waits for what is under way, and adds up. It knows
// no command line.
import { createHistogram } from 'node:perf_hooks'
import { LoadClient } from './load-client'
import type { LoadOptions } from './load-options'
import { LoadPublisher } from './load-publisher'
import type { LoadReport } from './load-report'
import { LoadSubscriber } from './load-subscriber'

/** Connections that are opened at the same time. */
const OPENING = 64
/** How often messages are sent that are due. */
const TICK_MS = 5
/** Messages of one publisher that may wait for an answer. */
const WINDOW = 1000
/** The same, where each publishes as fast as it is answered. */
const FAST_WINDOW = 16

/** How far a load is. */
export interface LoadProgress {
  readonly published: number
  readonly delivered: number
  readonly p99Ms: number
  /** Connections that have ended before the load does. */
  readonly broken: number
}

export class LoadRun {
  readonly #options: LoadOptions
  readonly #open: (to: LoadOptions['to']) => Promise<LoadClient>
  readonly #clients: LoadClient[] = []
  /** By their index, as messages and channels name them. */
  #publishers: readonly LoadPublisher[] = []
  #subscribers: readonly LoadSubscriber[] = []
  readonly #latency = createHistogram()
  #turn = 0
  #startedMs = 0
  #publishedMs = 0
  #published = 0
  #isOver = false

  /** @param open opens one of the connections; default: without any more ado */
  constructor(
    options: LoadOptions,
    open: (to: LoadOptions['to']) => Promise<LoadClient> = LoadClient.connect,
  ) {
    this.#options = options
    this.#open = open
  }

  /** Connects and subscribes. Rejects where nobody listens, or a connection breaks. */
  async open(): Promise<void> {
    const { publishers, subscribers, channels, size } = this.#options
    const channelOf = (index: number) => `load:${process.pid}:${index % channels}`
    this.#subscribers = await inGroups(subscribers, async index => {
      const subscriber = new LoadSubscriber(await this.#connect(), channelOf(index), this.#latency)
      await subscriber.subscribe()
      if (subscriber.isBroken) throw new Error('the server closed a connection while it was opened')
      return subscriber
    })
    this.#publishers = await inGroups(publishers, async index => {
      const channel = channelOf(index)
      const receivers = this.#subscribers.filter(subscriber => subscriber.channel === channel).length
      const publisher = new LoadPublisher(await this.#connect(), { index, channel, size, receivers })
      if (this.#options.rate === 0) {
        publisher.onAnswer = () => {
          if (!this.#isOver) this.#publish(publisher)
        }
      }
      return publisher
    })
  }

  /** Publishes until the time is over or `signal` says so, then waits for what is under way. */
  async run(signal: AbortSignal): Promise<void> {
    this.#startedMs = performance.now()
    await new Promise<void>(resolve => {
      const timer = setInterval(() => {
        this.#isOver ||= performance.now() - this.#startedMs >= this.#options.seconds * 1000
        this.#isOver ||= signal.aborted || this.#publishers.every(({ isBroken }) => isBroken)
        if (!this.#isOver) this.#publishWhatIsDue()
        if (!this.#isOver) return
        clearInterval(timer)
        resolve()
      }, TICK_MS)
    })
    this.#publishedMs = performance.now() - this.#startedMs
    await Promise.all(this.#publishers.map(publisher => publisher.isAnswered()))
    await Promise.all(this.#subscribers.map(subscriber => subscriber.hasAll()))
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map(client => client.close()))
  }

  progress(): LoadProgress {
    return {
      published: this.#published,
      delivered: this.#latency.count,
      p99Ms: toMs(this.#latency.percentile(99)),
      broken: this.#clients.filter(({ isClosed }) => isClosed).length,
    }
  }

  /** What it came to; before `close`. */
  report(): LoadReport {
    const { published, delivered, broken } = this.progress()
    const sum = { lost: 0, doubled: 0, outOfOrder: 0 }
    for (const subscriber of this.#subscribers) {
      for (const [index, publisher] of this.#publishers.entries()) {
        if (publisher.channel !== subscriber.channel) continue
        const check = subscriber.checks.get(index)
        sum.lost += check?.lost(publisher.published) ?? publisher.published
        sum.doubled += check?.doubled ?? 0
        sum.outOfOrder += check?.outOfOrder ?? 0
      }
    }
    const seconds = this.#publishedMs / 1000
    const percentile = (percent: number) => toMs(this.#latency.percentile(percent))
    return {
      seconds,
      publishers: this.#publishers.length,
      subscribers: this.#subscribers.length,
      published,
      publishedPerSecond: Math.round(published / seconds),
      delivered,
      deliveredPerSecond: Math.round(delivered / seconds),
      latencyMs: {
        p50: percentile(50),
        p99: percentile(99),
        p999: percentile(99.9),
        most: this.#latency.count === 0 ? 0 : toMs(this.#latency.max),
      },
      ...sum,
      broken,
      wrongReplies: this.#publishers.reduce((total, { wrongReplies }) => total + wrongReplies, 0),
    }
  }

  async #connect(): Promise<LoadClient> {
    const client = await this.#open(this.#options.to)
    this.#clients.push(client)
    return client
  }

  /** Each publisher in turn; one that waits for too many answers is passed over. */
  #publishWhatIsDue(): void {
    const { rate } = this.#options
    const isFast = rate === 0
    const elapsedSeconds = (performance.now() - this.#startedMs) / 1000
    let due = isFast ? Number.POSITIVE_INFINITY : Math.floor(rate * elapsedSeconds) - this.#published
    const window = isFast ? FAST_WINDOW : WINDOW
    let passedOver = 0
    while (!this.#isOver && due > 0 && passedOver < this.#publishers.length) {
      const publisher = this.#publishers[this.#turn++ % this.#publishers.length]!
      if (publisher.isBroken || publisher.underWay >= window) {
        passedOver++
        continue
      }
      this.#publish(publisher)
      passedOver = 0
      due--
    }
  }

  #publish(publisher: LoadPublisher): void {
    publisher.publish()
    if (++this.#published === this.#options.messages) this.#isOver = true
  }
}

/** Microseconds as milliseconds. */
function toMs(micros: number): number {
  return micros / 1000
}

/** What `make` makes of each index from 0, some at the same time. */
async function inGroups<Made>(count: number, make: (index: number) => Promise<Made>): Promise<Made[]> {
  const made: Made[] = []
  let next = 0
  const one = async () => {
    while (next < count) {
      const index = next++
      made[index] = await make(index)
    }
  }
  await Promise.all(Array.from({ length: Math.min(OPENING, count) }, one))
  return made
}
