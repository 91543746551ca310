// One client: takes its bytes, has its requests executed, sends what comes of them in order, and lets go of one that does
// not read. It knows no command and no other worker; it can be held still and taken off its connection to be moved.
import { streamOf } from '@x/core/internal'
import { formatByteSize } from '../byte-size'
import type { Log } from '../log'
import type { Mesh } from '../mesh/mesh'
import type { Socket } from '../net'
import type { Options } from '../options'
import { error as errorReply, type Protocol, type Reply } from '../resp/reply'
import { ProtocolError, RequestParser } from '../resp/request-parser'
import type { Broker, Subscriber } from './broker'
import { type ClientState, NO_COMMAND, type ReplyMode } from './client-state'
import type { Clients } from './clients'
import { Later, ReplyQueue } from './later'
import { OutputGauge } from './output-limit'
import { addressIn, peerNetwork } from './peer-network'
import type { Statistics } from './statistics'
import { includes, type MessageNumber, type Vector } from './vector'

/** The program that the workers are parts of. */
export interface Program {
  readonly pid: number
  readonly startedMs: number
  /** The TCP port, once it is open; null where there is none. */
  port: number | null
  /** Whether it is about to stop: health checks are told so. */
  isDraining: boolean
}

/** What the sessions of one worker share. */
export interface Surroundings {
  readonly options: Options
  readonly log: Log
  readonly broker: Broker
  readonly clients: Clients
  readonly statistics: Statistics
  readonly mesh: Mesh
  readonly program: Program
  /** Executes one request (its name first) and sends its reply. */
  readonly execute: (session: Session, args: readonly Buffer[]) => void
}

/** A client taken off its session, with its connection. */
export interface Departed {
  readonly state: ClientState
  readonly socket: Socket
  /** What it sent and no request was made of. */
  readonly unparsed: Buffer
}

/** What a client has to read what it was sent last, and to close; then it is cut off. */
const LINGER_MS = 10_000

export class Session implements Subscriber {
  readonly id: number
  readonly surroundings: Surroundings
  readonly address: string
  readonly localAddress: string
  readonly isLocal: boolean
  readonly isCheck: boolean
  /** What it is counted by; null for local clients. */
  readonly network: string | null
  readonly connectedMs: number
  readonly isHere = true
  readonly channels = new Set<string>()
  readonly patterns = new Set<string>()
  protocol: Protocol
  name: string
  libraryName: string
  libraryVersion: string
  database: number
  isNoEvict: boolean
  replyMode: ReplyMode
  /** Set by a command whose reply is the last: CLIENT KILL of oneself. */
  isEndingAfterReply = false
  lastCommand: string
  activeMs: number
  /** Messages that it got in the worker that it came from; null once no such message can come any more. */
  floor: Vector | null = null

  readonly #socket: Socket
  readonly #parser: RequestParser
  readonly #gauge: OutputGauge
  readonly #queue = new ReplyQueue()
  /** Who waits for something to change: output that goes out, an end. */
  #watchers: (() => void)[] = []
  #isEnding = false
  #isHeldBack = false
  #isFrozen = false
  #isParsing = false
  /** The client has ended its side: after the requests that are here there are no more. */
  #hasAllInput = false
  #isGone = false

