// Some of the messages that are published here, for those who look at the page. It costs nothing while nobody does.
import type { Sample } from '../primary/hub-messages'

/** How many are taken, in how long. */
const MOST = 10
const EVERY_MS = 500
/** How much of a message is shown. */
const SHOWN_BYTES = 200

export class Sampler {
  readonly #send: (samples: readonly Sample[]) => void
  #samples: Sample[] = []
  #timer: NodeJS.Timeout | null = null

  constructor(send: (samples: readonly Sample[]) => void) {
    this.#send = send
  }

  watch(isWatched: boolean): void {
    if (isWatched === (this.#timer !== null)) return
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = isWatched ? setInterval(() => this.#flush(), EVERY_MS).unref() : null
    this.#samples = []
  }

  /** A message was published; the channel is latin1. */
  take(channel: string, payload: Uint8Array): void {
    if (this.#timer === null || this.#samples.length >= MOST) return
    const text = Buffer.from(payload.subarray(0, SHOWN_BYTES)).toString()
    this.#samples.push({ channel: Buffer.from(channel, 'latin1').toString(), text })
  }

  #flush(): void {
    if (this.#samples.length === 0) return
    this.#send(this.#samples)
    this.#samples = []
  }
}
