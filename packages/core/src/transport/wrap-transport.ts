// A transport, stream or listener that is like another, but for what it overrides: what every decorator stands on. It
// forwards all members of the contract and decides nothing.
import { UV_ENOTSUP } from '../errors/errno'
import type {
  AcceptSink,
  Address,
  BindFlags,
  HandleKind,
  ListenerHandle,
  PeerCredentials,
  ReadSink,
  SpliceGate,
  Status,
  StreamHandle,
  StreamOption,
  TcpAddress,
  Transport,
} from './contract'

/** A stream that forwards all to another; a decorator extends it, and overrides what it changes. */
export class StreamWrapper implements StreamHandle {
  protected readonly inner: StreamHandle

  constructor(inner: StreamHandle) {
    this.inner = inner
  }

  get kind(): HandleKind {
    return this.inner.kind
  }
  get fd(): number {
    return this.inner.fd
  }
  get bytesRead(): number {
    return this.inner.bytesRead
  }
  get bytesWritten(): number {
    return this.inner.bytesWritten
  }
  get writeQueueSize(): number {
    return this.inner.writeQueueSize
  }
  bind(at: TcpAddress, flags?: BindFlags): Status {
    return this.inner.bind(at, flags)
  }
  connect(to: Address, done: (status: Status) => void): Status {
    return this.inner.connect(to, done)
  }
  sockname(): Address | Status {
    return this.inner.sockname()
  }
  peername(): Address | Status {
    return this.inner.peername()
  }
  readStart(sink: ReadSink): Status {
    return this.inner.readStart(sink)
  }
  readStop(): Status {
    return this.inner.readStop()
  }
  write(chunks: readonly Uint8Array[], done: (status: Status) => void): Status {
    return this.inner.write(chunks, done)
  }
  /** What a decorator may look at does not pass it by. */
  sendFile(_fd: number, _offset: number, _size: number): number {
    return UV_ENOTSUP
  }
  splice(_to: StreamHandle, _gate: SpliceGate): Status {
    return UV_ENOTSUP
  }
  shutdown(done: (status: Status) => void): Status {
    return this.inner.shutdown(done)
  }
  reset(done: () => void): Status {
    return this.inner.reset(done)
  }
  setOption(option: StreamOption): Status {
    return this.inner.setOption(option)
  }
  getOption(name: 'typeOfService'): number {
    return this.inner.getOption(name)
  }
  close(done?: () => void): void {
    this.inner.close(done)
  }
  ref(): void {
    this.inner.ref()
  }
  unref(): void {
    this.inner.unref()
  }
  release(): number {
    return this.inner.release()
  }
  /** None: what goes by it would pass the decorator by. */
  get hostHandle(): null {
    return null
  }
  hasPeerLeft(): boolean {
    return this.inner.hasPeerLeft()
  }
  peerCredentials(): PeerCredentials | Status {
    return this.inner.peerCredentials()
  }
  peerPidfd(): number {
    return this.inner.peerPidfd()
  }
}

/** Wraps a stream that was accepted. */
export type WrapAccepted = (stream: StreamHandle) => StreamHandle

/** A listener that forwards all to another; a decorator extends it, and overrides what it changes. */
export class ListenerWrapper implements ListenerHandle {
  protected readonly inner: ListenerHandle
  /** What accepted streams pass through, as `wrapTransport` brings it. */
  protected readonly wrapAccepted: WrapAccepted

  constructor(inner: ListenerHandle, wrapAccepted: WrapAccepted = stream => stream) {
    this.inner = inner
    this.wrapAccepted = wrapAccepted
  }

  get kind(): HandleKind {
    return this.inner.kind
  }
  get fd(): number {
    return this.inner.fd
  }
  bind(at: Address, flags?: BindFlags): Status {
    return this.inner.bind(at, flags)
  }
  listen(backlog: number, accept: AcceptSink, done: (status: Status) => void): Status {
    const wrapped: AcceptSink = (status, stream) => accept(status, stream && this.wrapAccepted(stream))
    return this.inner.listen(backlog, wrapped, done)
  }
  listenDescriptors(
    backlog: number,
    accept: (status: Status, fds: readonly number[]) => void,
    done: (status: Status) => void,
  ): Status {
    return this.inner.listenDescriptors(backlog, accept, done)
  }
  pause(): Status {
    return this.inner.pause()
  }
  resume(): Status {
    return this.inner.resume()
  }
  sockname(): Address | Status {
    return this.inner.sockname()
  }
  close(done?: () => void): void {
    this.inner.close(done)
  }
  release(): number {
    return this.inner.release()
  }
  ref(): void {
    this.inner.ref()
  }
  unref(): void {
    this.inner.unref()
  }
}

