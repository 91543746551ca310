// One end of a virtual connection: its states, and how the two ends tell each other of bytes, ends and resets.
// It knows lanes and its stack; it knows neither time nor topology.
import { AsyncResource } from 'node:async_hooks'
import { Closing } from '@x/core/internal'
import {
  type Address,
  errno,
  type HandleKind,
  isTcpAddress,
  type PeerCredentials,
  type ReadSink,
  type Status,
  type StreamHandle,
  type StreamOption,
  type TcpAddress,
} from '@x/core/transport'
import { ConnectRequest } from './connect-request'
import { type Calls, ERR, HUP, IN, OUT, type Pollable, type Watcher } from './event-loop'
import type { Lane, LaneEnd, Segment } from './fabric'
import { Incoming } from './incoming'
import { Outgoing } from './outgoing'
import type { PortClaim } from './ports'
import type { Stack } from './stack'
import { StreamOptions } from './stream-options'
import { WithoutDescriptor } from './without-descriptor'

/** `answering`: a server's end whose answer the client has not confirmed yet. */
type State = 'idle' | 'connecting' | 'answering' | 'open' | 'closed'

/** A stream of a stack. Made by `Stack.stream`, or by a listener for an accepted connection. */
export class VirtualStream extends WithoutDescriptor implements StreamHandle, LaneEnd, Pollable {
  readonly kind: HandleKind
  readonly #stack: Stack
  readonly #incoming: Incoming
  readonly #outgoing: Outgoing
  readonly #options: StreamOptions
  #state: State = 'idle'
  #local: Address | null = null
  #remote: Address | null = null
  #claim: PortClaim | null = null
  #peer: VirtualStream | null = null
  /** To the peer, and from it. */
  #lane: Lane | null = null
  #inward: Lane | null = null
  #confirmed: () => void = () => {}
  #dropped: () => void = () => {}
  readonly #connecting: ConnectRequest
  readonly #watcher: Watcher
  /** The peer has ended its side, whether that was read or not. */
  #hasEnd = false
  /** The connection was reset or given up; of a local one the peer has closed. */
  #isGone = false
  /** What has ended the connection, until a read or write has told it (SO_ERROR of socket(7)). */
  #failure: Status = 0
  #isReferenced = true
  #isHolding = false
  #context: AsyncResource | null
  readonly #closing = new Closing(job => this.#stack.closed(this.#context, [job]))

