// Looks at the first bytes of descriptors on the native transport. One watcher of the addon serves all of a thread.
import { AsyncResource } from 'node:async_hooks'
import { UV_EAGAIN, UV_EBADF, UV_EINVAL, UV_EOF } from '../../errors/errno'
import { callEach } from '../call-each'
import type { DescriptorOperations, Peek, PeekSink, Status } from '../contract'
import type { Addon, HandleId } from './addon'
import type { DescriptorSlots } from './descriptor-slots'

type Watching = Required<Pick<Addon, 'watcher' | 'watch' | 'unwatch' | 'peek'>>

/** Where a look lands; what it finds is copied out. */
const MOST = 65_536
/** MOST_TOKEN in native/src/peek.c. */
const LAST_TOKEN = 2 ** 30 - 1

export class Peeker {
  readonly #addon: Watching
  readonly #slots: DescriptorSlots
  /** By the token that the addon tells. */
  readonly #looks = new Map<number, Look>()
  readonly #into: Buffer = Buffer.allocUnsafeSlow(MOST)
  #id: HandleId = 0
  #lastToken = 0

  private constructor(addon: Watching, slots: DescriptorSlots) {
    this.#addon = addon
    this.#slots = slots
  }

  /** The operation of the contract; null where the addon has no watchers. */
  static over(addon: Addon, slots: DescriptorSlots): DescriptorOperations['peek'] {
    const { watcher, watch, unwatch, peek } = addon
    if (!watcher || !watch || !unwatch || !peek) return null
    let peeker: Peeker | null = null
    return (fd, most, seen) => {
      peeker ??= new Peeker({ watcher, watch, unwatch, peek }, slots)
      return peeker.look(fd, most, seen)
    }
  }

  look(fd: number, most: number, seen: PeekSink): Peek | Status {
    if (!Number.isInteger(most) || most < 1 || most > MOST) return UV_EINVAL
    if (!Number.isInteger(fd) || fd < 0) return UV_EBADF
    if (this.#id === 0) {
      const id = this.#addon.watcher(this)
      if (id < 0) return id
      this.#id = id
    }
    const token = this.#nextToken()
    const status = this.#addon.watch(this.#id, fd, token)
    if (status < 0) return status
    const stop = (): void => {
      if (this.#looks.delete(token)) this.#addon.unwatch(this.#id, fd)
    }
    const look = new Look({ fd, most, seen, stop, peek: into => this.#addon.peek(fd, into) })
    this.#looks.set(token, look)
    return { stop }
  }

  /** Called by the addon. */
  onReadable(): void {
    callEach(
      this.#slots.told().map(told => () => this.#looks.get(told >> 1)?.see(this.#into, (told & 1) === 1)),
    )
  }

  /** Called by the addon for every handle; a watcher lives as long as its thread. */
  onClosed(): void {}

  #nextToken(): number {
    do this.#lastToken = this.#lastToken === LAST_TOKEN ? 1 : this.#lastToken + 1
    while (this.#looks.has(this.#lastToken))
    return this.#lastToken
  }
}

interface LookOptions {
  readonly fd: number
  readonly most: number
  readonly seen: PeekSink
  readonly stop: () => void
  readonly peek: (into: Buffer) => number
}

/** One descriptor, and how much of it was seen. */
class Look extends AsyncResource {
  readonly #options: LookOptions
  #size = 0

  constructor(options: LookOptions) {
    super('XPEEK')
    this.#options = options
  }

  see(into: Buffer, hasEnded: boolean): void {
    const { most, peek, seen, stop } = this.#options
    const size = peek(into.subarray(0, most))
    if (size === UV_EAGAIN && !hasEnded) return
    // Without bytes an end is told as an error of the other side's connection, too (ECONNRESET).
    const came = Math.max(0, size)
    if (came === this.#size && !hasEnded && size >= 0) return
    this.#size = came
    const isLast = hasEnded || came === most || size < 0
    if (isLast) stop()
    const status = size < 0 && size !== UV_EOF && size !== UV_EAGAIN ? size : isLast ? 0 : 1
    this.runInAsyncScope(seen, null, status, Buffer.from(into.subarray(0, came)))
  }
}
