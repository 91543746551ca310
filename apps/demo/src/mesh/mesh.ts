// This worker among the others: a link to each of them, over which messages, questions and clients go. Every worker has a
// link to every other before it takes its first client, so that a message which is published anywhere reaches all.
import { type Channel, connect, createChannel, listen, type Message, resolveEndpoint } from '@x/ipc'
import { Later } from '../client/later'
import type { Statistics } from '../client/statistics'
import type { Vector } from '../client/vector'
import type { MoveAnswers } from '../move/messages'
import type { Server, Socket } from '../net'
import { integer, type Reply } from '../resp/reply'
import { ownUser, supportsHandles } from './capabilities'
import { decode, encodeCounts, type PublishedMessage } from './frames'
import { Link } from './link'
import { type Deliverer, Publisher, type PublisherSurroundings, type PublishingObserver } from './publisher'
import { type Answers, BRIDGE, isForAllBrokers, type QuestionName, type Questions } from './questions'

/** Another worker, and where it listens. */
export interface Peer {
  readonly id: number
  readonly pid: number
  readonly path: string
}

/** Who acts on what comes from other workers beside messages. */
export interface MeshListener {
  /** What is answered about this member; the bridge has no clients to tell of. */
  readonly answers: Partial<Answers>
  /** What is answered about clients that move. */
  moves(from: Link): MoveAnswers
  /** A client that moves here. */
  arrived(from: Link, message: Message): void
  /** Messages of another worker were seen. */
  progressed(): void
  gone(link: Link): void
  /** A link has ended, and nobody knows why. */
  lost(link: Link, error: Error | null): void
}

const LEAVING = 'leaving'
/** What a worker has to answer a question in. */
const ANSWER_MS = 5000
/** More than all clients together may have under way: what one may have is bounded where it is read. */
const BACKLOG_BYTES = 2 ** 40

export class Mesh {
  readonly id: number
  listener: MeshListener | null = null
  readonly #broker: Deliverer
  readonly #statistics: Statistics
  readonly #observer: PublishingObserver
  readonly #links = new Map<number, Link>()
  readonly #publisher: Publisher
  readonly #frameLimitBytes: number
  #server: Server | null = null
  #isLeaving = false
  #watchers: (() => void)[] = []

  constructor(id: number, about: PublisherSurroundings, maxRequestBytes: number) {
    this.id = id
    this.#broker = about.broker
    this.#statistics = about.statistics
    this.#observer = about.observer
    this.#publisher = new Publisher(id, about, this.#links)
    this.#frameLimitBytes = maxRequestBytes + 1024 ** 2
  }

