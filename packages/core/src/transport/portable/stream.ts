// A stream over one net.Socket: statuses and sinks on this side, events on that. It knows nothing of listeners.
import type { Socket } from 'node:net'
import {
  UV_EALREADY,
  UV_EBADF,
  UV_ECANCELED,
  UV_EINVAL,
  UV_EISCONN,
  UV_ENOTCONN,
  UV_ENOTSUP,
  UV_EPIPE,
} from '../../errors/errno'
import { nextTick, setImmediate, withHostTicks, withoutFirstTick, withUsersTicks } from '../../host'
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
import { isAddressOf, type PathEnds, pathEnds, tcpEnds, towards, unnamed } from './ends'
import { isNode } from './host'
import {
  closeByReset,
  endWriting,
  hearConnect,
  type InnerSocket,
  newSocket,
  openHandle,
  prepare,
  restore,
  resumeReading,
  type Sides,
  type SocketOwner,
  stopReading,
} from './inner-socket'
import { copyAtMost, joined, totalLength } from './joined-chunks'
import { setSocketOption, typeOfServiceOf } from './socket-options'
import { pathStatus, statusOf } from './status'
import { WithoutDescriptors } from './without-descriptors'

/** What is known of a connected socket that node:net does not tell. */
export interface ConnectedSocket {
  readonly paths?: PathEnds
  readonly fd?: number
  readonly sides?: Sides
}

const NOTHING = Buffer.alloc(0)
/** How often libuv reads of one stream before others have their turn: a receiver of small buffers hears of no more. */
const readsOfTurn = 32
const bothSides: Sides = { readable: true, writable: true }

export class PortableStream extends WithoutDescriptors implements StreamHandle, SocketOwner {
  readonly kind: HandleKind
  readonly fd: number
  bytesRead = 0
  readonly #socket: InnerSocket
  readonly #sides: Sides
  #state: 'new' | 'connecting' | 'open' | 'closing' | 'closed' = 'new'
  #sink: ReadSink | null = null
  #reading = false
  #ended = false
  #overTold = false
  /** The host's socket has said 'close': its `closed` comes before the descriptor is. */
  #isGone = false
  #failure: Status = 0
  #connected: ((status: Status) => void) | null = null
  #shutDown: ((status: Status) => void) | null = null
  #shut = false
  #bytesGiven = 0
  /** Who waits for a write that the system has not taken yet, in order. */
  #queue: Array<(status: Status) => void> = []
  #paths: PathEnds = unnamed
  #own: Address | null = null
  #peer: Address | null = null
  #local: TcpAddress | null = null
  readonly #closing = new Closing()

  /** Of a connected socket where one is given; else it can connect. */
  constructor(kind: HandleKind, connected?: Socket, known: ConnectedSocket = {}) {
    super()
    this.kind = kind
    this.fd = known.fd ?? -1
    this.#paths = known.paths ?? unnamed
    this.#sides = known.sides ?? bothSides
    const socket = connected ?? newSocket()
    this.#socket = socket
    if (connected) this.#state = 'open'
    prepare(socket, this)
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
      this.#begin(to)
    } catch (error) {
      return statusOf(error as NodeJS.ErrnoException)
    }
    // Linux answers the first connect of a connected TCP socket with success, and the connection stays (connect(2) tells of
    // EISCONN alone).
    if (this.#state === 'new') this.#state = 'connecting'
    this.#connected = done
    hearConnect(this.#socket)
    return 0
  }

  #begin(to: Address): void {
    const socket = this.#socket
    if (isTcpAddress(to)) {
      const options = towards(to, this.#local)
      // node:net begins a tick later, in which the peer would not hear of a connection that is closed in this one.
      if (isNode) withoutFirstTick(() => socket.connect(options))
      else socket.connect(options)
      return
    }
    this.#paths = { own: '', peer: to.path }
    withHostTicks(() => socket.connect({ path: to.path }))
  }

  /** @internal */
  get isClosing(): boolean {
    return this.#state === 'closing' || this.#state === 'closed'
  }

  /** @internal */
  heardConnect(): void {
    if (this.isClosing) return
    this.#state = 'open'
    this.#tellConnected(0)
  }

  #tellConnected(status: Status): void {
    const done = this.#connected
    this.#connected = null
    done?.(status)
  }

