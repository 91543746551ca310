// Connections whose first bytes a policy wants to see: each waits here, by itself, until enough has come, its time is over, or too
// many wait. The bytes stay in the socket. It knows no worker.
import type { DescriptorOperations, Peek } from '@x/core/transport'
import { nextTick } from '../both/host'
import type { PrimaryOs, Timer } from './os'
import type { CheckedPeek } from './policy/peek'

export interface FirstBytesOptions {
  readonly os: Pick<PrimaryOs, 'setTimeout' | 'clearTimeout'>
  readonly descriptors: DescriptorOperations
  readonly peek: CheckedPeek
  /** Each with what has come on it, in the order in which that was enough. */
  readonly ready: (connections: readonly number[], firstBytes: readonly Buffer[]) => void
}

interface Waiting {
  bytes: Buffer
  peek: Peek | null
  readonly deadline: Timer
}

const NOTHING = Buffer.alloc(0)

export class FirstBytes {
  readonly #options: FirstBytesOptions
  /** By descriptor, in the order of their coming. */
  readonly #waiting = new Map<number, Waiting>()
  #ready: [fd: number, bytes: Buffer][] = []
  #isClosed = false

  constructor(options: FirstBytesOptions) {
    this.#options = options
  }

  /** Accepted connections. Those for whom there is no room take the place of the ones that have waited longest. */
  add(fds: readonly number[]): void {
    for (const fd of fds) this.#watch(fd)
    const { maxWaiting } = this.#options.peek
    for (const fd of this.#waiting.keys()) {
      if (this.#waiting.size <= maxWaiting) break
      this.#pass(fd)
    }
  }

  /** None waits, and none is about to be picked for. */
  get isEmpty(): boolean {
    return this.#waiting.size === 0 && this.#ready.length === 0
  }

  /** Waits for nothing more: each is picked for by what has come. */
  passAll(): void {
    for (const fd of [...this.#waiting.keys()]) this.#pass(fd)
  }

  /** Gives up those that wait. */
  close(): void {
    this.#isClosed = true
    const rest = this.#ready.map(([fd]) => fd)
    this.#ready = []
    for (const fd of [...this.#waiting.keys()]) {
      this.#forget(fd)
      rest.push(fd)
    }
    this.#options.descriptors.close(rest)
  }

  #watch(fd: number): void {
    const { os, descriptors, peek } = this.#options
    const deadline = os.setTimeout(() => this.#pass(fd), peek.deadlineMs)
    deadline.unref()
    const waiting: Waiting = { bytes: NOTHING, peek: null, deadline }
    this.#waiting.set(fd, waiting)
    const watch = descriptors.peek?.(fd, peek.maxBytes, (status, bytes) => {
      waiting.bytes = bytes
      if (status < 0) this.#drop(fd)
      else if (status === 0 || peek.isEnough(bytes)) this.#pass(fd)
    })
    if (typeof watch === 'object') waiting.peek = watch
    // The system is too short for a look: it goes on without.
    else this.#pass(fd)
  }

  /** Collected for the turn, so that they travel together. */
  #pass(fd: number): void {
    const bytes = this.#forget(fd)
    if (bytes === null) return
    this.#ready.push([fd, bytes])
    if (this.#ready.length > 1) return
    nextTick(() => {
      const ready = this.#ready
      this.#ready = []
      if (this.#isClosed || ready.length === 0) return
      this.#options.ready(
        ready.map(([each]) => each),
        ready.map(([, seen]) => seen),
      )
    })
  }

  /** Its client has reset it: nobody needs it. */
  #drop(fd: number): void {
    if (this.#forget(fd) !== null) this.#options.descriptors.close([fd])
  }

  /** What has come on it; null where it waits no more. */
  #forget(fd: number): Buffer | null {
    const waiting = this.#waiting.get(fd)
    if (!waiting) return null
    this.#waiting.delete(fd)
    this.#options.os.clearTimeout(waiting.deadline)
    // Before the descriptor goes to a worker, which would keep the socket in the set.
    waiting.peek?.stop()
    return waiting.bytes
  }
}
