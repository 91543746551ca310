// A stream over one socket of the host: statuses and sinks on this side, what the socket tells on that. It knows neither how
// that is driven (driver) nor listeners.
import { AsyncResource } from 'node:async_hooks'
import type { Socket } from 'node:net'
import {
  UV_EALREADY,
  UV_EBADF,
  UV_ECANCELED,
  UV_EINVAL,
  UV_EISCONN,
  UV_ENOTCONN,
  UV_ENOTSUP,
  UV_EOF,
  UV_EPIPE,
} from '../../errors/errno'
import { nextTick, platform, setImmediate } from '../../host'
import { callEach, callEachOrThrow } from '../call-each'
import { Closing } from '../closing'
import type {
  Address,
  HandleKind,
  ReadSink,
  Status,
  StreamHandle,
  StreamOption,
  TcpAddress,
} from '../contract'
import { isTcpAddress } from '../contract'
import { Backlog } from './backlog'
import { bothSides, type ConnectedSocket, handleOf, nothingKnown } from './connected-socket'
import { driver } from './driver'
import { isAddressOf, tcpEnds, towards } from './ends'
import { isNode } from './host'
import { disown, type InnerSocket, newSocket, openHandle, type Sides, type SocketOwner } from './inner-socket'
import { copyAtMost, joined, totalLength } from './joined-chunks'
import { Names } from './names'
import { setSocketOption, typeOfServiceOf } from './socket-options'
import { pathStatus, statusOf } from './status'
import { WithoutDescriptors } from './without-descriptors'

/** How often libuv reads of one stream before others have their turn: a receiver of small buffers hears of no more. */
const readsOfTurn = 32
const NOTHING = new Uint8Array(0)

export class PortableStream extends WithoutDescriptors implements StreamHandle, SocketOwner {
  readonly kind: HandleKind
  readonly fd: number
  readonly #socket: InnerSocket
  readonly #sides: Sides
  #state: 'new' | 'connecting' | 'open' | 'closing' | 'closed' = 'new'
  #sink: ReadSink | null = null
  #reading = false
  /** What reading, or an attempt to connect, has ended with: `UV_EOF`, or a failure; 0 while it has not. */
  #over: Status = 0
  #overTold = false
  /** What came while nobody read, in order. */
  #unread: Buffer[] | null = null
  /** `goOn` is to come. */
  #isGoingOn = false
  /** The host's socket has said 'close' by itself: its `closed` comes before the descriptor is. */
  #isGone = false
  #connected: ((status: Status) => void) | null = null
  /** Our side: its end was asked for and waits for the writes before it, or is under way, or has left. */
  #end: 'open' | 'waiting' | 'leaving' | 'left' = 'open'
  #shutDown: ((status: Status) => void) | null = null
  /** To be closed by a reset once the end of our side has left. */
  #resetsAtEnd = false
  #bytesRead = 0
  /** Somebody has the host's handle, and may read and write by it: it counts. */
  #isHandleOut = false
  /** What the handle has counted as written for this stream. */
  #bytesDispatched = 0
  #bytesGiven = 0
  /** What the system answered when it was asked whether the peer has left; it answers a write otherwise from then on. */
  #refusal: Status = 0
  #backlog: Backlog | null = null
  /** Of paths that are known; else null until a name is asked for. */
  #knownNames: Names | null
  #local: TcpAddress | null = null
  /** Null until it closes. */
  #closing: Closing | null = null

  /** Of a connected socket where one is given; else it can connect. */
  constructor(kind: HandleKind, connected?: Socket, known: ConnectedSocket = nothingKnown) {
    super()
    this.kind = kind
    this.fd = known.fd ?? -1
    this.#knownNames = known.paths === undefined ? null : new Names(kind, known.paths)
    this.#sides = known.sides ?? bothSides
    const socket = connected ?? newSocket()
    this.#socket = socket
    if (connected) this.#state = 'open'
    driver.prepare(socket, this)
  }

