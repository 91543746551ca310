// Who is connected: numbers them, finds them, and lists them as CLIENT LIST does. It knows no command and no socket.
import type { Filters } from '../mesh/questions'
import type { Session } from './session'

/** Clients that a worker numbers before it jumps to the next range. */
const RANGE = 1_000_000
/** Workers that a range lets in: the next range of one is beyond the first of all others. */
const WORKERS = 2 ** 20

/** The worker that a client came to, by the client's number. */
export function workerOf(clientId: number): number {
  return Math.floor(clientId / RANGE) % WORKERS
}

export class Clients {
  readonly #workerId: number
  readonly #sessions = new Map<number, Session>()
  /** How many there are of each address or network. */
  readonly #networks = new Map<string, number>()
  #numbered = 0

  constructor(workerId: number) {
    this.#workerId = workerId
  }

  get count(): number {
    return this.#sessions.size
  }

  /** A number that no client of any worker has had before. The 17th of worker 3 is 3000017. */
  nextId(): number {
    const index = this.#numbered++
    return (this.#workerId + WORKERS * Math.floor(index / RANGE)) * RANGE + (index % RANGE) + 1
  }

  add(session: Session): void {
    this.#sessions.set(session.id, session)
    this.#count(session, 1)
  }

  remove(session: Session): void {
    if (this.#sessions.delete(session.id)) this.#count(session, -1)
  }

  /** How many there are of an address or network, as `peerNetwork` names it. */
  countOf(network: string): number {
    return this.#networks.get(network) ?? 0
  }

  /** The addresses and networks with most clients, the most first. */
  busiest(most: number): (readonly [network: string, clients: number])[] {
    return [...this.#networks].sort(([, a], [, b]) => b - a).slice(0, most)
  }

  get(id: number): Session | undefined {
    return this.#sessions.get(id)
  }

  #count({ network }: Session, change: number): void {
    if (network === null) return
    const count = this.countOf(network) + change
    if (count === 0) this.#networks.delete(network)
    else this.#networks.set(network, count)
  }

  [Symbol.iterator](): IterableIterator<Session> {
    return this.#sessions.values()
  }
}

/** What CLIENT calls the sort of a client: one that has a subscription is `pubsub`. */
function clientType(session: Session): 'normal' | 'pubsub' {
  return session.isSubscriber ? 'pubsub' : 'normal'
}

/** Whether Redis knows such a sort of client. */
export function isClientType(type: string): boolean {
  return ['normal', 'master', 'replica', 'slave', 'pubsub'].includes(type)
}

/** Whether a client is one that every filter chooses: `id`, `ids` (with spaces between), `addr`, `laddr`, `type`, `not-id`. */
export function isChosen(session: Session, filters: Filters): boolean {
  return filters.every(([option, value]) => {
    switch (option) {
      case 'id':
        return session.id === Number(value)
      case 'ids':
        return value.split(' ').some(id => session.id === Number(id))
      case 'not-id':
        return session.id !== Number(value)
      case 'addr':
        return session.address === value
      case 'laddr':
        return session.localAddress === value
      case 'type':
        return clientType(session) === value
      default:
        return false
    }
  })
}

/** One line of CLIENT LIST. What a broker of this kind has not (descriptors to show, transactions, memory pools) reads 0 or -1. */
export function describeClient(session: Session, nowMs: number): string {
  const seconds = (sinceMs: number) => Math.max(0, Math.floor((nowMs - sinceMs) / 1000))
  const fields: readonly (readonly [string, string | number])[] = [
    ['id', session.id],
    ['addr', session.address],
    ['laddr', session.localAddress],
    ['fd', -1],
    ['name', session.name],
    ['age', seconds(session.connectedMs)],
    ['idle', seconds(session.activeMs)],
    ['flags', clientFlags(session)],
    ['db', session.database],
    ['sub', session.channels.size],
    ['psub', session.patterns.size],
    ['ssub', 0],
    ['multi', -1],
    ['qbuf', 0],
    ['qbuf-free', 0],
    ['argv-mem', 0],
    ['multi-mem', 0],
    ['rbs', 0],
    ['rbp', 0],
    ['obl', 0],
    ['oll', 0],
    ['omem', session.waitingBytes],
    ['tot-mem', session.waitingBytes],
    ['events', session.waitingBytes > 0 ? 'rw' : 'r'],
    ['cmd', session.lastCommand],
    ['user', 'default'],
    ['redir', -1],
    ['resp', session.protocol],
    ['lib-name', session.libraryName],
    ['lib-ver', session.libraryVersion],
  ]
  return fields.map(([name, value]) => `${name}=${value}`).join(' ')
}

/** `P` subscriber, `e` not to be evicted, `U` on a local path, `N` none of these. */
function clientFlags(session: Session): string {
  const flags = `${session.isSubscriber ? 'P' : ''}${session.isLocal ? 'U' : ''}${session.isNoEvict ? 'e' : ''}`
  return flags === '' ? 'N' : flags
}