  /** The other workers. */
  get links(): readonly Link[] {
    return [...this.#links.values()].filter(link => link.id !== BRIDGE)
  }

  /** Lets other workers of this user connect. */
  async listen(name: string): Promise<string> {
    const at = resolveEndpoint(name)
    this.#server = await listen(at, ownUser(), socket => this.#welcome(socket))
    return at.path
  }

  /** Connects to those who came before. Resolves when each of them sends us what it publishes. */
  async join(peers: readonly Peer[]): Promise<void> {
    await Promise.all(
      peers.map(async ({ id, path }) => {
        const socket = await connect(path).catch(() => null)
        // It has gone, and is nobody's peer any more. The bridge is there for as long as the program is.
        if (socket === null && id === BRIDGE)
          throw new Error('the bridge to the other brokers does not answer')
        if (socket === null) return
        const link = this.#open(id, this.#channelOf(socket))
        const hello = await link.channel.request<number>(this.id, { name: 'hello' }).catch(() => null)
        if (hello !== null) link.seen = Math.max(link.seen, hello.value)
      }),
    )
  }

  /** Publishes a message; the reply is the number of its receivers in all workers. */
  publish(channel: string, payload: Uint8Array): Reply | Later {
    const outcome = this.#publisher.publish(channel, payload, () => {
      const reply = new Later(payload.length)
      return { outcome: reply, tell: count => reply.settle(integer(count)) }
    })
    return typeof outcome === 'number' ? integer(outcome) : outcome
  }

  /** Publishes a message; answers the number of its receivers in all workers. */
  async count(channel: string, payload: Uint8Array): Promise<number> {
    return await this.#publisher.publish(channel, payload, () => {
      let tell: (count: number) => void = () => {}
      const outcome = new Promise<number>(resolve => {
        tell = resolve
      })
      return { outcome, tell }
    })
  }

  /** The answers of all workers, ours first; of all other brokers as well where it is about them. */
  async ask<Name extends QuestionName>(
    name: Name,
    value: Questions[Name]['ask'],
  ): Promise<Questions[Name]['answer'][]> {
    const own = this.listener!.answers[name]!(value) as Questions[Name]['answer']
    const others = this.askOthers(name, value)
    return [await own, ...(await others)]
  }

  /** The answers of all but ourselves. One that does not answer, or goes, is left out. */
  async askOthers<Name extends QuestionName>(
    name: Name,
    value: Questions[Name]['ask'],
  ): Promise<Questions[Name]['answer'][]> {
    type Answer = Questions[Name]['answer']
    const asked = isForAllBrokers(name) ? [...this.#links.values()] : this.links
    const questions = asked.map(link => this.request<Answer>(link, name, value).catch((): null => null))
    const answers = await Promise.all(questions)
    return (answers.filter(answer => answer !== null) as { value: Answer }[]).map(it => it.value)
  }

  /** Asks one worker. What was published here before goes first. */
  request<Answer>(link: Link, name: string, value: unknown): Promise<Message<Answer>> {
    this.#publisher.flush()
    return link.channel.request<Answer>(value, { name, timeoutMs: ANSWER_MS })
  }

  /**
   * Tells all others that this worker takes no more clients. Resolves when they know: what they had sent before has come by
   * then, and they send no more.
   */
  async leave(): Promise<void> {
    this.#isLeaving = true
    const told = [...this.#links.values()].map(link => this.request(link, LEAVING, null))
    await Promise.allSettled(told)
  }

  /** Tells all others something about this worker. */
  tell(about: { readonly clients?: number; readonly isLeaving?: true }): void {
    for (const link of this.#links.values()) link.send(about)
  }

  /** How far this worker is with the messages of each. */
  vector(): Vector {
    const vector = new Map([[this.id, this.#publisher.sequence]])
    for (const link of this.#links.values()) vector.set(link.id, link.seen)
    return vector
  }

  /** Resolves when messages have come, or a worker has come or gone. */
  hasChanged(): Promise<void> {
    return new Promise(resolve => this.#watchers.push(resolve))
  }

  /** Takes no more workers; those that are there stay. */
  close(): void {
    this.#server?.close()
  }

  #channelOf(socket: Socket): Channel {
    return createChannel(socket, {
      handles: supportsHandles(),
      frameLimitBytes: this.#frameLimitBytes,
      backlogLimitBytes: BACKLOG_BYTES,
    })
  }

  /** A worker that came after us: it says who it is, and gets all that is published from then on. */
  #welcome(socket: Socket): void {
    const incoming = this.#channelOf(socket)
    incoming.on('close', () => {})
    incoming.serve({
      hello: (id: unknown) => {
        if (typeof id !== 'number') throw new Error('say hello first')
        this.#publisher.flush()
        const link = this.#open(id, incoming)
        if (this.#isLeaving) link.send({ isLeaving: true })
        this.#progressed()
        return this.#publisher.sequence
      },
    })
  }

  #open(id: number, through: Channel): Link {
    const link = new Link(id, through)
    this.#links.set(id, link)
    through.serve({
      ...this.listener!.answers,
      ...this.listener!.moves(link),
      [LEAVING]: () => {
        link.isLeaving = true
        return null
      },
    })
    through.on('message', message => this.#take(link, message))
    through.on('close', error => this.#closed(link, error))
    return link
  }

  #take(link: Link, message: Message): void {
    const { value, handles } = message
    if (handles.length > 0) this.listener!.arrived(link, message)
    else if (!Buffer.isBuffer(value)) this.#learn(link, value as Parameters<Mesh['tell']>[0])
    else {
      const frame = decode(value)
      if (frame.kind === 'counts') link.counted(frame.first, frame.counts)
      else this.#deliver(link, frame.first, frame.messages)
    }
  }

  #learn(link: Link, { clients, isLeaving }: Parameters<Mesh['tell']>[0]): void {
    if (clients !== undefined) link.clients = clients
    if (isLeaving) link.isLeaving = true
  }

  /** Delivers another worker's messages here, and tells it how many receivers each had. */
  #deliver(link: Link, first: number, messages: readonly PublishedMessage[]): void {
    const counts: number[] = []
    const undecided: Promise<void>[] = []
    for (const [index, { channel, payload }] of messages.entries()) {
      const count = this.#broker.publish(channel, payload, { publisher: link.id, sequence: first + index })
      counts.push(count)
      this.#statistics.messagesDelivered += count
      const more = this.#broker.takeUndecided()
      if (more === null) continue
      const added = more.then(late => {
        counts[index]! += late
        this.#statistics.messagesDelivered += late
      })
      undecided.push(added)
    }
    link.seen = first + messages.length - 1
    this.#observer.received(link.id, messages.length)
    const answer = () => link.send(encodeCounts(first, counts))
    if (undecided.length === 0) answer()
    else void Promise.all(undecided).then(answer)
    this.#progressed()
  }

  #closed(link: Link, error: Error | null): void {
    if (this.#links.get(link.id) !== link) return
    this.#links.delete(link.id)
    link.end()
    this.listener?.gone(link)
    if (!link.isLeaving) this.listener?.lost(link, error)
    this.#progressed()
  }

  #progressed(): void {
    this.listener?.progressed()
    const watchers = this.#watchers
    if (watchers.length === 0) return
    this.#watchers = []
    for (const watcher of watchers) watcher()
  }
}