  sockname(): Address | Status {
    if (this.#state === 'open') {
      this.#learnNames()
      return this.#own ?? UV_ENOTCONN
    }
    if (this.#state === 'new' && this.#local !== null) return this.#local
    if (this.#state === 'connecting' && this.kind === 'tcp') return tcpEnds(this.#socket).own ?? UV_ENOTCONN
    return this.#unconnected()
  }

  peername(): Address | Status {
    if (this.#state !== 'open') return this.#unconnected()
    this.#learnNames()
    return this.#peer ?? UV_ENOTCONN
  }

  // node:net forgets both addresses when it closes the socket, which it does by itself after an error; other hosts, whose
  // `destroy` is not ours, after both ends.
  #learnNames(): void {
    if (this.#peer !== null) return
    const { own, peer } = this.kind === 'pipe' ? pathEnds(this.#paths) : tcpEnds(this.#socket)
    // Of a peer that has gone node:net knows none.
    this.#own = own ?? this.#own
    this.#peer = peer
  }

  #unconnected(): Status {
    return this.isClosing ? UV_EBADF : UV_ENOTCONN
  }

  readStart(sink: ReadSink): Status {
    if (this.#state !== 'open') return this.#unconnected()
    if (!this.#sides.readable) return UV_ENOTCONN
    this.#sink = sink
    if (this.#reading) return 0
    this.#reading = true
    if (this.#ended || this.#failure < 0) nextTick(tellOver, this)
    // What a receiver left comes as from the system, in a turn of its own.
    else if (this.#socket.readableLength > 0) setImmediate(goOn, this)
    else withHostTicks(() => resumeReading(this.#socket))
    return 0
  }

  readStop(): Status {
    if (this.#state !== 'open') return this.#unconnected()
    if (this.#reading) {
      this.#reading = false
      stopReading(this.#socket)
    }
    return 0
  }

  /**
   * @internal A chunk on its way into the socket's own buffer: taken here where the buffer would only hand it on, which is
   * most of what a read costs. False where it is to be kept: nobody reads now, or others wait before it.
   */
  takes(chunk: Buffer): boolean {
    if (!this.#reading || this.#socket.readableLength > 0) return false
    this.heardData(chunk)
    return true
  }

  /** @internal The peer's end on its way into the socket's buffer, as `takes`. */
  takesEnd(): boolean {
    if (!this.#reading || this.#socket.readableLength > 0) return false
    withUsersTicks(() => this.heardEnd())
    return true
  }

  /** @internal */
  heardData(chunk: Buffer): void {
    const sink = this.#sink
    if (sink === null) return
    if (sink.into !== undefined) withUsersTicks(() => this.#fill(chunk))
    else {
      this.bytesRead += chunk.length
      withUsersTicks(() => sink.onData(chunk))
    }
  }

  // Into the receiver's own buffers, one after the other. What is left when it stops reading goes back to the socket.
  #fill(chunk: Buffer): void {
    let rest = chunk
    for (let reads = 0; rest.length > 0; reads++) {
      const sink = this.#sink
      if (sink === null) return
      if (!this.#reading || sink.into === undefined) {
        this.#socket.unshift(rest)
        return
      }
      if (reads === readsOfTurn) {
        stopReading(this.#socket)
        this.#socket.unshift(rest)
        setImmediate(goOn, this)
        return
      }
      const target = sink.into()
      const size = Math.min(target.length, rest.length)
      target.set(size === rest.length ? rest : rest.subarray(0, size))
      rest = rest.subarray(size)
      this.bytesRead += size
      let hasThrown = true
      try {
        sink.onData(Buffer.from(target.buffer, target.byteOffset, size))
        hasThrown = false
      } finally {
        // What a receiver throws costs it none of the bytes that came with these.
        if (hasThrown && rest.length > 0) nextTick(fillRest, this, rest)
      }
    }
  }

  /** @internal */
  goOn(): void {
    if (this.#reading && this.#state === 'open') withHostTicks(() => resumeReading(this.#socket))
  }

  /** @internal */
  heardEnd(): void {
    if (this.#ended || this.#state !== 'open') return
    this.#ended = true
    if (!isNode) this.#learnNames()
    this.tellOver()
  }

  /** @internal A failed write is told by that write first, and the reader hears of it where nobody closes then. */
  heardError(error: NodeJS.ErrnoException): void {
    if (this.isClosing) return
    this.#failure = statusOf(error)
    if (this.#state === 'connecting') {
      this.#state = 'new'
      this.#tellConnected(this.#failure)
    } else if (error.syscall === 'write') setImmediate(tellOver, this)
    else this.tellOver()
  }

  /** @internal The end or the failure, where they came while nobody read. */
  tellOver(): void {
    if (!this.#reading || this.#overTold || this.#state !== 'open') return
    this.#overTold = true
    if (this.#ended) this.#sink?.onEnd()
    else this.#sink?.onError(this.#failure)
  }

  write(chunks: readonly Uint8Array[], done: (status: Status) => void): Status {
    const socket = this.#socket
    if (this.#state !== 'open') return this.#unconnected()
    if (this.#shut || socket.destroyed || !this.#sides.writable) return UV_EPIPE
    if (chunks.length === 0) return 1
    const givenBefore = this.#bytesGiven
    withHostTicks(() => this.#giveAll(chunks))
    const isTaken = socket.writableLength === 0
    // An earlier write's failure, too: what comes behind it in the same turn stays in node:net's buffer.
    if (socket.errored !== null) {
      this.#bytesGiven = givenBefore
      return statusOf(socket.errored)
    }
    if (isTaken) return 1
    this.#queue.push(done)
    // node:net calls back in order, so the callback of nothing tells of all before it. A write that the system takes at
    // once, nearly each, costs no callback.
    withHostTicks(() => socket.write(NOTHING, this.#wrote))
    return 0
  }

  #give(chunk: Uint8Array): void {
    this.#bytesGiven += chunk.length
    this.#socket.write(chunk)
  }

  // Copying little is cheaper than node:net's way of many chunks; much goes out by one writev.
  #giveAll(chunks: readonly Uint8Array[]): void {
    if (chunks.length === 1) return this.#give(chunks[0]!)
    const size = totalLength(chunks)
    if (size <= copyAtMost) {
      this.#give(joined(chunks, size))
      return
    }
    this.#socket.cork()
    for (const chunk of chunks) this.#give(chunk)
    this.#socket.uncork()
  }

  readonly #wrote = (error?: Error | null): void => {
    if (this.#state !== 'open') return
    const done = this.#queue.shift()
    const status = error ? this.#statusOf(error) : 0
    withUsersTicks(() => done?.(status))
  }

  shutdown(done: (status: Status) => void): Status {
    if (this.#state !== 'open') return this.#unconnected()
    if (this.#shut || this.#socket.destroyed || !this.#sides.writable) return UV_ENOTCONN
    this.#shut = true
    this.#shutDown = done
    if (!isNode) this.#learnNames()
    withHostTicks(() => endWriting(this.#socket, this.#finished))
    return 0
  }

  readonly #finished = (error?: Error | null): void => {
    if (this.#state !== 'open') return
    const done = this.#shutDown
    this.#shutDown = null
    // A failed read ends the writing side as well: it is the reader's to tell.
    const failure: NodeJS.ErrnoException | null = this.#socket.errored
    if (failure && failure.syscall === 'read') this.heardError(failure)
    const isOver = error || failure !== null || this.#failure < 0
    done?.(isOver ? this.#statusOf(error) : 0)
  }

  /** Why the socket is over, of which `error` may tell no more than that. */
  #statusOf(error: Error | null | undefined): Status {
    const failure: NodeJS.ErrnoException | null = this.#socket.errored
    if (failure !== null) return statusOf(failure)
    return this.#failure < 0 || !error ? this.#failure : statusOf(error)
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
    this.#closing.begin(done)
    this.#shutter(this.kind === 'tcp' && this.#state === 'open')
    return 0
  }

  close(done?: () => void): void {
    if (this.#closing.begin(done)) this.#shutter(false)
  }

  #shutter(reset: boolean): void {
    const socket = this.#socket
    const untouched = this.#state === 'new' && this.#failure === 0
    if (this.#isGone) {
      this.#state = 'closing'
      this.#sink = null
      setImmediate(closed, this)
      return
    }
    // Without a handle it would say 'close' in the next tick, which is no later turn.
    if (untouched) withHostTicks(() => openHandle(socket))
    // A system resets a connection that is closed with unread bytes, and these were not read either.
    const isUnread = this.kind === 'tcp' && this.#state === 'open' && socket.readableLength > 0
    this.#state = 'closing'
    this.#sink = null
    if ((reset || isUnread) && !socket.destroyed) closeByReset(socket, this.#shutDown !== null)
    else socket.destroy()
  }

  /** @internal node:net has closed the descriptor, which it does by itself after an error. */
  heardClose(): void {
    this.#isGone = true
    if (this.#state !== 'closing') return
    this.#state = 'closed'
    const connected = this.#connected
    const shutDown = this.#shutDown
    this.#connected = null
    this.#shutDown = null
    this.heardCut()
    const calls: Array<() => void> = []
    if (connected) calls.push(() => connected(UV_ECANCELED))
    if (shutDown) calls.push(() => shutDown(UV_ECANCELED))
    callEach(calls)
    this.#closing.finish(callEachOrThrow)
  }

  /** @internal */
  heardWriteError(): void {
    if (this.#state === 'open') this.#learnNames()
  }

  /** @internal The write that was under way is cut off, and so is all behind it. */
  heardCut(): void {
    const queue = this.#queue
    this.#queue = []
    callEach(queue.map(done => () => done(UV_ECANCELED)))
  }

  /** Gives the host's socket away as it is; this stream is closed by it, and nothing is pending. */
  surrender(): Socket {
    const socket = this.#socket
    restore(socket)
    this.#state = 'closed'
    this.#sink = null
    this.#closing.begin()
    this.#closing.finish()
    return socket
  }

  // node:net puts off what is asked of a closed socket until it connects again, with a listener for each call.
  ref(): void {
    if (!this.#socket.destroyed) this.#socket.ref()
  }

  unref(): void {
    if (!this.#socket.destroyed) this.#socket.unref()
  }

  get bytesWritten(): number {
    return this.#bytesGiven - this.#socket.writableLength
  }

  get writeQueueSize(): number {
    return this.#socket.writableLength
  }
}

function closed(stream: PortableStream): void {
  stream.heardClose()
}
function goOn(stream: PortableStream): void {
  stream.goOn()
}
function fillRest(stream: PortableStream, rest: Buffer): void {
  stream.heardData(rest)
}
function tellOver(stream: PortableStream): void {
  stream.tellOver()
}