/** How a stream came to be. */
export type StreamOrigin = 'made' | 'accepted' | 'adopted'

/** What a wrapped transport does in its own way; what is left out is the inner transport's. */
export interface TransportOverrides extends Partial<Transport> {
  /** Puts a decorator in front of a stream, whatever its origin. */
  wrapStream?(inner: StreamHandle, origin: StreamOrigin): StreamHandle
  /**
   * Puts a decorator in front of a listener, whether it was made or adopted. The decorator passes each stream that it
   * hands on through `wrapAccepted`. Left out: each goes through it as it is accepted.
   */
  wrapListener?(inner: ListenerHandle, wrapAccepted: WrapAccepted): ListenerHandle
}

/**
 * A transport like `inner`, but for the overrides. All members of the contract are there and forwarded. An own `stream`,
 * `listener` or `adopt` makes handles that are not wrapped any further. A function in place of `inner` is asked at each
 * call which transport that is.
 */
export function wrapTransport(
  inner: Transport | (() => Transport),
  overrides: TransportOverrides = {},
): Transport {
  const current = typeof inner === 'function' ? inner : () => inner
  const { wrapStream, wrapListener, ...own } = ownDescriptors(overrides)
  const wrappedStream = (stream: StreamHandle, origin: StreamOrigin): StreamHandle =>
    wrapStream ? overrides.wrapStream!(stream, origin) : stream
  const wrapAccepted: WrapAccepted = stream => wrappedStream(stream, 'accepted')
  const wrappedListener = (listener: ListenerHandle): ListenerHandle => {
    if (wrapListener) return overrides.wrapListener!(listener, wrapAccepted)
    return wrapStream ? new ListenerWrapper(listener, wrapAccepted) : listener
  }
  const adopt = (fd: number, as: 'listener' | 'stream', kind?: HandleKind) => {
    const handle = as === 'listener' ? current().adopt(fd, as) : current().adopt(fd, as, kind)
    if (typeof handle === 'number') return handle
    return as === 'listener'
      ? wrappedListener(handle as ListenerHandle)
      : wrappedStream(handle as StreamHandle, 'adopted')
  }
  const transport: Transport = {
    get name() {
      return current().name
    },
    supports: feature => current().supports(feature),
    listener: kind => wrappedListener(current().listener(kind)),
    stream: kind => wrappedStream(current().stream(kind), 'made'),
    adopt: adopt as Transport['adopt'],
    get descriptors() {
      return current().descriptors
    },
    get lookup() {
      return current().lookup
    },
    get clock() {
      return current().clock
    },
  }
  return Object.defineProperties(transport, own)
}

/** A stream like `inner`, but for the overrides. */
export function wrapStream(inner: StreamHandle, overrides: Partial<StreamHandle>): StreamHandle {
  return Object.defineProperties(new StreamWrapper(inner), ownDescriptors(overrides))
}

/** A listener like `inner`, but for the overrides; the streams that it accepts are as `inner` makes them. */
export function wrapListener(inner: ListenerHandle, overrides: Partial<ListenerHandle>): ListenerHandle {
  return Object.defineProperties(new ListenerWrapper(inner), ownDescriptors(overrides))
}

/** The members of an object of overrides, getters as getters; one that is undefined overrides nothing. */
function ownDescriptors(overrides: object): PropertyDescriptorMap {
  const descriptors: PropertyDescriptorMap = {}
  for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(overrides))) {
    if (descriptor.get || descriptor.value !== undefined) {
      descriptors[name] = { ...descriptor, enumerable: true, configurable: true }
    }
  }
  return descriptors
}
