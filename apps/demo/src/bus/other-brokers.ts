// All other brokers together: sends them what is published here, counts who got it, asks them, and takes what they publish. It knows
// neither what the bus is made of nor the workers.
import { randomBytes } from 'node:crypto'
import { LONGEST_CHANNEL } from '../commands/name-limits'
import type { Log } from '../log'
import { Batch } from '../mesh/batch'
import type { Bus, BusState } from './bus'
import {
  type Answer,
  type BusFrame,
  encodeCounts,
  encodePublished,
  encodeTold,
  type Hello,
  type PublishedMessage,
  type Question,
  readFrame,
  type Told,
} from './bus-frames'
import { type BusAnswers, isAnswer, isQuestion } from './bus-questions'
import { BusReport, type BusStatus } from './bus-report'
import { Outgoing } from './outgoing'
import { ID_BYTES, readPacket } from './packets'
import { type Peer, Peers } from './peers'

/** How often a broker says that it is there. */
const HELLO_MS = 1000
/** What other brokers have to say how many receivers a message had, and to answer a question. */
const ANSWER_MS = 1000
/** What a broker that has just come gives others to say that they are there. */
const GREETING_MS = 150
/** What the bus has to be connected when the program starts; then the program starts without. */
const START_MS = 2000
/** A batch that has grown so far goes out before the turn ends. */
const BATCH_BYTES = 256 * 1024
/** A frame may be so much longer than the longest message: a batch that was not full, and a name. */
const FRAME_BYTES = 1024 ** 2
/** Bytes from other brokers that may wait for our workers. */
const MOST_INCOMING_BYTES = 64 * 1024 ** 2

/** Who takes what comes from other brokers. */
export interface BusClient {
  /** A message; answers how many receivers it had here. */
  deliver(channel: string, payload: Uint8Array): Promise<number>
  /** What another broker asks. */
  answer(name: keyof BusAnswers, value: unknown): Promise<unknown>
}

export interface BusLimits {
  /** What may wait to be sent. */
  readonly outgoingBytes: number
  /** The longest message that is taken. */
  readonly messageBytes: number
}

interface Outstanding {
  readonly batch: Batch
  readonly peers: Set<Peer>
  /** When the peers are not waited for any more. */
  readonly timer: NodeJS.Timeout
}

interface Asked {
  readonly peers: Set<Peer>
  readonly isAnswer: (value: unknown) => boolean
  readonly answers: unknown[]
  finish(): void
}

/** A name for the bus: of this start of the program, and of no other. */
export function newBusId(): string {
  return randomBytes(ID_BYTES).toString('hex')
}

export class OtherBrokers {
  readonly #id: string
  readonly #name: string
  readonly #bus: Bus
  readonly #client: BusClient
  readonly #outgoing: Outgoing
  readonly #peers: Peers
  readonly #report: BusReport
  readonly #limits: BusLimits
  readonly #outstanding = new Map<number, Outstanding>()
  readonly #asked = new Map<number, Asked>()
  #sequence = 0
  #questions = 0
  #incomingBytes = 0
  #batch: Batch | null = null
  #undecided: Promise<number> | null = null
  #timer: NodeJS.Timeout | null = null
  #greeted: () => void = () => {}

  /** @param who the identity of this broker on the bus, and its name for people */
  constructor(
    bus: Bus,
    who: { readonly id: string; readonly name: string },
    client: BusClient,
    { limits, log }: { readonly limits: BusLimits; readonly log: Log },
  ) {
    this.#id = who.id
    this.#name = who.name
    this.#bus = bus
    this.#client = client
    this.#outgoing = new Outgoing(bus, who.id, limits.outgoingBytes)
    this.#limits = limits
    this.#peers = new Peers(limits.messageBytes + FRAME_BYTES)
    this.#report = new BusReport(log)
  }

  get status(): BusStatus {
    const { sentMessages, bytes } = this.#outgoing
    const outgoing = { sent: sentMessages, waitingBytes: bytes }
    return this.#report.status(this.#bus.state, this.#peers.present, outgoing)
  }

