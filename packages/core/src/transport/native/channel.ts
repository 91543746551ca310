// A handoff channel of the native transport: the JavaScript face of a native handle. It knows bytes and descriptors, no
// framing.
import { UV_EAGAIN, UV_EBADF, UV_EINVAL, UV_EOF } from '../../errors/errno'
import { Closing } from '../closing'
import type { HandoffChannel, HandoffSink, Status } from '../contract'
import type { Addon, HandleId } from './addon'
import type { DescriptorSlots } from './descriptor-slots'
import { Request } from './stream'

/** What one message may carry (Linux, SCM_MAX_FD). */
export const MOST_DESCRIPTORS = 253

/** Messages that `receiveNow` takes: a peer that floods gets no more of a turn than in one of the loop's. */
const MOST_AT_ONCE = 32

/** Where `receiveNow` reads to; given on as copies. Not the scratch, whose bytes an event may be about to give on. */
const near = Buffer.alloc(4096)

export class NativeChannel implements HandoffChannel {
  readonly #addon: Addon
  readonly #scratch: Buffer
  readonly #slots: DescriptorSlots
  readonly #closing = new Closing()
  #id: HandleId
  #sink: HandoffSink | null = null
  #ended = false

  private constructor(addon: Addon, scratch: Buffer, slots: DescriptorSlots) {
    this.#addon = addon
    this.#scratch = scratch
    this.#slots = slots
    this.#id = 0
  }

  /** Takes over a connected Unix-domain stream; it stays the caller's where the answer is a status. */
  static open(addon: Addon, scratch: Buffer, slots: DescriptorSlots, fd: number): NativeChannel | Status {
    const channel = new NativeChannel(addon, scratch, slots)
    const id = addon.channel(fd, channel)
    if (id < 0) return id
    channel.#id = id
    return channel
  }

  send(data: Uint8Array, fds: readonly number[], done: (status: Status) => void): Status {
    if (fds.length > MOST_DESCRIPTORS || (data.length === 0 && fds.length > 0)) return UV_EINVAL
    const sent = this.#addon.trySend(this.#id, data, this.#slots.pass(fds))
    if (sent < 0) return sent
    if (sent === data.length && sent > 0) return 1
    return this.#addon.queueSend(this.#id, new Request(done), data, this.#slots.pass(fds), sent)
  }

  receive(sink: HandoffSink): Status {
    if (this.#id === 0) return UV_EBADF
    this.#sink = sink
    return this.#ended ? 0 : this.#addon.receive(this.#id, true)
  }

  pause(): void {
    this.#addon.receive(this.#id, false)
  }

  receiveNow(): void {
    for (let i = 0; i < MOST_AT_ONCE && this.#sink !== null && !this.#ended; i++) {
      const size = this.#addon.receiveInto(this.#id, near)
      if (size === UV_EAGAIN) return
      const fds = this.#slots.answered()
      const truncated = this.#slots.wereTruncated
      this.#give(size, near, fds, truncated)
      if (fds.length === 0 && !truncated && size < near.length) return
    }
  }

  close(done?: () => void): void {
    if (!this.#closing.begin(done)) return
    this.#addon.close(this.#id, true)
    this.#id = 0
    this.#sink = null
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

  /** Of the addon: `size` bytes are in the scratch and came with these descriptors, or receiving has ended. */
  onMessage(size: number, truncated: boolean): void {
    this.#give(size, this.#scratch, this.#slots.told(), truncated)
  }

  /** Of the addon: it tries again by a timer. */
  onShortage(status: Status): void {
    this.#sink?.onShortage?.(status)
  }

  /** Gives the sink a copy of the bytes, or tells why there will be none. */
  #give(size: number, from: Buffer, fds: readonly number[], truncated: boolean): void {
    const sink = this.#sink
    if (sink === null) {
      this.#slots.close(fds)
    } else if (size > 0) {
      const data = Buffer.allocUnsafe(size)
      from.copy(data, 0, 0, size)
      sink.onMessage(data, fds, truncated)
    } else {
      this.#ended = true
      if (size === UV_EOF) sink.onEnd()
      else sink.onError(size)
    }
  }

  /** Of the addon: the handle has closed. */
  onClosed(): void {
    this.#closing.finish()
  }
}
