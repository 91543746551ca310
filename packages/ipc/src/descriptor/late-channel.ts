// A channel of bytes and descriptors over a stream whose own descriptor cannot be had yet: the process has no room for one
// more. It waits, as for each shortage, and tries again. It knows no frames.
import {
  errno,
  type HandoffChannel,
  type HandoffSink,
  type Status,
  type StreamHandle,
  type Transport,
} from '@x/core/transport'
import { clearTimeout, nextTick, setTimeout } from '../host'

const SHORTAGES: ReadonlySet<Status> = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'ENOBUFS'].map(errno))
const RETRY_MS = 20

export function isShortage(status: Status): boolean {
  return SHORTAGES.has(status)
}

interface Outgoing {
  readonly data: Uint8Array
  readonly fds: readonly number[]
  readonly done: (status: Status) => void
}

/** What was asked of it before it is open it does then. Its user sends one thing after the other. */
export class LateChannel implements HandoffChannel {
  readonly #handle: StreamHandle
  readonly #transport: Transport
  readonly #shortage: Status
  #channel: HandoffChannel | null = null
  #timer: NodeJS.Timeout | null = null
  #sink: HandoffSink | null = null
  #isReading = false
  #outgoing: Outgoing[] = []
  #isRef = true
  #isTold = false

  /** `shortage`: why `handle.release()` has not answered a descriptor. The handle belongs to the channel. */
  constructor(handle: StreamHandle, transport: Transport, shortage: Status) {
    this.#handle = handle
    this.#transport = transport
    this.#shortage = shortage
    this.#wait()
  }

  #wait(): void {
    this.#timer = setTimeout(() => this.#open(), RETRY_MS)
    if (!this.#isRef) this.#timer.unref()
  }

  #open(): void {
    this.#timer = null
    const fd = this.#handle.release()
    if (isShortage(fd)) {
      this.#wait()
      return
    }
    const channel = fd < 0 ? fd : this.#transport.descriptors!.channel(fd)
    if (typeof channel === 'number') {
      if (fd < 0) this.#handle.close()
      else this.#transport.descriptors!.close([fd])
      this.#fail(channel)
      return
    }
    this.#channel = channel
    if (!this.#isRef) channel.unref()
    for (const { data, fds, done } of this.#outgoing.splice(0)) {
      const status = channel.send(data, fds, done)
      if (status !== 0) done(status)
    }
    if (!this.#isReading) return
    const status = channel.receive(this.#sink!)
    if (status < 0) this.#sink!.onError(status)
  }

  #fail(status: Status): void {
    for (const { done } of this.#outgoing.splice(0)) done(status)
    this.#sink?.onError(status)
  }

  send(data: Uint8Array, fds: readonly number[], done: (status: Status) => void): Status {
    if (this.#channel !== null) return this.#channel.send(data, fds, done)
    this.#outgoing.push({ data, fds, done })
    return 0
  }

  receive(sink: HandoffSink): Status {
    this.#sink = sink
    this.#isReading = true
    if (this.#channel !== null) return this.#channel.receive(sink)
    if (!this.#isTold) {
      this.#isTold = true
      nextTick(() => sink.onShortage?.(this.#shortage))
    }
    return 0
  }

  pause(): void {
    this.#isReading = false
    this.#channel?.pause()
  }

  receiveNow(): void {
    this.#channel?.receiveNow()
  }

  close(done?: () => void): void {
    if (this.#channel !== null) {
      this.#channel.close(done)
      return
    }
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#isReading = false
    this.#outgoing = []
    this.#handle.close(done)
  }

  ref(): void {
    this.#isRef = true
    this.#timer?.ref()
    this.#channel?.ref()
  }

  unref(): void {
    this.#isRef = false
    this.#timer?.unref()
    this.#channel?.unref()
  }

  get fd(): number {
    return this.#channel?.fd ?? this.#handle.fd
  }
}
