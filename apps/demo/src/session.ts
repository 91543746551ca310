// One client: takes its bytes, has its requests executed, sends what comes of them, and lets go of one that does not
// read. It knows no command.
import type { Broker, Subscriber } from './broker'
import { formatByteSize } from './byte-size'
import type { Clients } from './clients'
import type { Log } from './log'
import type { Socket } from './net'
import type { Options } from './options'
import { OutputGauge } from './output-limit'
import { error as errorReply, type Protocol, type Reply } from './resp/reply'
import { ProtocolError, RequestParser } from './resp/request-parser'
import type { Statistics } from './statistics'

/** What the sessions of one program share. */
export interface Surroundings {
  readonly options: Options
  readonly log: Log
  readonly broker: Broker
  readonly clients: Clients
  readonly statistics: Statistics
  /** Executes one request (its name first) and sends its reply. */
  readonly execute: (session: Session, args: readonly Buffer[]) => void
}

/** How CLIENT REPLY was left: `skip` is for the next command. */
export type ReplyMode = 'on' | 'off' | 'skip-next' | 'skip'

/** How long a client may take to close after the last reply; then it is cut off. */
const LINGER_MS = 2000

export class Session implements Subscriber {
  readonly id: number
  readonly surroundings: Surroundings
  readonly address: string
  readonly localAddress: string
  readonly isLocal: boolean
  readonly connectedMs = Date.now()
  readonly channels = new Set<string>()
  readonly patterns = new Set<string>()
  protocol: Protocol = 2
  name = ''
  libraryName = ''
  libraryVersion = ''
  database = 0
  isNoEvict = false
  replyMode: ReplyMode = 'on'
  /** Set by a command whose reply is the last: CLIENT KILL of oneself. */
  isEndingAfterReply = false
  lastCommand = 'NULL'
  activeMs = this.connectedMs

  readonly #socket: Socket
  readonly #parser: RequestParser
  readonly #gauge: OutputGauge
  #isEnding = false
  #isHeldBack = false
  #isParsing = false

  /** @param localPath the path of the local socket that the client came in by; null for TCP */
  constructor(socket: Socket, localPath: string | null, surroundings: Surroundings) {
    const { clients, options } = surroundings
    this.id = clients.nextId()
    this.surroundings = surroundings
    this.isLocal = localPath !== null
    this.address = localPath === null ? endpoint(socket.remoteAddress, socket.remotePort) : `${localPath}:0`
    this.localAddress =
      localPath === null ? endpoint(socket.localAddress, socket.localPort) : `${localPath}:0`
    this.#socket = socket
    this.#parser = new RequestParser(options.maxRequestBytes)
    this.#gauge = new OutputGauge(options.outputLimit)
    socket.on('data', chunk => this.#take(chunk as Buffer))
    socket.on('drain', () => this.#letGo())
    socket.on('error', error => this.surroundings.log.debug(this.who, error.message))
    socket.on('close', () => this.#gone())
    clients.add(this)
    surroundings.log.info(this.who, 'connected')
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

  /** Bytes that wait for the client to read. */
  get waitingBytes(): number {
    return this.#socket.writableLength
  }

  send(reply: Reply): void {
    if (this.#isEnding || this.#socket.destroyed || this.replyMode !== 'on') return
    this.#write(reply)
    // A client that asks and does not read is not asked further. A subscriber has its limit instead: it must be able
    // to unsubscribe while messages wait.
    if (this.isSubscriber) this.checkOutput()
    else if (this.#socket.writableNeedDrain) this.#holdBack()
  }

  /** Sends what is no reply: a message, or the outcome of a subscription. */
  deliver(bytes: Reply): void {
    if (this.#isEnding || this.#socket.destroyed) return
    this.#write(bytes)
    this.checkOutput()
  }

  /** Drops the client if too much waits for it. */
  checkOutput(): void {
    const waitingBytes = this.#socket.writableLength
    if (!this.#gauge.isExceeded(waitingBytes, Date.now)) return
    const { log, statistics, broker } = this.surroundings
    statistics.slowSubscribersDropped++
    const channels = this.subscriptionCount
    broker.remove(this)
    this.#isEnding = true
    this.#socket.destroy()
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
      this.#letGo()
      this.#socket.end()
      const deadline = setTimeout(() => this.#socket.destroy(), LINGER_MS)
      this.#socket.once('close', () => clearTimeout(deadline))
    }
    return new Promise(resolve => this.#socket.once('close', resolve))
  }

  /** Ends the connection now, whatever waits. */
  cut(): void {
    this.#isEnding = true
    this.#socket.destroy()
  }

  #write(bytes: Reply): void {
    if (typeof bytes === 'string') this.#socket.write(bytes, 'latin1')
    else this.#socket.write(bytes)
  }

  #take(chunk: Buffer): void {
    if (this.#isEnding) return
    this.activeMs = Date.now()
    this.#parser.push(chunk)
    this.#executeWhatIsThere()
  }

  #executeWhatIsThere(): void {
    if (this.#isParsing) return
    this.#isParsing = true
    try {
      while (!this.#isEnding && !this.#isHeldBack) {
        const args = this.#parser.next()
        if (args === null) break
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

  #holdBack(): void {
    this.#isHeldBack = true
    this.#socket.pause()
  }

  #letGo(): void {
    if (!this.#isHeldBack) return
    this.#isHeldBack = false
    this.#socket.resume()
    this.#executeWhatIsThere()
  }

  #gone(): void {
    const { broker, clients, log } = this.surroundings
    this.#isEnding = true
    broker.remove(this)
    clients.remove(this)
    log.info(this.who, 'disconnected')
  }
}

function endpoint(address: string | undefined, port: number | undefined): string {
  if (address === undefined) return '?:0'
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
