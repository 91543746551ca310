// How a worker that leaves moves its clients to others. It reads and executes nothing more of a client, has all that it was
// sent go out, and hands its connection over: at a moment at which it is known which messages the client has had.

import { adoptSocket, createDescriptor, Descriptor, type HandleError } from '@x/ipc'
import { type Departed, Session, type Surroundings } from '../client/session'
import { hasReached, type Vector } from '../client/vector'
import { count } from '../count'
import { supportsHandles } from '../mesh/capabilities'
import type { Link } from '../mesh/link'
import type { Leaving } from '../primary/hub-messages'
import { entriesOf, type HandedOver, type MoveQuestions, type VectorEntries } from './messages'

/** Clients that are moved at the same time. */
const WINDOW = 64
/** A client whose output does not go out in so long is served again, and tried later. */
const PATIENCE_MS = 1000
/** What is kept for telling the program how it went, before the cluster ends the worker. */
const FAREWELL_MS = 500

export class Departures {
  readonly #surroundings: Surroundings
  readonly #who: string
  readonly #askWhoStays: () => Promise<readonly number[]>
  #staying: readonly number[] = []
  #turn = 0
  #moved = 0
  #ended = 0

  /** @param askWhoStays the workers that clients may move to, as the program knows them; it is asked before each round */
  constructor(surroundings: Surroundings, askWhoStays: () => Promise<readonly number[]>) {
    this.#surroundings = surroundings
    this.#askWhoStays = askWhoStays
    this.#who = `worker ${surroundings.mesh.id}`
  }

  /** Moves all clients. Resolves when none is left, or when the time is over; those that are left end then. */
  async run(deadlineMs: number): Promise<Leaving> {
    const { clients, log, mesh } = this.#surroundings
    await mesh.leave()
    const time = timer(Math.max(0, deadlineMs - FAREWELL_MS))
    if (supportsHandles()) await Promise.race([this.#moveAll(), time.isOver])
    else {
      log.warn(
        this.#who,
        `connections cannot be moved on the portable transport: ${deadlineMs / 1000} s are left for ${count(clients.count, 'client')} to end`,
      )
      await Promise.race([this.#waitForAll(), time.isOver])
    }
    time.clear()
    await this.#bequeath()
    return { moved: this.#moved, ended: this.#ended + clients.count }
  }

  async #moveAll(): Promise<void> {
    const { clients } = this.#surroundings
    while (clients.count > 0) {
      await this.#learnWhoStays()
      const queue = [...clients]
      const moveNext = async (): Promise<void> => {
        for (let session = queue.shift(); session !== undefined; session = queue.shift()) {
          if (!session.isGone && !(await this.#move(session))) await timer(PATIENCE_MS / 10).isOver
        }
      }
      await Promise.all(Array.from({ length: Math.min(WINDOW, queue.length) }, moveNext))
    }
  }

  async #waitForAll(): Promise<void> {
    const { clients } = this.#surroundings
    while (clients.count > 0) await Promise.all([...clients].map(session => session.closed))
  }

  /** False where the client stays for now, and is served again. */
  async #move(session: Session): Promise<boolean> {
    const target = this.#choose()
    if (target === null) return false
    session.freeze()
    if ((await this.#settle(session)) && (await this.#announce(session, target))) {
      if (session.isSettled && !target.isLeaving) {
        await this.#handOver(session.depart(), target)
        return true
      }
      await this.#ask(target, 'callOff', session.id)
    }
    session.thaw()
    return session.isGone
  }

  /** Has the other keep what is published for a subscriber. True once we are as far as the other was when it began. */
  async #announce(session: Session, target: Link): Promise<boolean> {
    if (!session.isSubscriber) return true
    const { id, protocol, channels, patterns } = session
    const announcement = { id, protocol, channels: [...channels], patterns: [...patterns] }
    const seen = await this.#ask(target, 'announce', announcement)
    if (seen === null) return false
    if (await this.#settle(session, new Map(seen as VectorEntries))) return true
    await this.#ask(target, 'callOff', id)
    return false
  }

  /** True once all that the client was sent is out, and we are as far as `goal`; false where it takes too long. */
  async #settle(session: Session, goal?: Vector): Promise<boolean> {
    const { mesh } = this.#surroundings
    const time = timer(PATIENCE_MS)
    let isOver = false
    void time.isOver.then(() => {
      isOver = true
    })
    const isThere = () => session.isSettled && (goal === undefined || hasReached(mesh.vector(), goal))
    while (!session.isGone && !isOver && !isThere()) {
      await Promise.race([session.isSettled ? mesh.hasChanged() : session.hasProgressed(), time.isOver])
    }
    time.clear()
    return !session.isGone && isThere()
  }

  /** From here to the connection's leaving there is no turn of the loop in which a message could come. */
  async #handOver(client: Departed, target: Link): Promise<void> {
    const { log, mesh, statistics } = this.#surroundings
    const message: HandedOver = { state: client.state, delivered: entriesOf(mesh.vector()) }
    try {
      const handle = await createDescriptor(client.socket)
      await target.channel.send(message, { handles: [handle], buffers: [client.unparsed] })
      this.#moved++
      statistics.clientsMovedOut++
    } catch (error) {
      const [handle] = (error as Partial<HandleError>).handles ?? []
      if (!(handle instanceof Descriptor)) return
      const isSubscriber = client.state.channels.length + client.state.patterns.length > 0
      if (!isSubscriber) {
        new Session(adoptSocket(handle), client.state, this.#surroundings).take(client.unparsed)
        return
      }
      // What was published since is lost with the worker: the client must learn of it.
      this.#ended++
      handle.close()
      log.warn(`client ${client.state.id}`, `disconnected: worker ${target.id} died while it moved there`)
    }
  }

  async #learnWhoStays(): Promise<void> {
    this.#staying = await this.#askWhoStays().catch(() => [])
  }

  /** The workers that stay, in turn: a client that went to one that leaves as well would be moved twice. */
  #choose(): Link | null {
    const choice = this.#surroundings.mesh.links.filter(
      ({ id, isLeaving }) => !isLeaving && this.#staying.includes(id),
    )
    return choice[this.#turn++ % choice.length] ?? null
  }

  /** Leaves our numbers to another, so that the sums of all workers do not fall. */
  async #bequeath(): Promise<void> {
    await this.#learnWhoStays()
    const target = this.#choose()
    if (target !== null) await this.#ask(target, 'inherit', this.#surroundings.statistics.counts)
  }

  async #ask<Name extends keyof MoveQuestions>(
    target: Link,
    ask: Name,
    value: MoveQuestions[Name]['ask'],
  ): Promise<MoveQuestions[Name]['answer'] | null> {
    const request = this.#surroundings.mesh.request<MoveQuestions[Name]['answer']>(target, ask, value)
    return (await request.catch(() => null))?.value ?? null
  }
}

function timer(ms: number): { readonly isOver: Promise<void>; clear(): void } {
  let timeout: NodeJS.Timeout | undefined
  const isOver = new Promise<void>(resolve => {
    timeout = setTimeout(resolve, ms)
  })
  return { isOver, clear: () => clearTimeout(timeout) }
}
