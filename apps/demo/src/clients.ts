// Who is connected: numbers them, finds them, and lists them as CLIENT LIST does. It knows no command and no socket.
import type { Session } from './session'

export class Clients {
  readonly #sessions = new Map<number, Session>()
  #lastId = 0

  get count(): number {
    return this.#sessions.size
  }

  /** A number that no client has had before. */
  nextId(): number {
    return ++this.#lastId
  }

  add(session: Session): void {
    this.#sessions.set(session.id, session)
  }

  remove(session: Session): void {
    this.#sessions.delete(session.id)
  }

  get(id: number): Session | undefined {
    return this.#sessions.get(id)
  }

  [Symbol.iterator](): IterableIterator<Session> {
    return this.#sessions.values()
  }
}

/** What CLIENT calls the sort of a client: one that has a subscription is `pubsub`. */
export function clientType(session: Session): 'normal' | 'pubsub' {
  return session.isSubscriber ? 'pubsub' : 'normal'
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
