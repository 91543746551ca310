// What the live page is told of this worker: its clients, and the messages that go through it. It costs nothing while nobody
// looks.
import type { Clients } from '../client/clients'
import {
  type ClientSighting,
  isOwnName,
  MOST_SIGHTED,
  type Sample,
  type Sighting,
} from '../primary/hub-messages'

const EVERY_MS = 200
/** Messages that are told of at a time. */
const MOST_SAMPLES = 20
/** Of those that the page and its load publish, one is told of in so long: others must be seen among them. */
const OWN_SAMPLE_MICROS = 1_000_000
/** How much of a message is shown. */
const SHOWN_BYTES = 200

export class Observer {
  readonly #clients: Clients
  readonly #send: (sighting: Sighting) => void
  #timer: NodeJS.Timeout | null = null
  #sequence = 0
  #samples: Sample[] = []
  #ownSampleMicros = 0
  #published = 0
  readonly #received = new Map<number, number>()
  /** The clients that were told of last. */
  #told = ''

  constructor(clients: Clients, send: (sighting: Sighting) => void) {
    this.#clients = clients
    this.#send = send
  }

  watch(isWatched: boolean): void {
    if (isWatched === (this.#timer !== null)) return
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = isWatched ? setInterval(() => this.#flush(), EVERY_MS).unref() : null
    this.#begin()
    this.#told = ''
    if (isWatched) this.#flush()
  }

  /** A message was published here; the channel is latin1. */
  published(channel: string, payload: Uint8Array): void {
    if (this.#timer === null) return
    this.#sequence++
    this.#published++
    if (this.#samples.length >= MOST_SAMPLES) return
    const atMicros = Number(process.hrtime.bigint() / 1000n)
    if (isOwnName(channel)) {
      if (atMicros - this.#ownSampleMicros < OWN_SAMPLE_MICROS) return
      this.#ownSampleMicros = atMicros
    }
    this.#samples.push({
      atMicros,
      sequence: this.#sequence,
      channel: Buffer.from(channel, 'latin1').toString(),
      text: Buffer.from(payload.subarray(0, SHOWN_BYTES)).toString(),
    })
  }

  /** Messages of another worker came. */
  received(worker: number, messages: number): void {
    if (this.#timer === null) return
    this.#received.set(worker, (this.#received.get(worker) ?? 0) + messages)
  }

  #begin(): void {
    this.#samples = []
    this.#published = 0
    this.#received.clear()
  }

  #flush(): void {
    const clients = this.#changedClients()
    if (clients === null && this.#published === 0 && this.#received.size === 0) return
    this.#send({
      samples: this.#samples,
      published: this.#published,
      received: [...this.#received],
      clients,
    })
    this.#begin()
  }

  #changedClients(): readonly ClientSighting[] | null {
    const all = [...this.#clients].map(({ id, name, isSubscriber }) => ({ id, name, isSubscriber }))
    // The page's own first: it must know where each of them is.
    const own = all.filter(({ name }) => isOwnName(name))
    const others = all.filter(({ name }) => !isOwnName(name))
    const shown = [...own, ...others].slice(0, MOST_SIGHTED)
    const text = JSON.stringify(shown)
    if (text === this.#told) return null
    this.#told = text
    return shown
  }
}
