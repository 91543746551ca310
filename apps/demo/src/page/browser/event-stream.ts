/// <reference lib="dom" />
// The stream of events from the program, with the types of its events. It keeps nothing.
import type { PageEvents } from '../page-events'

export class EventStream {
  readonly #source = new EventSource('/events')

  on<Name extends keyof PageEvents>(name: Name, take: (data: PageEvents[Name]) => void): void {
    this.#source.addEventListener(name, event => take(JSON.parse((event as MessageEvent<string>).data)))
  }

  /** The program does not answer; it is tried again. */
  onLost(take: () => void): void {
    this.#source.addEventListener('error', take)
  }
}
