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
import { nextTick, setImmediate, withHostTicks, withUsersTicks } from '../../host'
import { callEach } from '../call-each'
import { Closing } from '../closing'
import type {
  Address,
  HandleKind,
  PeerCredentials,
  ReadSink,
  Status,
  StreamHandle,
  StreamOption,
  TcpAddress,
} from '../contract'
import { isTcpAddress } from '../contract'
import { isAddressOf, type PathEnds, pathEnds, tcpEnds, towards, unnamed } from './ends'
import { type InnerSocket, kOwner, newSocket, prepare, restore, type Sides } from './inner-socket'
import { copyAtMost, joined, totalLength } from './joined-chunks'
import { setSocketOption, typeOfServiceOf } from './socket-options'
import { pathStatus, statusOf } from './status'

/** A socket that knows its stream. */
interface OwnedSocket extends InnerSocket {
  [kOwner]?: PortableStream
}

/** What is known of a connected socket that node:net does not tell. */
export interface ConnectedSocket {
  readonly paths?: PathEnds
  readonly fd?: number
  readonly sides?: Sides
}

const NOTHING = Buffer.alloc(0)
const bothSides: Sides = { readable: true, writable: true }

export class PortableStream implements StreamHandle {
  readonly kind: HandleKind
  readonly fd: number
  bytesRead = 0
  readonly #socket: OwnedSocket
  readonly #sides: Sides
  #state: 'new' | 'connecting' | 'open' | 'closing' | 'closed' = 'new'
  #sink: ReadSink | null = null
  #reading = false
  #ended = false
  #overTold = false
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
    this.kind = kind
    this.fd = known.fd ?? -1
    this.#paths = known.paths ?? unnamed
    this.#sides = known.sides ?? bothSides
    const socket = (connected ?? newSocket()) as OwnedSocket
    this.#socket = socket
    if (connected) this.#state = 'open'
    prepare(socket, this)
    socket.pause()
    socket.on('data', onData)
    socket.on('end', onEnd)
    socket.on('error', onError)
  }

  bind(at: TcpAddress): Status {
    if (this.#state !== 'new')
      return this.#state === 'closing' || this.#state === 'closed' ? UV_EBADF : UV_EINVAL
    if (this.kind !== 'tcp' || !isAddressOf('tcp', at) || this.#local !== null) return UV_EINVAL
    this.#local = at
    return 0
  }

  connect(to: Address, done: (status: Status) => void): Status {
    if (this.#state === 'connecting') return UV_EALREADY
    if (this.#state === 'open') return UV_EISCONN
    if (this.#state !== 'new') return UV_EBADF
    if (!isAddressOf(this.kind, to)) return UV_EINVAL
    const refused = isTcpAddress(to) ? 0 : pathStatus(to.path)
    if (refused < 0) return refused
    if (!isTcpAddress(to)) this.#paths = { own: '', peer: to.path }
    const options = isTcpAddress(to) ? towards(to, this.#local) : { path: to.path }
    try {
      withHostTicks(() => this.#socket.connect(options))
    } catch (error) {
      return statusOf(error as NodeJS.ErrnoException)
    }
    this.#state = 'connecting'
    this.#connected = done
    this.#socket.once('connect', onConnect)
    return 0
  }

  /** @internal */
  heardConnect(): void {
    if (this.#state !== 'connecting') return
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
    return this.#unconnected()
  }

  peername(): Address | Status {
    if (this.#state !== 'open') return this.#unconnected()
    this.#learnNames()
    return this.#peer ?? UV_ENOTCONN
  }

  // node:net forgets both addresses when it closes the socket, which it does by itself once both sides have ended.
  #learnNames(): void {
    if (this.#peer !== null) return
    const { own, peer } = this.kind === 'pipe' ? pathEnds(this.#paths) : tcpEnds(this.#socket)
    this.#own = own
    this.#peer = peer
  }

  #unconnected(): Status {
    return this.#state === 'closing' || this.#state === 'closed' ? UV_EBADF : UV_ENOTCONN
  }

  readStart(sink: ReadSink): Status {
    if (this.#state !== 'open') return this.#unconnected()
    if (!this.#sides.readable) return UV_ENOTCONN
    this.#sink = sink
    if (this.#reading) return 0
    this.#reading = true
    if (this.#ended || this.#failure < 0) nextTick(tellOver, this)
    else withHostTicks(() => this.#socket.resume())
    return 0
  }

  readStop(): Status {
    if (this.#state !== 'open') return this.#unconnected()
    if (this.#reading) {
      this.#reading = false
      this.#socket.pause()
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
    while (rest.length > 0) {
      const sink = this.#sink
      if (sink === null) return
      if (!this.#reading || sink.into === undefined) {
        this.#socket.unshift(rest)
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
  heardEnd(): void {
    if (this.#ended || this.#state !== 'open') return
    this.#ended = true
    this.#learnNames()
    this.tellOver()
  }

  /** @internal */
  heardError(error: Error): void {
    if (this.#state === 'closing' || this.#state === 'closed') return
    this.#failure = statusOf(error)
    if (this.#state === 'connecting') {
      this.#state = 'new'
      this.#tellConnected(this.#failure)
    } else this.tellOver()
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
    if (socket.writableLength === 0) {
      if (socket.errored === null) return 1
      this.#bytesGiven = givenBefore
      return statusOf(socket.errored)
    }
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
    const status = error ? statusOf(this.#socket.errored ?? error) : 0
    withUsersTicks(() => done?.(status))
  }

  shutdown(done: (status: Status) => void): Status {
    if (this.#state !== 'open') return this.#unconnected()
    if (this.#shut || this.#socket.destroyed || !this.#sides.writable) return UV_ENOTCONN
    this.#shut = true
    this.#shutDown = done
    this.#learnNames()
    withHostTicks(() => this.#socket.end(this.#finished))
    return 0
  }

  readonly #finished = (error?: Error | null): void => {
    if (this.#state !== 'open') return
    const done = this.#shutDown
    this.#shutDown = null
    done?.(error ? statusOf(this.#socket.errored ?? error) : 0)
  }

  setOption(option: StreamOption): Status {
    if (this.#state === 'closing' || this.#state === 'closed') return UV_EBADF
    return this.kind === 'tcp' ? setSocketOption(this.#socket, option) : UV_ENOTSUP
  }

  getOption(_name: 'typeOfService'): number {
    if (this.#state === 'closing' || this.#state === 'closed') return UV_EBADF
    return this.kind === 'tcp' ? typeOfServiceOf(this.#socket) : UV_ENOTSUP
  }

  reset(done: () => void): Status {
    if (this.#state === 'closing' || this.#state === 'closed') return UV_EBADF
    this.#closing.begin(done)
    this.#shutter(this.kind === 'tcp' && this.#state === 'open')
    return 0
  }

  close(done?: () => void): void {
    if (this.#closing.begin(done)) this.#shutter(false)
  }

  sendFile(): number {
    return UV_ENOTSUP
  }

  splice(): Status {
    return UV_ENOTSUP
  }

  release(): number {
    return UV_ENOTSUP
  }

  peerCredentials(): PeerCredentials | Status {
    return UV_ENOTSUP
  }

  peerPidfd(): number {
    return UV_ENOTSUP
  }

  #shutter(reset: boolean): void {
    const socket = this.#socket
    const untouched = this.#state === 'new'
    this.#state = 'closing'
    this.#sink = null
    if (socket.closed || untouched) {
      socket.destroy()
      setImmediate(closed, this)
      return
    }
    socket.once('close', onClose)
    if (!reset || socket.destroyed) socket.destroy()
    else if (this.#shutDown === null) socket.resetAndDestroy()
    // libuv refuses to reset a socket whose end is still on its way out, and node:net then never closes it: the end comes
    // first, which takes a turn, or is given up where bytes wait before it.
    else if (socket.writableLength === 0) socket.once('finish', socket.resetAndDestroy)
    else socket.destroy()
  }

  /** @internal */
  heardClose(): void {
    if (this.#state !== 'closing') return
    this.#state = 'closed'
    const connected = this.#connected
    const shutDown = this.#shutDown
    const queue = this.#queue
    this.#connected = null
    this.#shutDown = null
    this.#queue = []
    const calls: Array<() => void> = []
    if (connected) calls.push(() => connected(UV_ECANCELED))
    for (const done of queue) calls.push(() => done(UV_ECANCELED))
    if (shutDown) calls.push(() => shutDown(UV_ECANCELED))
    callEach(calls)
    this.#closing.finish()
  }

  /** Gives the host's socket away as it is; this stream is closed by it, and nothing is pending. */
  surrender(): Socket {
    const socket = this.#socket
    socket.off('data', onData).off('end', onEnd).off('error', onError)
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

function onConnect(this: OwnedSocket): void {
  this[kOwner]?.heardConnect()
}
function onData(this: OwnedSocket, chunk: Buffer): void {
  this[kOwner]?.heardData(chunk)
}
function onEnd(this: OwnedSocket): void {
  this[kOwner]?.heardEnd()
}
function onError(this: OwnedSocket, error: Error): void {
  this[kOwner]?.heardError(error)
}
function onClose(this: OwnedSocket): void {
  this[kOwner]?.heardClose()
}
function closed(stream: PortableStream): void {
  stream.heardClose()
}
function fillRest(stream: PortableStream, rest: Buffer): void {
  stream.heardData(rest)
}
function tellOver(stream: PortableStream): void {
  stream.tellOver()
}
