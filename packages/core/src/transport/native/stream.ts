// A stream of the native transport: the JavaScript face of a native handle. What the system does is in native/src; this
// keeps the sink, the callbacks and the counters.
import { UV_EBADF, UV_EBUSY, UV_EINVAL, UV_ENOTSOCK, UV_ENOTSUP, UV_EOF } from '../../errors/errno'
import { setImmediate } from '../../host'
import { callEachOrThrow } from '../call-each'
import { Closing } from '../closing'
import type {
  Address,
  BindFlags,
  HandleKind,
  PeerCredentials,
  ReadSink,
  SpliceGate,
  Status,
  StreamHandle,
  StreamOption,
  TcpAddress,
} from '../contract'
import { isTcpAddress } from '../contract'
import { type Addon, type HandleId, placeOf } from './addon'
import type { ReadCopies } from './read-copies'

/** Flags of a bind as the addon wants them. */
export function bindBits(flags: BindFlags | undefined): number {
  return (flags?.ipv6Only ? 1 : 0) | (flags?.reusePort ? 2 : 0) | (flags?.reuseAddress === false ? 4 : 0)
}

/** A pending connect or write: the addon holds it until it has called back, and with it the chunks of a write. */
export class Request {
  readonly done: (status: Status) => void
  readonly chunks: readonly Uint8Array[] | null

  constructor(done: (status: Status) => void, chunks: readonly Uint8Array[] | null = null) {
    this.done = done
    this.chunks = chunks
  }

  finish(status: Status): void {
    this.done(status)
  }
}

/** The streams of a thread that are not closed yet, by their place in the addon's table, which so keeps them alive. */
export type OpenStreams = (NativeStream | undefined)[]

/** What the streams of one kind share in a thread. */
export interface StreamHost {
  readonly kind: HandleKind
  readonly addon: Addon
  /** Of what lands in the scratch. */
  readonly reads: ReadCopies
  readonly streams: OpenStreams
}

/** What few streams ever have. */
class Seldom {
  /** The sink's own buffer for the next read. */
  into: Uint8Array | null = null
  /** Writes that the addon has queued and not called back. */
  queuedWrites = 0
  splicing: SpliceGate | null = null
  /** Bytes were moved from here, or to here, without passing by. */
  isSpliced = false
  /** Options for a socket that `connect` has yet to make; null once there is one. */
  early: StreamOption[] | null = null
}

/** Shared by all streams that have nothing of it. */
const usual: Readonly<Seldom> = new Seldom()

export class NativeStream implements StreamHandle {
  readonly #host: StreamHost
  /** 0 once it closes, and where none could be made. */
  #id: HandleId
  #sink: ReadSink | null = null
  #reading: 'off' | 'on' | 'ended' = 'off'
  #bytesRead = 0
  #bytesGiven = 0
  /** Set by `#keep`. */
  #seldom = usual
  /** Who hears of the end of our side that is under way. */
  #shutDown: ((status: Status) => void) | null = null
  #closing: Closing | null = null

  private constructor(host: StreamHost, id: HandleId) {
    this.#host = host
    this.#id = id
    if (id !== 0) host.streams[placeOf(id)] = this
  }

  /** One that can connect. */
  static unconnected(host: StreamHost): NativeStream {
    const stream = new NativeStream(host, Math.max(0, host.addon.stream(host.kind === 'tcp' ? 0 : 1)))
    stream.#keep({ early: [] })
    return stream
  }

  /** One that was accepted, with the context that the addon has opened for it. */
  static accepted(host: StreamHost, id: HandleId): NativeStream {
    return new NativeStream(host, id)
  }

  /** One of a descriptor that was taken over. */
  static adopted(host: StreamHost, id: HandleId): NativeStream {
    const stream = new NativeStream(host, id)
    host.addon.openContext(id, stream)
    return stream
  }

  get kind(): HandleKind {
    return this.#host.kind
  }