  /** Connects. Resolves once the others have had time to say that they are there, or when it fails or takes too long. */
  async start(): Promise<void> {
    const time = new Promise<void>(resolve => {
      this.#greeted = resolve
      setTimeout(resolve, START_MS).unref()
    })
    this.#bus.start({
      received: packet => this.#take(packet),
      drained: () => this.#outgoing.proceed(),
      changed: state => this.#changed(state),
    })
    this.#timer = setInterval(() => this.#tick(), HELLO_MS).unref()
    await time
  }

  async close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#flush()
    this.#tell(null, { kind: 'bye' })
    await this.#bus.close()
  }

  /** Sends a message to the others. Its receivers are those that `takeUndecided` tells of. */
  publish(channel: string, payload: Uint8Array): void {
    const sequence = ++this.#sequence
    if (!this.#bus.state.isConnected) {
      this.#report.notSent(1, 'unconnected')
      return
    }
    const batch = this.#batch ?? this.#begin(sequence)
    this.#undecided = new Promise(resolve => batch.add({ channel, payload }, 0, null, resolve))
    if (batch.bytes > BATCH_BYTES) this.#flush()
  }

  /** How many receivers the last message had; null where it was sent to nobody. */
  takeUndecided(): Promise<number> | null {
    const undecided = this.#undecided
    this.#undecided = null
    return undecided
  }

  /** The answers of the others; one that does not answer in time is left out. */
  async ask<Name extends keyof BusAnswers>(
    name: Name,
    value: unknown,
  ): Promise<Awaited<ReturnType<BusAnswers[Name]>>[]> {
    const peers = new Set(this.#peers.present.filter(peer => peer.isAnswering))
    if (peers.size === 0) return []
    this.#flush()
    const id = ++this.#questions
    const answers: Awaited<ReturnType<BusAnswers[Name]>>[] = []
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>(finish => {
      if (!this.#tell(null, { kind: 'question', id, name, value })) {
        finish()
        return
      }
      this.#asked.set(id, { peers, isAnswer: answer => isAnswer(name, value, answer), answers, finish })
      timer = setTimeout(() => this.#giveUp(peers, finish), ANSWER_MS)
    })
    clearTimeout(timer)
    this.#asked.delete(id)
    return answers
  }

  #begin(first: number): Batch {
    this.#batch = new Batch(first)
    setImmediate(() => this.#flush())
    return this.#batch
  }

  #flush(): void {
    const batch = this.#batch
    if (batch === null) return
    this.#batch = null
    const { first, messages } = batch
    const isTaken = this.#outgoing.push(null, encodePublished(first, messages), messages.length)
    if (isTaken) this.#expectCounts(batch)
    else this.#report.notSent(messages.length, this.#bus.state.isConnected ? 'too slow' : 'unconnected')
    batch.settleOne()
  }

  #expectCounts(batch: Batch): void {
    const { first } = batch
    const peers = new Set(this.#peers.present.filter(peer => peer.isAnswering))
    if (peers.size === 0) return
    for (const _ of peers) batch.expectOne()
    const timer = setTimeout(() => {
      this.#outstanding.delete(first)
      this.#giveUp(peers, () => batch.settleOne())
    }, ANSWER_MS)
    this.#outstanding.set(first, { batch, peers, timer })
  }

  /** Lets go of a batch, and of its messages, once nobody's counts are missing. */
  #releaseIfSettled(first: number, { peers, timer }: Outstanding): void {
    if (peers.size > 0) return
    clearTimeout(timer)
    this.#outstanding.delete(first)
  }

  /** Those who have not answered are not waited for any more, until they are heard again. */
  #giveUp(peers: Set<Peer>, settleOne: () => void): void {
    for (const peer of peers) {
      peer.isAnswering = false
      settleOne()
    }
    peers.clear()
  }

  #take(bytes: Uint8Array): void {
    const packet = readPacket(bytes)
    if (packet === null) {
      this.#report.malformed()
      return
    }
    if (packet.sender === this.#id) return
    const peer = this.#peers.heard(packet.sender, Date.now())
    if (peer === null) return
    peer.isAnswering = true
    const whole = peer.take(packet)
    if (whole === null) return
    const frame = readFrame(whole)
    if (frame === null) this.#report.malformed()
    else this.#obey(peer, frame)
  }

  #obey(peer: Peer, frame: BusFrame): void {
    switch (frame.kind) {
      case 'published':
        this.#come(peer)
        return void this.#deliver(peer, frame.first, frame.messages)
      case 'counts':
        return this.#counted(peer, frame.first, frame.counts)
      case 'hello':
        return this.#welcome(peer, frame)
      case 'question':
        return void this.#answer(peer, frame)
      case 'answer':
        return this.#answered(peer, frame)
      default:
        return this.#gone(peer, 'has ended')
    }
  }

  #come(peer: Peer): void {
    if (peer.isThere) return
    peer.isThere = true
    this.#report.came(peer)
  }

  #gone(peer: Peer, why: string): void {
    if (!peer.isThere) return
    peer.isThere = false
    peer.isAnswering = false
    this.#outgoing.forget(peer.id)
    this.#report.left(peer, why)
    for (const [first, outstanding] of this.#outstanding) {
      if (!outstanding.peers.delete(peer)) continue
      outstanding.batch.settleOne()
      this.#releaseIfSettled(first, outstanding)
    }
    for (const { peers, finish } of this.#asked.values()) if (peers.delete(peer) && peers.size === 0) finish()
  }

  #welcome(peer: Peer, { name, last, isNew }: Hello): void {
    peer.name = name
    this.#come(peer)
    this.#report.missed(peer.reached(last + 1, last))
    if (isNew) this.#tell(peer.id, this.#hello(false))
  }

  async #deliver(peer: Peer, first: number, messages: readonly PublishedMessage[]): Promise<void> {
    this.#report.missed(peer.reached(first, first + messages.length - 1))
    const bytes = messages.reduce((sum, { channel, payload }) => sum + channel.length + payload.length, 0)
    const isRoom = this.#incomingBytes <= MOST_INCOMING_BYTES
    this.#incomingBytes += bytes
    const counts = await Promise.all(
      messages.map(message =>
        isRoom && this.#isFit(message) ? this.#deliverOne(message) : this.#refuseOne(),
      ),
    )
    this.#incomingBytes -= bytes
    this.#outgoing.push(peer.id, encodeCounts(first, counts))
  }

  #deliverOne({ channel, payload }: PublishedMessage): Promise<number> {
    this.#report.received(1)
    return this.#client.deliver(channel, payload)
  }

  #refuseOne(): number {
    this.#report.notDelivered(1)
    return 0
  }

  /** Whether a client of this broker could have published it: the other one may have other limits, or none. */
  #isFit({ channel, payload }: PublishedMessage): boolean {
    return channel.length <= LONGEST_CHANNEL && payload.length <= this.#limits.messageBytes
  }

  #counted(peer: Peer, first: number, counts: readonly number[]): void {
    const outstanding = this.#outstanding.get(first)
    if (outstanding === undefined || !outstanding.peers.has(peer)) return
    if (counts.length !== outstanding.batch.messages.length) {
      this.#report.malformed()
      return
    }
    outstanding.peers.delete(peer)
    outstanding.batch.count(counts)
    this.#releaseIfSettled(first, outstanding)
  }

  async #answer(peer: Peer, { id, name, value }: Question): Promise<void> {
    if (!isQuestion(name, value)) {
      this.#report.malformed()
      return
    }
    const answer = await this.#client.answer(name, value).catch(() => null)
    if (answer !== null) this.#tell(peer.id, { kind: 'answer', id, value: answer })
  }

  #answered(peer: Peer, { id, value }: Answer): void {
    const asked = this.#asked.get(id)
    if (asked === undefined || !asked.peers.delete(peer)) return
    if (asked.isAnswer(value)) asked.answers.push(value)
    else this.#report.malformed()
    if (asked.peers.size === 0) asked.finish()
  }

  #changed(state: BusState): void {
    this.#report.changed(state)
    if (state.isConnected) {
      this.#tell(null, this.#hello(true))
      setTimeout(() => this.#greeted(), GREETING_MS)
      return
    }
    this.#greeted()
    this.#report.notSent(this.#outgoing.clear(), 'unconnected')
    for (const peer of this.#peers.present) this.#gone(peer, 'cannot be heard: the bus is not connected')
  }

  #tick(): void {
    for (const peer of this.#peers.silent(Date.now())) this.#gone(peer, 'is silent')
    this.#tell(null, this.#hello(false))
    this.#report.tick()
  }

  #hello(isNew: boolean): Hello {
    this.#flush()
    return { kind: 'hello', name: this.#name, last: this.#sequence, isNew }
  }

  #tell(to: string | null, told: Told): boolean {
    return this.#outgoing.push(to, encodeTold(told))
  }
}