  /** `context`: whose doing an accepted stream is; a stream that connects brings its own. */
  constructor(kind: HandleKind, stack: Stack, context: AsyncResource | null = null) {
    super()
    this.kind = kind
    this.#options = new StreamOptions(kind)
    this.#stack = stack
    this.#context = context
    const onChange = () => this.#refresh()
    this.#watcher = stack.watcher(this)
    const watcher = this.#watcher
    this.#connecting = new ConnectRequest(kind, onChange)
    this.#incoming = new Incoming({
      watch: isReading => (isReading ? watcher.start(IN) : watcher.stop(IN)),
      arrived: () => watcher.wake(IN),
      consumed: () => this.#inward?.consumed(),
      finished: onChange,
      outcome: () => this.#readOutcome(),
    })
    this.#outgoing = new Outgoing({
      watch: isWaiting => (isWaiting ? watcher.start(OUT) : watcher.stop(OUT)),
      feed: () => watcher.feed(),
      room: () => this.#room(),
      segmentBytes: () => this.#lane?.segmentBytes ?? 0,
      emit: bytes => this.#emit(bytes),
      emitEnd: () => this.#emitEnd(),
      onChange,
      refusal: () => this.#writeRefusal(),
    })
    stack.register(this)
  }

  get hostHandle(): null {
    return null
  }

  get bytesRead(): number {
    return this.#incoming.bytesRead
  }
  get bytesWritten(): number {
    return this.#outgoing.bytesWritten
  }
  get writeQueueSize(): number {
    return this.#outgoing.queued
  }

  bind(at: TcpAddress): Status {
    if (this.#state === 'closed') return errno('EBADF')
    if (this.kind !== 'tcp' || this.#state !== 'idle' || this.#claim) return errno('EINVAL')
    const claim = this.#stack.claim(at, { reuseAddress: true })
    if (typeof claim === 'number') return claim
    this.#claim = claim
    this.#local = claim.at
    return 0
  }

  connect(to: Address, done: (status: Status) => void): Status {
    if (this.#state === 'closed') return errno('EBADF')
    if (this.#state === 'connecting') return errno('EALREADY')
    if (this.#state === 'open') {
      const status = this.#connecting.repeat(done)
      if (status === 0) this.#watcher.start(OUT)
      return status
    }
    if (isTcpAddress(to) !== (this.kind === 'tcp')) return errno('EINVAL')
    this.#state = 'connecting'
    this.#context ??= new AsyncResource('X_VIRTUAL_STREAM', { requireManualDestroy: true })
    this.#connecting.begin(done)
    const status = isTcpAddress(to)
      ? this.#stack.dialTcp(this, to, this.#claim?.at ?? null)
      : this.#stack.dialPath(this, to.path)
    if (status < 0) {
      this.#state = 'idle'
      this.#connecting.forget()
      return status
    }
    this.#watcher.start(OUT)
    return 0
  }

  sockname(): Address | Status {
    if (this.#state === 'closed') return errno('EBADF')
    return this.#local ?? (this.#state === 'idle' ? errno('EBADF') : errno('ENOTCONN'))
  }

  peername(): Address | Status {
    if (this.#state === 'closed') return errno('EBADF')
    return this.#remote && this.#isConnected() && !(this.#isGone && this.kind === 'tcp')
      ? this.#remote
      : errno('ENOTCONN')
  }

  readStart(sink: ReadSink): Status {
    if (this.#state === 'closed') return errno('EBADF')
    if (!this.#isConnected()) return errno('ENOTCONN')
    this.#incoming.start(sink)
    this.#refresh()
    return 0
  }

  readStop(): Status {
    if (this.#state === 'closed') return errno('EBADF')
    this.#incoming.stop()
    this.#refresh()
    return 0
  }

  write(chunks: readonly Uint8Array[], done: (status: Status) => void): Status {
    if (this.#state === 'closed') return errno('EBADF')
    if (!this.#isConnected()) return errno('ENOTCONN')
    return this.#outgoing.write(chunks, done)
  }

  shutdown(done: (status: Status) => void): Status {
    if (this.#state === 'closed') return errno('EBADF')
    if (!this.#isConnected()) return errno('ENOTCONN')
    this.#connecting.refuseRepeat()
    return this.#outgoing.shutdown(done)
  }

  reset(done: () => void): Status {
    if (this.#state === 'closed') return errno('EBADF')
    this.#close(done, this.kind === 'tcp')
    return 0
  }

  close(done?: () => void): void {
    this.#close(done, false)
  }

  setOption(option: StreamOption): Status {
    if (this.#state === 'closed') return errno('EBADF')
    const status = this.#options.set(option)
    if (option.name === 'keepAlive' && this.#state === 'open') this.#lane?.keepAlive(this.#options.keepAlive)
    return status
  }

  getOption(_name: 'typeOfService'): number {
    if (this.#state === 'closed') return errno('EBADF')
    return this.#options.typeOfService
  }

  /** Both ends of a virtual connection live in this process. */
  peerCredentials(): PeerCredentials | Status {
    if (!this.#isConnected()) return errno('ENOTCONN')
    if (this.kind !== 'pipe') return errno('ENOTSUP')
    return { pid: process.pid, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
  }

  hasPeerLeft(): boolean {
    return this.#isConnected() && (this.#hasEnd || this.#isGone)
  }

  ref(): void {
    this.#isReferenced = true
    this.#refresh()
  }

  unref(): void {
    this.#isReferenced = false
    this.#refresh()
  }

  // What follows is for the loop.

  get context(): AsyncResource | null {
    return this.#context
  }

  /** As tcp_poll and unix_poll of Linux have it. */
  readiness(): number {
    if (this.#connecting.isPending) return this.#connecting.outcome === null ? 0 : OUT
    if (this.#state !== 'open') return 0
    const isReadShut = this.#hasEnd || this.#isGone
    const isWriteShut = this.#outgoing.ended || this.#isGone
    const isReadable = isReadShut || this.#incoming.unread > 0
    return (
      (isReadable ? IN : 0) |
      (isWriteShut || this.#room() > 0 ? OUT : 0) |
      (isReadShut && isWriteShut ? HUP : 0) |
      (this.#failure !== 0 ? ERR : 0)
    )
  }

  /** As uv__stream_io of libuv has it: reads, then the end that the poll told of, then writes and the end of our side. */
  *handle(events: number): Calls {
    if (this.#connecting.isPending) {
      // What has happened to the connection by now is told by connect (SO_ERROR).
      if (this.#connecting.outcome === 0 && this.#failure !== 0) this.#connecting.settle(this.#takeFailure())
      const isMade = this.#connecting.outcome === 0
      const call = this.#connecting.answer(() => {
        if (!isMade && this.#state !== 'closed') this.#state = 'idle'
      })
      if (call === null) return
      this.#watcher.stop(OUT)
      yield call
      return
    }
    if ((events & (IN | ERR | HUP)) !== 0) yield* this.#incoming.read()
    if ((events & HUP) !== 0) yield* this.#incoming.hangUp()
    if (this.#state === 'open' && (events & (OUT | ERR | HUP)) !== 0) yield* this.#outgoing.flow()
  }

  // What follows is for the stack, the listener and the other end.

  /** This end of a connection from one address to another stands here, or is being made. */
  isBetween(local: TcpAddress, remote: TcpAddress): boolean {
    const isAt = (at: Address | null, wanted: TcpAddress) =>
      at !== null && isTcpAddress(at) && at.address === wanted.address && at.port === wanted.port
    const isOpen = this.#state === 'connecting' || this.#state === 'open'
    return isOpen && isAt(this.#local, local) && isAt(this.#remote, remote)
  }

  /** Bytes that have arrived and were not read. */
  get unread(): number {
    return this.#incoming.unread
  }

  /** Names the ends and the ways to and from the peer; a stack does this before the first segment. */
  route(local: Address, remote: Address, lane: Lane, inward: Lane): void {
    this.#local = local
    this.#remote = remote
    this.#lane = lane
    this.#inward = inward
  }

  /** Has the port until it is closed. */
  hold(claim: PortClaim): void {
    this.#claim = claim
  }

  /**
   * A server's end answers. Once the client is known to have heard, `confirmed` is called; where it never confirms, or
   * resets, `dropped` is.
   */
  answer(peer: VirtualStream, confirmed: () => void, dropped: () => void): void {
    this.#peer = peer
    this.#state = 'answering'
    this.#confirmed = () => {
      if (this.#state !== 'answering') return
      this.join(peer)
      confirmed()
    }
    this.#dropped = dropped
    this.#lane?.send({ kind: 'syn-ack', payload: null })
  }

  /** The two ends know each other; this one may send. */
  join(peer: VirtualStream): void {
    this.#peer = peer
    this.#state = 'open'
    const { keepAlive } = this.#options
    if (keepAlive) this.#lane?.keepAlive(keepAlive)
    this.#outgoing.open()
  }

  /** The server's answer is here. */
  established(server: VirtualStream): void {
    if (this.#state === 'connecting') {
      this.join(server)
      this.#connecting.settle(0)
      this.#watcher.wake()
    } else this.#lane?.reset()
  }

  refused(status: Status): void {
    if (this.#state !== 'connecting') return
    this.#lane?.abandon()
    this.#connecting.settle(status)
    // A local connection is refused in the call, and a TCP one by an answer.
    if (this.kind === 'pipe') this.#watcher.feed()
    else this.#watcher.wake()
  }

  /** The network gave up carrying what this end sends. */
  lost(status: Status): void {
    if (this.#state === 'connecting') this.refused(status)
    else if (this.#state === 'answering') this.#drop()
    else if (this.#state === 'open') this.#break(status)
  }

  arrive({ kind, payload }: Segment): boolean {
    if (payload) {
      if (this.#state === 'closed') this.#answerReset()
      else this.#incoming.push(payload)
    } else if (kind === 'fin' || kind === 'close') this.#arriveEnd(kind === 'close')
    return true
  }

  acknowledged({ kind }: Segment): void {
    if (kind === 'syn-ack') this.#confirmed()
  }

  hasRoom(): void {
    this.#watcher.wake(OUT)
  }

  arriveReset(): void {
    if (this.#state === 'connecting') this.refused(errno('ECONNREFUSED'))
    else if (this.#state === 'answering') this.#drop()
    else if (this.#state === 'open') this.#break(errno('ECONNRESET'))
    else this.#lane?.abandon()
  }

  /** Host power was lost: no word to anybody. */
  vanish(): void {
    if (this.#closing.begin()) this.#closing.finish()
    this.#state = 'closed'
    this.#connecting.forget()
    this.#lane?.abandon()
    this.#watcher.close()
    this.#incoming.discard()
    this.#outgoing.cancel()
    this.#refresh()
  }

  #isConnected(): boolean {
    return this.#state === 'open' && !this.#connecting.isPending
  }

  /** A connection that never stood. */
  #drop(): void {
    this.vanish()
    this.#stack.unregister(this)
    this.#dropped()
  }

  #break(status: Status): void {
    this.#lane?.abandon()
    this.#isGone = true
    // After a FIN a reset shows at the writer's side only (tcp(7), RFC 9293 3.10.7.4).
    this.#failure = this.#hasEnd && this.kind === 'tcp' ? errno('EPIPE') : status
    this.#watcher.wake()
  }

  /** recv(2) with nothing left to read. After a FIN TCP tells of no failure, and a local socket does. */
  #readOutcome(): Status | null {
    if (this.#hasEnd && this.kind === 'tcp') return 0
    return this.#takeFailure() || (this.#hasEnd || this.#isGone ? 0 : null)
  }

  /** send(2): a local socket leaves the failure to the reader. */
  #writeRefusal(): Status {
    if (!this.#isGone) return 0
    return (this.kind === 'tcp' && this.#takeFailure()) || errno('EPIPE')
  }

  #takeFailure(): Status {
    const failure = this.#failure
    this.#failure = 0
    return failure
  }

  #room(): number {
    return this.#peer ? (this.#lane?.room() ?? 0) : 0
  }

  #emit(bytes: Buffer): void {
    if (this.#peer) this.#lane?.send({ kind: 'data', payload: bytes })
  }

  /** shutdown(2), which wakes who polls our end, too. */
  #emitEnd(): Status {
    if (!this.#isGone) this.#lane?.send({ kind: 'fin', payload: null })
    else if (this.kind === 'tcp') return errno('ENOTCONN')
    this.#watcher.wake()
    return 0
  }

  #answerReset(): void {
    if (this.#peer) this.#lane?.reset()
  }

  /** `isGone`: the peer is closed, not only ended; a local connection notices that at once. */
  #arriveEnd(isGone: boolean): void {
    if (this.#state === 'closed') return
    this.#hasEnd = true
    this.#isGone ||= isGone
    this.#watcher.wake()
  }

  #close(done: (() => void) | undefined, hard: boolean): void {
    if (!this.#closing.begin(done)) return
    const before = this.#state
    this.#state = 'closed'
    // A close that leaves bytes unread is a reset (RFC 2525 2.17; Linux does it for local sockets too).
    const peer = this.#peer
    if (before === 'open' && peer) {
      if (hard || this.#incoming.unread > 0) this.#answerReset()
      else if (this.kind === 'pipe') this.#lane?.send({ kind: 'close', payload: null })
      else if (!this.#outgoing.ended) this.#lane?.send({ kind: 'fin', payload: null })
    } else if (before === 'answering') this.#answerReset()
    else if (before === 'connecting') this.#lane?.abandon()
    this.#watcher.close()
    this.#incoming.discard()
    const calls = [...this.#connecting.cancel(), ...this.#outgoing.cancel(), () => this.#closing.finish()]
    this.#claim?.release()
    this.#stack.unregister(this)
    this.#refresh()
    this.#stack.closed(this.#context, calls)
  }

  #refresh(): void {
    const isBusy =
      this.#state !== 'closed' &&
      (this.#connecting.isPending || this.#outgoing.isPending || this.#incoming.isReading)
    const holds = isBusy && this.#isReferenced
    if (holds === this.#isHolding) return
    this.#isHolding = holds
    this.#stack.hold(holds ? 1 : -1)
  }
}
