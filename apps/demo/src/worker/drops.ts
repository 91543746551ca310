// Connections that were dropped, and why: counted for the status, and told to people once a second. It drops none.
import type { Statistics } from '../client/statistics'
import type { Log } from '../log'

export class Drops {
  readonly #statistics: Statistics
  readonly #log: Log
  /** Since people were told last. */
  #untold = new Map<string, number>()
  #last = ''

  constructor(statistics: Statistics, log: Log) {
    this.#statistics = statistics
    this.#log = log
  }

  /** @param problem what was wrong with a PROXY header */
  add(reason: string, address: string | undefined, problem?: string): void {
    this.#statistics.dropped(reason)
    this.#untold.set(reason, (this.#untold.get(reason) ?? 0) + 1)
    this.#last = `${address ?? 'one that has gone'}${problem === undefined ? '' : ` (its header ${problem})`}`
  }

  /** To be called once a second. */
  tell(): void {
    if (this.#untold.size === 0) return
    const reasons = [...this.#untold].map(([reason, count]) => `${count} ${reason}`)
    this.#log.warn('server', `connections dropped: ${reasons.join(', ')}; the last was of ${this.#last}`)
    this.#untold = new Map()
  }
}