  #names(): Names {
    this.#knownNames ??= new Names(this.kind)
    return this.#knownNames
  }

  /** A call of `close` or `reset`. True for the first. */
  #beginClosing(done?: () => void): boolean {
    this.#closing ??= new Closing()
    return this.#closing.begin(done)
  }

  bind(at: TcpAddress): Status {
    if (this.#state !== 'new') return this.isClosing ? UV_EBADF : UV_EINVAL
    if (this.kind !== 'tcp' || !isAddressOf('tcp', at) || this.#local !== null) return UV_EINVAL
    this.#local = at
    return 0
  }

  connect(to: Address, done: (status: Status) => void): Status {
    if (this.#state === 'connecting') return UV_EALREADY
    if (this.isClosing) return UV_EBADF
    if (!isAddressOf(this.kind, to)) return UV_EINVAL
    if (this.#state === 'open' && this.kind === 'pipe') return UV_EISCONN
    const refused = isTcpAddress(to) ? 0 : pathStatus(to.path)
    if (refused < 0) return refused
    try {
      driver.connect(this.#socket, isTcpAddress(to) ? towards(to, this.#local) : { path: to.path })
    } catch (error) {
      return statusOf(error as NodeJS.ErrnoException)
    }
    if (!isTcpAddress(to)) this.#names().peerPath = to.path
    // Linux answers the first connect of a connected TCP socket with success, and the connection stays (connect(2) tells of
    // EISCONN alone).
    if (this.#state === 'new') this.#state = 'connecting'
    this.#connected = done
    return 0
  }

  /** @internal */
  get isClosing(): boolean {
    return this.#state === 'closing' || this.#state === 'closed'
  }

  /** @internal */
  heardConnect(): void {
    if (this.isClosing) return
    this.#state = 'open'
    this.#over = 0
    this.#tellConnected(0)
  }

  #tellConnected(status: Status): void {
    const done = this.#connected
    this.#connected = null
    done?.(status)
  }

  sockname(): Address | Status {
    if (this.#state === 'open') return this.#names().own(this.#socket)
    if (this.#state === 'new' && this.#local !== null) return this.#local
    if (this.#state === 'connecting' && this.kind === 'tcp') return tcpEnds(this.#socket).own ?? UV_ENOTCONN
    return this.#unconnected()
  }

  peername(): Address | Status {
    return this.#state === 'open' ? this.#names().peer(this.#socket) : this.#unconnected()
  }

  #unconnected(): Status {
    return this.isClosing ? UV_EBADF : UV_ENOTCONN
  }

  /** @internal */
  get isReading(): boolean {
    return this.#reading && this.#unread === null
  }

  readStart(sink: ReadSink): Status {
    if (this.#state !== 'open') return this.#unconnected()
    if (!this.#sides.readable) return UV_ENOTCONN
    this.#sink = sink
    if (this.#reading) return 0
    this.#reading = true
    // What came before is told as from the system, in a turn of its own.
    if (this.#unread !== null) this.#goOnLater()
    else if (this.#over !== 0) nextTick(() => this.tellOver())
    else driver.startReading(this.#socket)
    return 0
  }

  readStop(): Status {
    if (this.#state !== 'open') return this.#unconnected()
    if (this.#reading) {
      this.#reading = false
      driver.stopReading(this.#socket)
    }
    return 0
  }

  /** @internal */
  heardData(chunk: Buffer): void {
    if (this.isReading) this.#deliver(chunk)
    else if (!this.isClosing) this.#unread = [...(this.#unread ?? []), chunk]
  }

  #deliver(chunk: Buffer): void {
    const sink = this.#sink as ReadSink
    if (sink.into !== undefined) this.#fill(chunk)
    else {
      this.#bytesRead += chunk.length
      sink.onData(chunk)
    }
  }

  // Into the receiver's own buffers, one after the other. What is left when it stops reading is kept.
  #fill(chunk: Buffer): void {
    let rest = chunk
    try {
      for (let reads = 0; rest.length > 0 && reads < readsOfTurn; reads++) {
        const sink = this.#sink
        if (!this.#reading || sink?.into === undefined) return
        const target = sink.into()
        const size = Math.min(target.length, rest.length)
        target.set(size === rest.length ? rest : rest.subarray(0, size))
        rest = rest.subarray(size)
        this.#bytesRead += size
        sink.onData(Buffer.from(target.buffer, target.byteOffset, size))
      }
    } finally {
      // A receiver that throws loses none of the bytes that came with these.
      if (rest.length > 0 && !this.isClosing) {
        this.#unread = [rest, ...(this.#unread ?? [])]
        if (this.#reading) this.#goOnLater()
      }
    }
  }

  #goOnLater(): void {
    if (this.#isGoingOn) return
    this.#isGoingOn = true
    setImmediate(() => this.goOn())
  }

  /** @internal Tells a chunk that was kept; after the last of them it reads on. */
  goOn(): void {
    this.#isGoingOn = false
    if (!this.#reading || this.#state !== 'open') return
    const [chunk, ...rest] = this.#unread ?? []
    if (chunk === undefined) {
      if (this.#over !== 0) this.tellOver()
      else driver.startReading(this.#socket)
      return
    }
    this.#unread = rest.length > 0 ? rest : null
    this.#goOnLater()
    this.#deliver(chunk)
  }

  /** @internal */
  heardEnd(): void {
    if (this.#over !== 0 || this.#state !== 'open') return
    this.#over = UV_EOF
    if (!isNode) this.#names().learn(this.#socket)
    this.tellOver()
  }

  /** @internal */
  heardError(error: NodeJS.ErrnoException): void {
    if (this.isClosing) return
    this.#over = statusOf(error)
    if (this.#state === 'connecting') {
      this.#state = 'new'
      this.#tellConnected(this.#over)
    } else if (error.syscall === 'write') setImmediate(() => this.tellOver())
    else this.tellOver()
  }

  /** @internal The end or the failure, where they came while nobody read. */
  tellOver(): void {
    if (!this.#reading || this.#overTold || this.#unread !== null || this.#state !== 'open') return
    this.#overTold = true
    if (this.#over === UV_EOF) this.#sink?.onEnd()
    else this.#sink?.onError(this.#over)
  }

  /** A write of nothing sends nothing, and fails where the peer has gone. Windows would tell the peer of it. */
  hasPeerLeft(): boolean {
    if (this.#over !== 0) return true
    if (!isNode || platform === 'win32') return false
    if (this.#state !== 'open' || this.#end !== 'open' || this.#backlog !== null) return false
    const status = driver.send(this.#socket, [NOTHING])
    if (status === 0) this.#backlog = new Backlog(0, () => {})
    this.#refusal = Math.min(status, 0)
    return status < 0
  }

  write(chunks: readonly Uint8Array[], done: (status: Status) => void): Status {
    if (this.#state !== 'open') return this.#unconnected()
    if (this.#end !== 'open' || this.#isGone || !this.#sides.writable) return UV_EPIPE
    if (this.#refusal < 0) return this.#takeRefusal()
    const size = chunks.length === 1 ? chunks[0]!.length : totalLength(chunks)
    if (this.#backlog !== null) this.#backlog.add(chunks, size, done)
    else {
      const status = this.#send(chunks, size)
      if (status < 0) return status
      if (status === 0) this.#backlog = new Backlog(size, done)
      if (status > 0) {
        this.#bytesGiven += size
        return 1
      }
    }
    this.#bytesGiven += size
    return 0
  }

  #takeRefusal(): Status {
    const status = this.#refusal
    this.#refusal = 0
    return status
  }

  // Copying little is cheaper than node:net's way of many chunks; much goes out by one writev.
  #send(chunks: readonly Uint8Array[], size: number): Status {
    if (chunks.length === 0) return 1
    this.#bytesDispatched += size
    const sent = chunks.length > 1 && size <= copyAtMost ? [joined(chunks, size)] : chunks
    return driver.send(this.#socket, sent)
  }

  /** @internal */
  heardSent(error: NodeJS.ErrnoException | null | undefined): void {
    const backlog = this.#backlog
    if (backlog === null) return
    if (this.isClosing) return this.#cancelWrites()
    const calls: Array<() => void> = []
    let status: Status = error ? this.#failureOf(error) : 1
    while (status !== 0) {
      const outcome = Math.min(status, 0)
      for (const done of backlog.takeFirst()) calls.push(() => done(outcome))
      if (!backlog.hasWaiting) {
        this.#backlog = null
        break
      }
      const chunks = backlog.advance()
      // What is behind a write that failed fails with it.
      if (status > 0) status = this.#send(chunks, backlog.size)
    }
    if (this.#backlog === null && this.#end === 'waiting') this.#beginEnd()
    callEach(calls)
  }

  shutdown(done: (status: Status) => void): Status {
    if (this.#state !== 'open') return this.#unconnected()
    if (this.#end !== 'open' || this.#isGone || !this.#sides.writable) return UV_ENOTCONN
    this.#shutDown = done
    if (!isNode) this.#names().learn(this.#socket)
    if (this.#backlog === null) this.#beginEnd()
    else {
      // It comes in the context of now (law 12 of the contract), not in that of a write which it waits for.
      this.#shutDown = AsyncResource.bind(done)
      this.#end = 'waiting'
    }
    return 0
  }

  #beginEnd(): void {
    this.#end = 'leaving'
    driver.end(this.#socket)
  }

  /** @internal */
  heardEnded(error: NodeJS.ErrnoException | null | undefined): void {
    this.#end = 'left'
    if (this.#resetsAtEnd) driver.reset(this.#socket)
    if (this.#state !== 'open') return
    const done = this.#shutDown
    this.#shutDown = null
    done?.(error ? this.#failureOf(error) : 0)
  }

  /** What a host that closed the socket for a failure says of what it cut off is no more than that. */
  #failureOf(error: NodeJS.ErrnoException): Status {
    const status = statusOf(error)
    return status === UV_ECANCELED && this.#over < 0 && this.#over !== UV_EOF ? this.#over : status
  }

  setOption(option: StreamOption): Status {
    if (this.isClosing) return UV_EBADF
    return this.kind === 'tcp' ? setSocketOption(this.#socket, option) : UV_ENOTSUP
  }

  getOption(_name: 'typeOfService'): number {
    if (this.isClosing) return UV_EBADF
    return this.kind === 'tcp' ? typeOfServiceOf(this.#socket) : UV_ENOTSUP
  }

  reset(done: () => void): Status {
    if (this.isClosing) return UV_EBADF
    this.#beginClosing(done)
    this.#shutter(this.kind === 'tcp')
    return 0
  }

  close(done?: () => void): void {
    if (!this.#beginClosing(done)) return
    // A system resets a connection that is closed with unread bytes, and these were not read either.
    this.#shutter(this.kind === 'tcp' && (this.#unread !== null || this.#socket.readableLength > 0))
  }

  #shutter(byReset: boolean): void {
    const before = this.#state
    this.#state = 'closing'
    this.#sink = null
    this.#reading = false
    this.#unread = null
    if (this.#isGone) setImmediate(() => this.heardClose())
    else if (before === 'new') this.#closeUnconnected()
    else if (!byReset || before !== 'open') driver.close(this.#socket)
    // The end comes first, which takes a turn, or is given up where bytes wait before it.
    else if (this.#end === 'leaving') this.#resetsAtEnd = true
    else driver.reset(this.#socket)
  }

  // After a failed attempt the host closes it by itself. One that never was to connect has no handle yet; it gets one, to be
  // closed at the end of this turn as others are.
  #closeUnconnected(): void {
    if (this.#over < 0) return
    openHandle(this.#socket)
    driver.close(this.#socket)
  }

  /** @internal The host has closed the descriptor, which it does by itself after a failed connect. */
  heardClose(): void {
    this.#isGone = true
    if (this.#state !== 'closing') return
    this.#state = 'closed'
    disown(this.#socket)
    if (this.#backlog !== null) this.#cancelWrites()
    if (this.#connected !== null || this.#shutDown !== null) this.#cancelRequests()
    this.#closing?.finish(callEachOrThrow)
  }

  #cancelRequests(): void {
    const requests = [this.#connected, this.#shutDown]
    this.#connected = this.#shutDown = null
    callEach(requests.map(done => () => done?.(UV_ECANCELED)))
  }

  #cancelWrites(): void {
    const backlog = this.#backlog!
    this.#backlog = null
    this.#bytesGiven -= backlog.size
    const cut = backlog.takeFirst()
    backlog.advance()
    callEach([...cut, ...backlog.takeFirst()].map(done => () => done(UV_ECANCELED)))
  }

  /** Gives the host's socket away as it is; this stream is closed by it, and nothing is pending. */
  surrender(): Socket {
    const socket = this.#socket
    driver.restore(socket, this.#unread ?? [])
    this.#state = 'closed'
    this.#sink = null
    this.#unread = null
    this.#beginClosing()
    this.#closing?.finish()
    return socket
  }

  // node:net puts off what is asked of a closed socket until it connects again, with a listener for each call.
  ref(): void {
    if (!this.isClosing && !this.#isGone) this.#socket.ref()
  }

  unref(): void {
    if (!this.isClosing && !this.#isGone) this.#socket.unref()
  }

  /** What came while nobody read would be overtaken by what is read from the handle. */
  get hostHandle(): object | null {
    if (!isNode || this.#state !== 'open' || this.#unread !== null) return null
    this.#isHandleOut = true
    return handleOf(this.#socket)
  }

  get bytesRead(): number {
    return this.#isHandleOut ? this.#socket.bytesRead - totalLength(this.#unread ?? []) : this.#bytesRead
  }

  get bytesWritten(): number {
    // `node:http2` writes by the handle.
    const ofOthers = this.#isHandleOut ? Math.max(0, this.#socket.bytesWritten - this.#bytesDispatched) : 0
    return this.#bytesGiven - this.writeQueueSize + ofOthers
  }

  get writeQueueSize(): number {
    return this.#backlog?.size ?? 0
  }
}
