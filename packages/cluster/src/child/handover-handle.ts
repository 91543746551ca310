// A worker's listener without a socket: the primary accepts, and connections arrive by the link.
import type { Socket } from 'node:net'
import {
  type AcceptSink,
  type Address,
  type HandleKind,
  type ListenerHandle,
  type Status,
  UV_EBADF,
  UV_EINVAL,
  UV_ENOTSUP,
} from '@x/core/transport'

/** Who takes the connections of one listener. */
export interface ConnectionSink {
  /** Whether one more can be taken, where `promised` of this batch are not counted yet. */
  hasRoom(promised: number): boolean
  take(fd: number): void
  /** The same for a socket of the host, where descriptors cannot travel. */
  takeSocket(socket: Socket): void
}

/** Longest delay that setTimeout takes; a timer that stands for a listening socket in keeping the process alive. */
const FOREVER_MS = 2 ** 31 - 1

export class HandoverHandle implements ListenerHandle {
  readonly kind: HandleKind
  readonly fd = -1
  readonly #at: Address | null
  readonly #keepAlive: NodeJS.Timeout
  #release: (() => void) | null

  constructor(kind: HandleKind, at: Address | null, release: () => void) {
    this.kind = kind
    this.#at = at
    this.#release = release
    this.#keepAlive = setInterval(() => {}, FOREVER_MS)
  }

  bind(): Status {
    return UV_EINVAL
  }

  listen(_backlog: number, _accept: AcceptSink): Status {
    return UV_EINVAL // it listens from the start
  }

  // There is no socket here to accept from, to stop, or to give away.
  listenDescriptors(): Status {
    return UV_ENOTSUP
  }

  pause(): Status {
    return UV_ENOTSUP
  }

  resume(): Status {
    return UV_ENOTSUP
  }

  release(): number {
    return UV_ENOTSUP
  }

  sockname(): Address | Status {
    return this.#at ?? UV_EBADF
  }

  close(done?: () => void): void {
    this.#release?.()
    this.#release = null
    clearInterval(this.#keepAlive)
    if (done) setImmediate(done)
  }

  ref(): void {
    this.#keepAlive.ref()
  }

  unref(): void {
    this.#keepAlive.unref()
  }
}
