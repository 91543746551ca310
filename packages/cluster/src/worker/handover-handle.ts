// A worker's listener without a socket: the primary accepts, and connections arrive by the link. For a server it is a handle
// like any other.
import {
  type Address,
  type HandleKind,
  type ListenerHandle,
  type Status,
  UV_EBADF,
  UV_EINVAL,
  UV_ENOTSUP,
} from '@x/core/transport'
import { clearInterval, MAX_DELAY_MS, setImmediate, setInterval } from '../both/host'

export class HandoverHandle implements ListenerHandle {
  readonly kind: HandleKind
  readonly fd = -1
  readonly #at: Address | null
  /** It keeps the process alive, as a listening socket does. */
  readonly #presence: NodeJS.Timeout
  #release: (() => void) | null

  /** `release` tells the primary that it is closed. */
  constructor(kind: HandleKind, at: Address | null, release: () => void) {
    this.kind = kind
    this.#at = at
    this.#release = release
    this.#presence = setInterval(() => {}, MAX_DELAY_MS)
  }

  bind(): Status {
    return UV_EINVAL
  }

  listen(): Status {
    return UV_EINVAL // it listens from the start
  }

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
    clearInterval(this.#presence)
    if (done) setImmediate(done)
  }

  ref(): void {
    this.#presence.ref()
  }

  unref(): void {
    this.#presence.unref()
  }
}
