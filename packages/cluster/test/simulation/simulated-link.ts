// A pair of Unix sockets between a simulated primary and worker: messages keep their order and take a while, and what one
// process has no descriptors for is lost on its way there, as with MSG_CTRUNC.
import { type HandoffChannel, type HandoffSink, type Status, UV_EPIPE } from '@x/core/transport'
import type { DescriptorTable } from './descriptor-table'
import type { Scheduler } from './scheduler'

/** ETOOMANYREFS of Linux, as libuv gives it. */
const TOO_MANY_REFS: Status = -109

interface Message {
  readonly data: Buffer
  readonly things: readonly unknown[]
}

/** What both ends share. */
export class SimulatedPair {
  /** The user's descriptors in flight are used up, by somebody else. */
  isQuotaUsed: () => boolean = () => false
  readonly ends: readonly [LinkEnd, LinkEnd]

  constructor(readonly scheduler: Scheduler) {
    this.ends = [new LinkEnd(this), new LinkEnd(this)]
    this.ends[0].peer = this.ends[1]
    this.ends[1].peer = this.ends[0]
  }
}

export class LinkEnd implements HandoffChannel {
  peer!: LinkEnd
  /** Whose descriptors these are; set when a process takes it over. */
  table: DescriptorTable | null = null
  /** A process that is stopped takes nothing in. */
  isStopped = false
  readonly fd = -1
  readonly #pair: SimulatedPair
  #sink: HandoffSink | null = null
  #inbox: (Message | 'end')[] = []
  #isClosed = false
  #isScheduled = false

  constructor(pair: SimulatedPair) {
    this.#pair = pair
  }

  send(data: Uint8Array, fds: readonly number[], done: (status: Status) => void): Status {
    const { scheduler } = this.#pair
    if (this.#isClosed || this.peer.#isClosed) return UV_EPIPE
    if (fds.length > 0 && this.#pair.isQuotaUsed()) {
      if (scheduler.chance(0.5)) return TOO_MANY_REFS
      scheduler.after(1, () => done(TOO_MANY_REFS))
      return 0
    }
    const things = fds.map(fd => this.table?.get(fd))
    this.peer.#put({ data: Buffer.from(data), things })
    if (scheduler.chance(0.7)) return 1
    scheduler.after(scheduler.upTo(5), () => done(0))
    return 0
  }

  receive(sink: HandoffSink): Status {
    this.#sink = sink
    this.#schedule()
    return 0
  }

  pause(): void {}

  receiveNow(): void {
    while (this.#inbox.length > 0 && !this.#isClosed) this.#take()
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#inbox = []
    this.peer.#put('end')
  }

  ref(): void {}

  unref(): void {}

  /** Takes in what has come meanwhile. */
  resume(): void {
    this.isStopped = false
    this.#schedule()
  }

  #put(message: Message | 'end'): void {
    if (this.#isClosed) return
    this.#inbox.push(message)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#isScheduled || this.#inbox.length === 0 || this.#sink === null) return
    this.#isScheduled = true
    this.#pair.scheduler.after(1 + this.#pair.scheduler.upTo(8), () => {
      this.#isScheduled = false
      if (this.isStopped) return
      this.#take()
      this.#schedule()
    })
  }

  #take(): void {
    const message = this.#inbox.shift()
    const sink = this.#sink
    if (message === undefined || sink === null || this.#isClosed) return
    if (message === 'end') return sink.onEnd()
    const { data, things } = message
    const table = this.table as DescriptorTable
    const isTruncated = table.size + things.length > table.limit
    const fds = isTruncated ? [] : things.map(thing => table.add(thing))
    // Now and then in two pieces; the descriptors come with the first.
    const cut = this.#pair.scheduler.chance(0.2)
      ? 1 + this.#pair.scheduler.upTo(data.length - 1)
      : data.length
    sink.onMessage(data.subarray(0, cut), fds, isTruncated)
    if (cut < data.length && !this.#isClosed) sink.onMessage(data.subarray(cut), [], false)
  }
}