  #keep(values: Partial<Seldom>): Seldom {
    if (this.#seldom === usual) this.#seldom = new Seldom()
    return Object.assign(this.#seldom, values)
  }

  bind(at: TcpAddress, flags?: BindFlags): Status {
    return this.#host.addon.bindStream(this.#id, at.address, at.port, bindBits(flags))
  }

  connect(to: Address, done: (status: Status) => void): Status {
    if (isTcpAddress(to) !== (this.kind === 'tcp')) return UV_EINVAL
    const request = new Request(done)
    const status = isTcpAddress(to)
      ? this.#host.addon.connect(this.#id, request, to.address, to.port)
      : this.#host.addon.connect(this.#id, request, to.path, 0)
    if (status === 0) {
      const { early } = this.#seldom
      if (early !== null) {
        this.#host.addon.openContext(this.#id, this)
        this.#keep({ early: null })
        for (const option of early) this.setOption(option)
      }
    }
    return status
  }

  sockname(): Address | Status {
    return this.#host.addon.name(this.#id, false)
  }

  peername(): Address | Status {
    return this.#host.addon.name(this.#id, true)
  }

  readStart(sink: ReadSink): Status {
    if (this.#id === 0) return UV_EBADF
    this.#sink = sink
    if (this.#reading === 'ended') return 0
    const status = this.#prepareInto(sink)
    if (status < 0 || this.#reading === 'on') return status
    const started = this.#host.addon.readStart(this.#id)
    if (started === 0) this.#reading = 'on'
    return started
  }

  readStop(): Status {
    if (this.#id === 0) return UV_EBADF
    if (this.#reading !== 'on') return 0
    const status = this.#host.addon.readStop(this.#id)
    if (status === 0) this.#reading = 'off'
    return status
  }

  write(chunks: readonly Uint8Array[], done: (status: Status) => void, isLast = false): Status {
    let total = 0
    for (const chunk of chunks) total += chunk.length
    const taken =
      chunks.length === 1
        ? this.#host.addon.tryWrite(this.#id, chunks[0]!, isLast)
        : this.#host.addon.tryWritev(this.#id, chunks)
    if (taken < 0) return taken
    if (taken < total || (total === 0 && this.#seldom.queuedWrites > 0)) {
      const status = this.#queueWrite(chunks, taken, done)
      if (status === 0) this.#bytesGiven += total
      return status
    }
    this.#bytesGiven += total
    return 1
  }

  #queueWrite(chunks: readonly Uint8Array[], skip: number, done: (status: Status) => void): Status {
    const own = this.#keep({})
    const written = (status: Status) => {
      own.queuedWrites--
      done(status)
    }
    const status = this.#host.addon.queueWrite(this.#id, new Request(written, chunks), chunks, skip)
    if (status === 0) own.queuedWrites++
    return status
  }

  hasPeerLeft(): boolean {
    return this.#host.addon.hasPeerLeft(this.#id) === 1
  }

  sendFile(fd: number, offset: number, size: number): number {
    const sent = this.#host.addon.sendFile(this.#id, fd, offset, size)
    if (sent > 0) this.#bytesGiven += sent
    return sent
  }

  shutdown(done: (status: Status) => void): Status {
    const status = this.#host.addon.shutdown(this.#id)
    if (status === 0) this.#shutDown = done
    return status
  }

  reset(done: () => void): Status {
    if (this.#id === 0) return UV_EBADF
    this.#settleCounters()
    const status = this.#host.addon.reset(this.#id, true)
    if (status === 0) {
      this.#startClosing(done)
      this.#forget()
    }
    return status
  }

  setOption(option: StreamOption): Status {
    const id = this.#id
    // Before connect there is no socket to set it on.
    const { early } = this.#seldom
    if (id !== 0 && this.kind === 'tcp' && early !== null) {
      early.push(option)
      return 0
    }
    switch (option.name) {
      case 'noDelay':
        return this.#host.addon.noDelay(id, option.enable)
      case 'keepAlive':
        return this.#host.addon.keepAlive(
          id,
          option.enable,
          option.delaySeconds,
          option.intervalSeconds,
          option.count,
        )
      case 'typeOfService':
        return option.value < 0 ? UV_EINVAL : this.#host.addon.typeOfService(id, option.value)
      default:
        return UV_ENOTSUP
    }
  }

  getOption(_name: 'typeOfService'): number {
    return this.#host.addon.typeOfService(this.#id, -1)
  }

  peerCredentials(): PeerCredentials | Status {
    const answer = this.#host.addon.credentials(this.#id)
    return typeof answer === 'number' ? answer : { pid: answer[0], uid: answer[1], gid: answer[2] }
  }

  peerPidfd(): number {
    return this.#host.addon.peerPidfd(this.#id)
  }

  close(done?: () => void): void {
    if (this.#closing !== null) return void this.#closing.begin(done)
    const closing = this.#startClosing(done)
    // There is no handle where none could be made.
    if (this.#id === 0) return void setImmediate(() => closing.finish())
    this.#settleCounters()
    const id = this.#id
    // The addon allows no call while it asks a gate: a getter of the program's has run there.
    if (this.#host.addon.close(id, true) === UV_EBUSY) setImmediate(() => this.#host.addon.close(id, true))
    this.#forget()
  }

  #startClosing(done?: () => void): Closing {
    const closing = new Closing()
    closing.begin(done)
    this.#closing = closing
    return closing
  }

  release(): number {
    if (this.writeQueueSize > 0) return UV_EBUSY
    const fd = this.#host.addon.duplicate(this.fd)
    if (fd >= 0) this.close()
    return fd
  }

  ref(): void {
    this.#host.addon.setRef(this.#id, true)
  }

  unref(): void {
    this.#host.addon.setRef(this.#id, false)
  }

  /** None: the host's `net` has no part in it. */
  get hostHandle(): null {
    return null
  }

  get bytesRead(): number {
    return this.#seldom.isSpliced
      ? this.#bytesRead + this.#host.addon.spliced!(this.#id, false)
      : this.#bytesRead
  }

  get bytesWritten(): number {
    const spliced = this.#seldom.isSpliced ? this.#host.addon.spliced!(this.#id, true) : 0
    return this.#bytesGiven - this.writeQueueSize + spliced
  }

  get writeQueueSize(): number {
    return this.#seldom.queuedWrites === 0 || this.#id === 0 ? 0 : this.#host.addon.writeQueueSize(this.#id)
  }

  get fd(): number {
    return this.#host.addon.fd(this.#id)
  }

  /** The addon's id, 0 once closed; for the transport alone. */
  get id(): HandleId {
    return this.#id
  }

  splice(to: StreamHandle, gate: SpliceGate): Status {
    if (this.#host.addon.splice === undefined || !(to instanceof NativeStream)) return UV_ENOTSUP
    const status = this.#host.addon.splice(this.#id, to.#id)
    if (status < 0) return status
    this.#keep({ splicing: gate, isSpliced: true })
    to.#keep({ isSpliced: true })
    return status
  }

  /** Of the addon: bytes are here. 1: moves them. 0: reads them. -1: reads them, and asks no more. */
  heardArrival(): number {
    const answer = this.#seldom.splicing?.mayMove() ?? null
    if (answer === null) this.#forgetGate()
    return answer === null ? -1 : Number(answer)
  }

  /** Of the addon: `size` bytes are in the scratch or the sink's own buffer, or reading has ended with a status. */
  heardRead(size: number): void {
    const sink = this.#sink
    if (sink === null || !this.#isReading()) return
    if (size < 0) {
      this.#reading = 'ended'
      if (size === UV_EOF) sink.onEnd()
      else sink.onError(size)
      return
    }
    this.#bytesRead += size
    const { into } = this.#seldom
    if (into !== null) {
      sink.onData(Buffer.from(into.buffer, into.byteOffset, size))
      if (this.#isReading() && this.#sink?.into) this.#prepareInto(this.#sink)
      return
    }
    sink.onData(this.#host.reads.take(size))
  }

  /** Of the addon: a large read, in memory that is the receiver's from here on. */
  heardArena(chunk: Buffer): void {
    if (this.#sink === null || !this.#isReading()) return
    this.#bytesRead += chunk.length
    this.#sink.onData(chunk)
  }

  /** Of the addon: our side has ended, or could not. */
  heardShutdown(status: Status): void {
    const done = this.#shutDown
    this.#shutDown = null
    // The end of a pipe goes with its descriptor: there is no socket to shut, and nothing more to wait for.
    done?.(status === UV_ENOTSOCK ? 0 : status)
  }

  /** Of the addon: the handle has closed. */
  heardClosed(): void {
    this.#closing?.finish(callEachOrThrow)
  }

  #prepareInto(sink: ReadSink): Status {
    const into = sink.into ? sink.into() : null
    if (into === this.#seldom.into) return 0
    const status = this.#host.addon.readInto(this.#id, into)
    if (status === 0) this.#keep({ into })
    return status
  }

  /** What the system has taken by now is what it will have taken: the rest is cancelled. */
  #settleCounters(): void {
    this.#bytesRead = this.bytesRead
    this.#bytesGiven = this.bytesWritten
    if (this.#seldom.isSpliced) this.#keep({ isSpliced: false })
  }

  #forgetGate(): void {
    if (this.#seldom.splicing !== null) this.#keep({ splicing: null })
  }

  // Asked anew after a listener has run.
  #isReading(): boolean {
    return this.#reading === 'on'
  }

  #forget(): void {
    this.#id = 0
    if (this.#reading === 'on') this.#reading = 'off'
    this.#sink = null
    this.#forgetGate()
  }
}
