// A listener on a path with what a local server wants of it: mode and owner before the first connection, peers that are
// checked before they are seen, and a close that removes its own file alone. It takes no lock and clears nothing away.
import { chmodSync, lchownSync } from 'node:fs'
import {
  type AcceptSink,
  type Address,
  type BindFlags,
  errno,
  isTcpAddress,
  type ListenerHandle,
  ListenerWrapper,
  type Status,
  type Transport,
  UV_EINVAL,
  UV_ENOTSUP,
  type WrapAccepted,
  wrapTransport,
} from '@x/core/transport'
import type { FileIdentity } from './occupant'
import { closeSparing, disownFile, ownFile, removeOwnFile } from './own-files'
import { WaitingRoom, type WaitingRoomOptions } from './waiting-room'

export interface LocalListenerOptions {
  /** Owner of the socket file; undefined leaves what the system gives it. */
  readonly uid: number | undefined
  readonly gid: number | undefined
  /** How peers are checked before anybody sees their connections. Null lets everybody in. */
  readonly checking: Omit<WaitingRoomOptions, 'full'> | null
}

const OWNER_ONLY = 0o600

export class LocalListener extends ListenerWrapper {
  /** It is bound by `bind`, not by `listen`. */
  readonly #isEager: boolean
  readonly #options: LocalListenerOptions
  /** The path of a socket file; null for an abstract name. */
  #path: string | null = null
  #mode: number | undefined
  #identity: FileIdentity | null = null
  readonly #waitingRoom: WaitingRoom | null
  /** Why accepting is stopped. */
  readonly #pauses = new Set<'server' | 'waiting room'>()

  constructor(
    inner: ListenerHandle,
    wrapAccepted: WrapAccepted,
    isEager: boolean,
    options: LocalListenerOptions,
  ) {
    super(inner, wrapAccepted)
    this.#isEager = isEager
    this.#options = options
    const { checking } = options
    const full = (isFull: boolean) => void this.#pause('waiting room', isFull)
    this.#waitingRoom = checking === null ? null : new WaitingRoom({ ...checking, full })
  }

  override bind(at: Address, flags: BindFlags = {}): Status {
    if (isTcpAddress(at)) return UV_EINVAL
    const isFile = !at.path.startsWith('\0') && process.platform !== 'win32'
    if (!isFile) return this.inner.bind(at, flags)
    this.#path = at.path
    this.#mode = flags.mode
    // Where binding and listening are one, nobody else may connect until the owner is right.
    const mode = this.#hasOwner() && !this.#isEager ? (flags.mode ?? 0o777) & OWNER_ONLY : flags.mode
    const status = this.inner.bind(at, { ...flags, ...(mode !== undefined && { mode }) })
    if (status < 0 || !this.#isEager) return status
    this.#identity = ownFile(at.path)
    return this.#setOwner(at.path)
  }

  #hasOwner(): boolean {
    return this.#options.uid !== undefined || this.#options.gid !== undefined
  }

  #setOwner(path: string): Status {
    if (!this.#hasOwner()) return 0
    const { uid = -1, gid = -1 } = this.#options
    try {
      lchownSync(path, uid, gid)
      if (!this.#isEager && this.#mode !== undefined) chmodSync(path, this.#mode)
      return 0
    } catch (error) {
      return errno((error as NodeJS.ErrnoException).code ?? 'EIO')
    }
  }

  override listen(backlog: number, accept: AcceptSink, done: (status: Status) => void): Status {
    const status = super.listen(backlog, this.#guard(accept), done)
    if (status < 0 || this.#isEager || this.#path === null) return status
    // It is bound by now, in the call.
    this.#identity = ownFile(this.#path)
    return Math.min(status, this.#setOwner(this.#path) || status)
  }

  /** Of bare descriptors nobody can be asked who is at their other end. */
  override listenDescriptors(
    backlog: number,
    accept: (status: Status, fds: readonly number[]) => void,
    done: (status: Status) => void,
  ): Status {
    return this.#waitingRoom === null ? super.listenDescriptors(backlog, accept, done) : UV_ENOTSUP
  }

  #guard(accept: AcceptSink): AcceptSink {
    const room = this.#waitingRoom
    if (room === null) return accept
    return (status, stream) => {
      if (stream === null) accept(status, null)
      else room.enter(stream, () => accept(0, stream))
    }
  }

  override close(done?: () => void): void {
    const path = this.#path
    const identity = this.#identity
    this.#waitingRoom?.close()
    this.#identity = null
    if (path === null || identity === null) {
      this.inner.close(done)
      return
    }
    removeOwnFile(path, identity)
    closeSparing(path, identity, () => this.inner.close(done))
  }

  /** The socket lives on elsewhere, and so does its file. */
  override release(): number {
    const fd = super.release()
    if (fd >= 0) {
      this.#waitingRoom?.close()
      if (this.#path !== null && this.#identity !== null) disownFile(this.#path, this.#identity)
      this.#identity = null
    }
    return fd
  }

  override pause(): Status {
    return this.#pause('server', true)
  }

  override resume(): Status {
    return this.#pause('server', false)
  }

  #pause(why: 'server' | 'waiting room', isPaused: boolean): Status {
    const before = this.#pauses.size
    if (isPaused) this.#pauses.add(why)
    else this.#pauses.delete(why)
    if (before === 0 && isPaused) return this.inner.pause()
    return before === 1 && this.#pauses.size === 0 ? this.inner.resume() : 0
  }
}

/** A transport whose listeners on paths are `LocalListener`s; all else is as in the one below. */
export function localTransport(below: Transport, options: LocalListenerOptions): Transport {
  return wrapTransport(below, {
    wrapListener: (inner, wrapAccepted) =>
      inner.kind === 'pipe'
        ? new LocalListener(inner, wrapAccepted, below.supports('sync-listen'), options)
        : inner,
  })
}
