// A listener of the native transport: the JavaScript face of a native handle. The accept loop is in native/src/listener.c.
import path from 'node:path'
import { UV_EINVAL } from '../../errors/errno'
import { setImmediate } from '../../host'
import { Closing } from '../closing'
import type {
  AcceptSink,
  Address,
  BindFlags,
  HandleKind,
  ListenerHandle,
  Status,
  StreamHandle,
} from '../contract'
import { isTcpAddress } from '../contract'
import type { Addon, HandleId } from './addon'
import type { DescriptorSlots } from './descriptor-slots'
import { bindBits } from './stream'

/** The system takes far less, and a number that it can read. */
const MOST_BACKLOG = 0x7fffffff

export class NativeListener implements ListenerHandle {
  readonly kind: HandleKind
  readonly #addon: Addon
  readonly #slots: DescriptorSlots
  readonly #wrap: (kind: HandleKind, id: HandleId) => StreamHandle
  #id: HandleId
  #accept: AcceptSink | null = null
  #acceptBare: ((status: Status, fds: readonly number[]) => void) | null = null
  readonly #closing = new Closing()

  constructor(
    addon: Addon,
    slots: DescriptorSlots,
    kind: HandleKind,
    wrap: (kind: HandleKind, id: HandleId) => StreamHandle,
  ) {
    this.kind = kind
    this.#addon = addon
    this.#slots = slots
    this.#wrap = wrap
    this.#id = Math.max(0, addon.listener(kind === 'tcp' ? 0 : 1, this))
  }

  bind(at: Address, flags?: BindFlags): Status {
    if (isTcpAddress(at) !== (this.kind === 'tcp')) return UV_EINVAL
    if (isTcpAddress(at)) return this.#addon.bindListener(this.#id, at.address, at.port, bindBits(flags))
    // The working directory may change before the file is removed.
    const absolute = at.path.startsWith('\0') ? at.path : path.resolve(at.path)
    return this.#addon.bindPath(this.#id, at.path, flags?.mode ?? -1, absolute)
  }

  /** Takes over a bound or listening descriptor; it stays the caller's where the answer is negative. */
  take(fd: number): Status {
    return this.#addon.takeListener(this.#id, fd)
  }

  listen(backlog: number, accept: AcceptSink, _done: (status: Status) => void): Status {
    const status = this.#addon.listen(this.#id, Math.min(backlog, MOST_BACKLOG), false)
    if (status < 0) return status
    this.#accept = accept
    return 1
  }

  listenDescriptors(
    backlog: number,
    accept: (status: Status, fds: readonly number[]) => void,
    _done: (status: Status) => void,
  ): Status {
    const status = this.#addon.listen(this.#id, Math.min(backlog, MOST_BACKLOG), true)
    if (status < 0) return status
    this.#acceptBare = accept
    return 1
  }

  pause(): Status {
    return this.#addon.setPaused(this.#id, true)
  }

  resume(): Status {
    return this.#addon.setPaused(this.#id, false)
  }

  sockname(): Address | Status {
    return this.#addon.name(this.#id, false)
  }

  close(done?: () => void): void {
    if (!this.#closing.begin(done)) return
    // There is no handle where none could be made.
    if (this.#id === 0) setImmediate(() => this.#closing.finish())
    else this.#addon.close(this.#id, true)
    this.#id = 0
    this.#accept = null
    this.#acceptBare = null
  }

  release(): number {
    const fd = this.#addon.duplicate(this.fd)
    if (fd < 0) return fd
    this.#addon.keepPath(this.#id)
    this.close()
    return fd
  }

  ref(): void {
    this.#addon.setRef(this.#id, true)
  }

  unref(): void {
    this.#addon.setRef(this.#id, false)
  }

  get fd(): number {
    return this.#addon.fd(this.#id)
  }

  /** Of the addon: makes the object of a connection that it tells next. */
  makeStream(id: HandleId): StreamHandle {
    return this.#wrap(this.kind, id)
  }

  /** Of the addon: a connection, or why there is none now. */
  onAccept(status: Status, stream: StreamHandle | null): void {
    const accept = this.#accept
    if (accept !== null) accept(status, stream)
    else stream?.close()
  }

  /** Of the addon: accepted descriptors, or why there are none now. */
  onDescriptors(status: Status): void {
    const fds = this.#slots.told()
    if (this.#acceptBare === null) this.#slots.close(fds)
    else this.#acceptBare(status, fds)
  }

  /** Of the addon: the handle has closed. */
  onClosed(): void {
    this.#closing.finish()
  }
}
