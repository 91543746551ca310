// A listening end of a virtual network: its queue of connections, bounded as a kernel bounds it.
// It knows its stack, and nothing of the classes that accept from it.

import { AsyncResource } from 'node:async_hooks'
import { Closing } from '@x/core/internal'
import {
  type AcceptSink,
  type Address,
  type BindFlags,
  errno,
  type HandleKind,
  isTcpAddress,
  type ListenerHandle,
  type Status,
} from '@x/core/transport'
import { type Calls, IN, type Pollable, type Watcher } from './event-loop'
import type { PortClaim } from './ports'
import type { Stack } from './stack'
import type { VirtualStream } from './stream'

/** A connection that asks to be let in. */
export interface Caller {
  /** It asks again by itself where it gets no answer. */
  readonly isRepeating: boolean
  /** Makes the server's end. */
  admit(context: AsyncResource | null): VirtualStream
  /** Answers the client; `confirmed` once it has heard, `dropped` where it never will. */
  answer(server: VirtualStream, confirmed: () => void, dropped: () => void): void
  refuse(status: Status): void
}

/** A listener of a stack. */
export class VirtualListener implements ListenerHandle, Pollable {
  readonly kind: HandleKind
  readonly fd = -1
  readonly #stack: Stack
  #claim: PortClaim | null = null
  #path: string | null = null
  #accept: AcceptSink | null = null
  #backlog = 0
  #isPaused = false
  #isClosed = false
  readonly #closing = new Closing(job => this.#stack.closed(this.#context, [job]))
  #isReferenced = true
  #isHolding = false
  #context: AsyncResource | null = null
  readonly #watcher: Watcher
  /** Established and not accepted. */
  readonly #queue: VirtualStream[] = []
  /** Answered, and the client has not confirmed it (Linux's SYN queue). */
  readonly #answered = new Set<VirtualStream>()
  /** Not even answered: the queue was full, and they do not ask again by themselves. */
  readonly #waiting: Caller[] = []

  constructor(kind: HandleKind, stack: Stack) {
    this.kind = kind
    this.#stack = stack
    this.#watcher = stack.watcher(this)
    stack.register(this)
  }

  bind(at: Address, flags: BindFlags = {}): Status {
    if (this.#isClosed) return errno('EBADF')
    if (this.#claim || this.#path !== null || isTcpAddress(at) !== (this.kind === 'tcp'))
      return errno('EINVAL')
    if (isTcpAddress(at)) {
      const claim = this.#stack.claim(at, flags)
      if (typeof claim === 'number') return claim
      this.#claim = claim
      return 0
    }
    const status = this.#stack.claimPath(at.path, this)
    if (status === 0) this.#path = at.path
    return status
  }

  listen(backlog: number, accept: AcceptSink, _done: (status: Status) => void): Status {
    if (this.#isClosed) return errno('EBADF')
    if (this.#accept) return errno('EINVAL')
    if (this.#claim) {
      const status = this.#stack.listenTcp(this.#claim, this)
      if (status < 0) return status
    } else if (this.#path === null) return errno('EINVAL')
    this.#backlog = Math.max(0, backlog)
    this.#accept = accept
    this.#context = new AsyncResource('X_VIRTUAL_LISTENER', { requireManualDestroy: true })
    if (!this.#isPaused) this.#watcher.start(IN)
    this.#refresh()
    return 1
  }

  /** There are no descriptors here. */
  listenDescriptors(): Status {
    return errno('ENOTSUP')
  }

  release(): number {
    return errno('ENOTSUP')
  }

  pause(): Status {
    if (this.#isClosed) return errno('EBADF')
    this.#isPaused = true
    this.#watcher.stop(IN)
    return 0
  }

  resume(): Status {
    if (this.#isClosed) return errno('EBADF')
    this.#isPaused = false
    if (this.#accept) this.#watcher.start(IN)
    return 0
  }

  sockname(): Address | Status {
    if (this.#isClosed) return errno('EBADF')
    if (this.#claim) return this.#claim.at
    return this.#path === null ? errno('EINVAL') : { path: this.#path }
  }

  close(done?: () => void): void {
    if (!this.#closing.begin(done)) return
    this.#isClosed = true
    this.#watcher.close()
    this.#claim?.release()
    if (this.#path !== null) this.#stack.releasePath(this.#path, this)
    for (const caller of this.#waiting.splice(0)) caller.refuse(errno('ECONNREFUSED'))
    for (const stream of [...this.#answered, ...this.#queue.splice(0)]) stream.reset(() => {})
    this.#answered.clear()
    this.#stack.unregister(this)
    this.#refresh()
    this.#stack.closed(this.#context, [() => this.#closing.finish()])
  }

  ref(): void {
    this.#isReferenced = true
    this.#refresh()
  }

  unref(): void {
    this.#isReferenced = false
    this.#refresh()
  }

  get isListening(): boolean {
    return this.#accept !== null && !this.#isClosed
  }

  /**
   * A connection arrives. As on Linux a full queue lets TCP callers wait and turns local ones away (listen(2)). False: it
   * was not heard.
   */
  offer(caller: Caller): boolean {
    if (this.#hasRoom()) this.#admit(caller)
    else if (this.kind === 'pipe') caller.refuse(errno('EAGAIN'))
    else if (caller.isRepeating) return false
    else this.#waiting.push(caller)
    return true
  }

  // What follows is for the loop.

  get context(): AsyncResource | null {
    return this.#context
  }

  readiness(): number {
    return this.#queue.length > 0 ? IN : 0
  }

  /** Accepts until there is nobody left. */
  *handle(): Calls {
    while (this.#queue.length > 0 && !this.#isPaused && !this.#isClosed) yield () => this.#acceptOne()
  }

  // What follows is for the stack.

  vanish(): void {
    if (this.#closing.begin()) this.#closing.finish()
    this.#isClosed = true
    this.#watcher.close()
    this.#queue.length = 0
    this.#answered.clear()
    this.#waiting.length = 0
    this.#refresh()
  }

  #hasRoom(): boolean {
    return this.#queue.length + this.#answered.size <= this.#backlog
  }

  #admit(caller: Caller): void {
    const server = caller.admit(this.#context)
    this.#answered.add(server)
    const confirmed = () => {
      if (!this.#answered.delete(server)) return
      this.#queue.push(server)
      this.#watcher.wake(IN)
    }
    caller.answer(server, confirmed, () => this.#answered.delete(server))
  }

  #acceptOne(): void {
    const stream = this.#queue.shift()
    if (!stream) return
    // One that has given up meanwhile takes no place.
    while (this.#hasRoom() && this.#waiting.length > 0) this.#admit(this.#waiting.shift()!)
    this.#accept?.(0, stream)
  }

  #refresh(): void {
    const holds = this.isListening && this.#isReferenced
    if (holds === this.#isHolding) return
    this.#isHolding = holds
    this.#stack.hold(holds ? 1 : -1)
  }
}
