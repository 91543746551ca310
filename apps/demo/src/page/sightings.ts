// Which clients each worker has, as the workers told last while somebody watched.
import type { ClientSighting } from '../primary/hub-messages'

export class Sightings {
  readonly #clients = new Map<number, readonly ClientSighting[]>()

  get all(): Iterable<readonly [worker: number, clients: readonly ClientSighting[]]> {
    return this.#clients
  }

  set(worker: number, clients: readonly ClientSighting[]): void {
    this.#clients.set(worker, clients)
  }

  /** Forgets the workers that are not among these. */
  keep(workers: ReadonlySet<number>): void {
    for (const worker of this.#clients.keys()) if (!workers.has(worker)) this.#clients.delete(worker)
  }

  /** The worker that serves a client; null where it is unknown. */
  workerOf(client: number): number | null {
    for (const [worker, clients] of this.#clients) if (clients.some(({ id }) => id === client)) return worker
    return null
  }
}
