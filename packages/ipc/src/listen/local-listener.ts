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
  type StreamHandle,
  type Transport,
  UV_EINVAL,
  UV_ENOTSUP,
  type WrapAccepted,
  wrapTransport,
} from '@x/core/transport'
import type { FileIdentity } from './occupant'
import { closeSparing, disownFile, ownFile, removeOwnFile } from './own-files'

export interface LocalListenerOptions {
  /** Owner of the socket file; undefined leaves what the system gives it. */
  readonly uid: number | undefined
  readonly gid: number | undefined
  /** Decides whether a peer is let in, before anybody sees its connection. Null lets everybody in. */
  readonly admit: ((stream: StreamHandle) => boolean | Promise<boolean>) | null
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
  #isClosed = false

  constructor(
    inner: ListenerHandle,
    wrapAccepted: WrapAccepted,
    isEager: boolean,
    options: LocalListenerOptions,
  ) {
    super(inner, wrapAccepted)
    this.#isEager = isEager
    this.#options = options
  }

  override bind(at: Address, flags: BindFlags = {}): Status {
    if (isTcpAddress(at)) return UV_EINVAL
    const isFile = !at.path.startsWith('\0') && process.platform !== 'win32'
    if (!isFile) return this.inner.bind(at, flags)
    this.#path = at.path
    this.#mode = flags.mode
    // Where binding and listening are one, nobody else may connect until the owner is right.
    const mode = this.#hasOwner && !this.#isEager ? (flags.mode ?? 0o777) & OWNER_ONLY : flags.mode
    const status = this.inner.bind(at, { ...flags, ...(mode !== undefined && { mode }) })
    if (status < 0 || !this.#isEager) return status
    this.#identity = ownFile(at.path)
    return this.#setOwner(at.path)
  }

  get #hasOwner(): boolean {
    return this.#options.uid !== undefined || this.#options.gid !== undefined
  }

  #setOwner(path: string): Status {
    if (!this.#hasOwner) return 0
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
    return this.#options.admit === null ? super.listenDescriptors(backlog, accept, done) : UV_ENOTSUP
  }

  #guard(accept: AcceptSink): AcceptSink {
    const { admit } = this.#options
    if (admit === null) return accept
    return (status, stream) => {
      if (stream === null) accept(status, null)
      else void this.#check(stream, admit, accept)
    }
  }

  async #check(
    stream: StreamHandle,
    admit: (stream: StreamHandle) => boolean | Promise<boolean>,
    accept: AcceptSink,
  ): Promise<void> {
    let isAdmitted = false
    try {
      isAdmitted = (await admit(stream)) === true
    } catch (error) {
      // A check that fails lets nobody in; that it failed is not to be overheard.
      process.nextTick(() => {
        throw error
      })
    }
    if (isAdmitted && !this.#isClosed) process.nextTick(accept, 0, stream)
    else stream.close()
  }

  override close(done?: () => void): void {
    const path = this.#path
    const identity = this.#identity
    this.#isClosed = true
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
      this.#isClosed = true
      if (this.#path !== null && this.#identity !== null) disownFile(this.#path, this.#identity)
      this.#identity = null
    }
    return fd
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
