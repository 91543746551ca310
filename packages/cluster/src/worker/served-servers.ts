// The servers of a worker that listen through the primary: which there are, what they hold, and how they are closed. It knows
// no connection and no message.
import type { ListenRequest, ListenRequester } from '@x/core/internal'
import { guarded } from '../both/guard'

/** One server that listens, or is about to. */
export interface Served {
  readonly request: ListenRequest
  readonly key: string
  /** 0 for the first server on an address, 1 for a second one that is open beside it, and so on. */
  readonly index: number
}

/** A server that has a way of its own to be closed for a drain. */
export interface Drainable {
  /** Takes no more connections and lets those that stand end; `done` once the last has. */
  drain(done: () => void, idleMs: number): void
}

export class ServedServers {
  readonly #served = new Set<Served>()
  /** Servers that listen, or are closed and still have connections. */
  readonly #servers = new Set<ListenRequester>()

  add(request: ListenRequest, key: string): Served {
    const served = { request, key, index: this.#freeIndex(key) }
    this.#served.add(served)
    if (request.server) this.#servers.add(request.server)
    return served
  }

  has(served: Served): boolean {
    return this.#served.has(served)
  }

  remove(served: Served): void {
    this.#served.delete(served)
  }

  /** Connections that the servers hold, those of closed servers included. */
  connections(): number {
    let count = 0
    for (const server of this.#servers) {
      const held = server.connections()
      count += held
      if (held === 0 && !this.#listens(server)) this.#servers.delete(server)
    }
    return count
  }

  /** Closes every server; `done` once the last connection of the last has ended. */
  closeAll(done: () => void): void {
    this.#each((server, closed) => server.close(closed), done)
  }

  /** The same for a drain: idle connections have a while for one more request. */
  drainAll(done: () => void, idleMs: number): void {
    this.#each((server, closed) => {
      if ('drain' in server) (server as unknown as Drainable).drain(closed, idleMs)
      else server.close(closed)
    }, done)
  }

  #each(close: (server: ListenRequester, closed: () => void) => void, done: () => void): void {
    const servers = new Set<ListenRequester>()
    for (const { request } of this.#served) if (request.server) servers.add(request.server)
    let waiting = servers.size + 1
    const one = (): void => {
      if (--waiting === 0) done()
    }
    for (const server of servers) guarded(() => close(server, one))
    one()
  }

  #listens(server: ListenRequester): boolean {
    for (const { request } of this.#served) if (request.server === server) return true
    return false
  }

  #freeIndex(key: string): number {
    const used = new Set<number>()
    for (const served of this.#served) if (served.key === key) used.add(served.index)
    let index = 0
    while (used.has(index)) index++
    return index
  }
}
