// Clients on their way to this worker. A subscriber is announced before it comes: from then on its messages are kept here,
// and once it is here it gets those that it has not had where it was. None is lost, none comes twice.
import { adoptSocket, type Descriptor, type Message } from '@x/ipc'
import type { Subscriber } from '../client/broker'
import { Session, type Surroundings } from '../client/session'
import { hasReached, includes, type MessageNumber, type Vector } from '../client/vector'
import type { Link } from '../mesh/link'
import type { Socket } from '../net'
import type { Protocol, Reply } from '../resp/reply'
import { type Announcement, entriesOf, type HandedOver, type VectorEntries } from './messages'

interface Kept {
  readonly bytes: Reply
  readonly number: MessageNumber
}

/** Stands for a subscriber until it is here. */
class Arrival implements Subscriber {
  readonly from: Link
  readonly isHere = false
  readonly protocol: Protocol
  readonly channels = new Set<string>()
  readonly patterns = new Set<string>()
  readonly kept: Kept[] = []
  keptBytes = 0
  readonly #outcome: Promise<Vector | null>
  #settle: (delivered: Vector | null) => void = () => {}

  constructor(from: Link, protocol: Protocol) {
    this.from = from
    this.protocol = protocol
    this.#outcome = new Promise(resolve => {
      this.#settle = resolve
    })
  }

  /** Whether it counts here shows when it is known which messages it has had where it was. */
  async receive(bytes: Reply, number: MessageNumber): Promise<number> {
    this.kept.push({ bytes, number })
    this.keptBytes += bytes.length
    const delivered = await this.#outcome
    return delivered !== null && !includes(delivered, number) ? 1 : 0
  }

  /** It is here, and has had these messages; or (null) it does not come. */
  settle(delivered: Vector | null): void {
    this.#settle(delivered)
  }
}

export class Arrivals {
  readonly #surroundings: Surroundings
  readonly #arrivals = new Map<number, Arrival>()
  /** Clients that are here, though messages may still come that they have had. */
  readonly #behind = new Set<Session>()

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings
  }

  announce(from: Link, { id, protocol, channels, patterns }: Announcement): VectorEntries {
    const { broker, mesh } = this.#surroundings
    const arrival = new Arrival(from, protocol)
    this.#arrivals.set(id, arrival)
    for (const channel of channels) broker.subscribe(arrival, channel)
    for (const pattern of patterns) broker.subscribePattern(arrival, pattern)
    return entriesOf(mesh.vector())
  }

  callOff(id: number): void {
    this.#take(id)?.settle(null)
  }

  /** A worker is gone: who had not come from it does not come. */
  forget(link: Link): void {
    for (const [id, arrival] of this.#arrivals) if (arrival.from === link) this.callOff(id)
  }

  /** A client is here. */
  arrived(from: Link, { value, handles, buffers }: Message): void {
    const { state, delivered: entries } = value as HandedOver
    const { broker, log, options, statistics } = this.#surroundings
    const delivered = new Map(entries)
    const arrival = this.#take(state.id)
    const socket = adopt(handles[0]!)
    if (socket instanceof Error) {
      log.warn(`client ${state.id}`, `lost on its way from worker ${from.id}: ${socket.message}`)
      arrival?.settle(null)
      return
    }
    const session = new Session(socket, state, this.#surroundings)
    statistics.clientsMovedIn++
    log.debug(session.who, `moved here from worker ${from.id}`)
    const { hardBytes } = options.outputLimit
    const isTooMuch = arrival !== undefined && hardBytes > 0 && arrival.keptBytes > hardBytes
    if (isTooMuch) log.warn(session.who, 'dropped: too slow, its messages were too many while it moved')
    if (isTooMuch || (arrival === undefined && state.channels.length + state.patterns.length > 0)) {
      session.cut()
    } else {
      session.floor = delivered
      this.#behind.add(session)
      for (const channel of state.channels) broker.subscribe(session, channel)
      for (const pattern of state.patterns) broker.subscribePattern(session, pattern)
      for (const { bytes, number } of arrival?.kept ?? []) session.receive(bytes, number)
      session.take(buffers[0]!)
    }
    arrival?.settle(delivered)
    this.progressed()
  }

  /** Messages were seen: those who can get none twice any more need not be asked. */
  progressed(): void {
    if (this.#behind.size === 0) return
    const seen = this.#surroundings.mesh.vector()
    for (const session of this.#behind) {
      if (session.floor !== null && !hasReached(seen, session.floor)) continue
      session.floor = null
      this.#behind.delete(session)
    }
  }

  #take(id: number): Arrival | undefined {
    const arrival = this.#arrivals.get(id)
    if (arrival !== undefined) this.#surroundings.broker.remove(arrival)
    this.#arrivals.delete(id)
    return arrival
  }
}

/** The connection, or why it is none any more; it is closed then. */
function adopt(handle: Descriptor): Socket | Error {
  try {
    return adoptSocket(handle)
  } catch (error) {
    handle.close()
    return error as Error
  }
}