  constructor(socket: Socket, state: ClientState, surroundings: Surroundings) {
    const { options, clients } = surroundings
    this.surroundings = surroundings
    this.id = state.id
    this.address = state.address
    this.localAddress = state.localAddress
    this.isLocal = state.isLocal
    this.isCheck = state.isCheck
    this.network = state.isLocal ? null : peerNetwork(addressIn(state.address))
    this.connectedMs = state.connectedMs
    this.activeMs = state.activeMs
    this.protocol = state.protocol
    this.name = state.name
    this.libraryName = state.libraryName
    this.libraryVersion = state.libraryVersion
    this.database = state.database
    this.isNoEvict = state.isNoEvict
    this.replyMode = state.replyMode
    this.lastCommand = state.lastCommand
    this.#socket = socket
    this.#parser = new RequestParser(options.maxRequestBytes)
    this.#gauge = new OutputGauge(options.outputLimit)
    // A client that has sent its last request still gets its replies.
    socket.allowHalfOpen = true
    socket.on('data', chunk => this.#take(chunk as Buffer))
    socket.on('end', () => this.#takeEnd())
    socket.on('drain', () => this.#letGo())
    socket.on('error', error => this.surroundings.log.debug(this.who, error.message))
    socket.on('close', () => this.#gone())
    clients.add(this)
  }

  /** How log lines name it. */
  get who(): string {
    return `client ${this.id} (${this.name || this.address})`
  }

  get isSubscriber(): boolean {
    return this.channels.size > 0 || this.patterns.size > 0
  }

  /** Channels and patterns together, as the replies to SUBSCRIBE count them. */
  get subscriptionCount(): number {
    return this.channels.size + this.patterns.size
  }

  /** Whether its connection has ended, or was moved. */
  get isGone(): boolean {
    return this.#isGone || this.#isEnding
  }

  /** Whether it has sent nothing so far. */
  get isSilent(): boolean {
    return this.activeMs === this.connectedMs && this.lastCommand === NO_COMMAND
  }

  /** Resolves when its connection has ended, or was moved. */
  get closed(): Promise<void> {
    if (this.#isGone) return Promise.resolve()
    return new Promise(resolve => this.#socket.once('close', () => resolve()))
  }

  /** Bytes that wait for the client to read. */
  get waitingBytes(): number {
    return this.#socket.writableLength + this.#queue.bytes
  }

  /** Whether all that it was sent is with the system, and no reply is under way. */
  get isSettled(): boolean {
    return this.#queue.isEmpty && this.#socket.writableLength === 0 && !streamOf(this.#socket)?.writeQueueSize
  }

  send(reply: Reply | Later): void {
    if (this.#isEnding || this.#socket.destroyed || this.replyMode !== 'on') return
    this.#put(reply)
    // A client that asks and does not read is not asked further. A subscriber has its limit instead: it must be able
    // to unsubscribe while messages wait.
    if (this.isSubscriber) this.checkOutput()
    if (this.#isFull) this.#holdBack()
  }

  /** Sends what is no reply: a message, or the outcome of a subscription. */
  deliver(bytes: Reply): void {
    if (this.#isEnding || this.#socket.destroyed) return
    this.#put(bytes)
    this.checkOutput()
  }

  receive(bytes: Reply, number: MessageNumber): number {
    if (this.floor !== null && includes(this.floor, number)) return 0
    this.deliver(bytes)
    return 1
  }

  /** Drops the client if too much waits for it. */
  checkOutput(): void {
    const { waitingBytes } = this
    if (!this.#gauge.isExceeded(waitingBytes, Date.now)) return
    const { log, statistics, broker } = this.surroundings
    statistics.slowSubscribersDropped++
    const channels = this.subscriptionCount
    broker.remove(this)
    this.cut()
    const waiting = formatByteSize(waitingBytes)
    log.warn(this.who, `dropped: too slow, ${waiting} of output waited (${channels} subscriptions)`)
  }

  /**
   * Ends the connection once what was sent so far is out; nothing that comes from now on is looked at. Resolves when
   * it is closed.
   */
  end(): Promise<void> {
    if (!this.#isEnding) {
      this.#isEnding = true
      this.#isHeldBack = false
      this.#socket.resume()
      if (this.#queue.isEmpty) this.#socket.end()
      const deadline = setTimeout(() => this.#socket.destroy(), LINGER_MS)
      this.#socket.once('close', () => clearTimeout(deadline))
    }
    return this.closed
  }

  /** Ends the connection now, whatever waits. */
  cut(): void {
    this.#isEnding = true
    this.#socket.destroy()
  }

  /** Takes bytes that it sent to the worker that it came from. */
  take(unparsed: Buffer): void {
    if (unparsed.length > 0) this.#take(unparsed)
  }

  /** Executes and reads nothing more until `thaw`; what it was sent goes out all the same. */
  freeze(): void {
    this.#isFrozen = true
    this.#holdBack()
  }

  thaw(): void {
    this.#isFrozen = false
    this.#letGo()
  }

  /** Resolves when its output has gone out as far as it was known, or the client has gone. */
  hasProgressed(): Promise<void> {
    if (!this.#queue.isEmpty) return new Promise(resolve => this.#watchers.push(resolve))
    return new Promise(resolve => this.#socket.write('', () => resolve()))
  }

  /** Takes the client off this session, which is over then. For one that is frozen and settled. */
  depart(): Departed {
    const { clients, broker } = this.surroundings
    const { channels, patterns } = this
    const state: ClientState = { ...this.#state(), channels: [...channels], patterns: [...patterns] }
    this.#isGone = true
    broker.remove(this)
    clients.remove(this)
    return { state, socket: this.#socket, unparsed: this.#parser.rest() }
  }

  #state(): Omit<ClientState, 'channels' | 'patterns'> {
    const { id, address, localAddress, isLocal, isCheck, connectedMs, activeMs, protocol } = this
    const { name, libraryName, libraryVersion, database, isNoEvict, replyMode, lastCommand } = this
    const about = { name, libraryName, libraryVersion, database, isNoEvict, replyMode, lastCommand }
    return { id, address, localAddress, isLocal, isCheck, connectedMs, activeMs, protocol, ...about }
  }

  #put(item: Reply | Later): void {
    if (item instanceof Later) {
      this.#queue.push(item)
      item.whenSettled(() => this.#advance())
    } else if (this.#queue.isEmpty) this.#write(item)
    else this.#queue.push(item)
  }

  #write(bytes: Reply): void {
    if (typeof bytes === 'string') this.#socket.write(bytes, 'latin1')
    else this.#socket.write(bytes)
  }

  /** A reply has come that others waited behind. */
  #advance(): void {
    if (this.#socket.destroyed) {
      this.#queue.clear()
      return
    }
    this.#queue.advance(reply => this.#write(reply))
    if (this.#queue.isEmpty && this.#isEnding) this.#socket.end()
    if (this.isSubscriber) this.checkOutput()
    this.#letGo()
    this.#tell()
  }

  #take(chunk: Buffer): void {
    if (this.#isEnding) return
    this.activeMs = Date.now()
    this.#parser.push(chunk)
    this.#executeWhatIsThere()
  }

  #takeEnd(): void {
    this.#hasAllInput = true
    this.#executeWhatIsThere()
  }

  #executeWhatIsThere(): void {
    if (this.#isParsing) return
    this.#isParsing = true
    try {
      while (!this.#isEnding && !this.#isHeldBack) {
        const args = this.#parser.next()
        if (args === null) {
          if (this.#hasAllInput) this.end()
          break
        }
        this.surroundings.execute(this, args)
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      this.#refuse(error)
    } finally {
      this.#isParsing = false
    }
  }

  #refuse(error: ProtocolError): void {
    const { log, statistics } = this.surroundings
    statistics.protocolErrors++
    statistics.errorReplies++
    log.warn(this.who, `closed: protocol error: ${error.message}`)
    this.send(errorReply(`ERR Protocol error: ${error.message}`))
    this.end()
  }

  get #isFull(): boolean {
    return this.#queue.isFull || (!this.isSubscriber && this.#socket.writableNeedDrain)
  }

  #holdBack(): void {
    this.#isHeldBack = true
    this.#socket.pause()
  }

  #letGo(): void {
    if (!this.#isHeldBack || this.#isFrozen || this.#isFull) return
    this.#isHeldBack = false
    this.#socket.resume()
    this.#executeWhatIsThere()
  }

  #tell(): void {
    const watchers = this.#watchers
    if (watchers.length === 0) return
    this.#watchers = []
    for (const watcher of watchers) watcher()
  }

  #gone(): void {
    this.#isEnding = true
    this.#tell()
    if (this.#isGone) return
    this.#isGone = true
    const { broker, clients, log } = this.surroundings
    broker.remove(this)
    clients.remove(this)
    if (this.isCheck) log.debug(this.who, 'disconnected')
    else log.info(this.who, 'disconnected')
  }
}
