// Bytes and descriptors over a local stream as a wire for channels. It knows in which order they go out and what waits; no
// frames.
import { errno, type HandoffChannel, type Status, systemError, type Transport } from '@x/core/transport'
import { HIGH_WATER_BYTES, type Wire, type WireSink } from '../channel/wire'

// The kernel takes no more descriptors under way for now: unix(7), sendmsg(2).
const SHORTAGES: ReadonlySet<Status> = new Set(['ETOOMANYREFS', 'ENOBUFS', 'ENOMEM'].map(errno))
const ENDS: ReadonlySet<Status> = new Set(['ECONNRESET', 'EPIPE'].map(errno))
const RETRY_MS = 10
const NO_FDS: readonly number[] = []

interface Outgoing {
  readonly data: Buffer
  readonly fds: readonly number[]
}

export class DescriptorWire implements Wire {
  readonly transport: Transport
  readonly #channel: HandoffChannel
  readonly #unread: readonly Buffer[]
  #sink: WireSink | null = null
  /** What was not given to the system yet; its first may be under way. */
  #queue: Outgoing[] = []
  #backlog = 0
  #isBusy = false
  #isEnding = false
  #isClosed = false
  #isPaused = false
  #wasFull = false
  #retry: NodeJS.Timeout | null = null

  /** `unread`: bytes that were read off the stream before. */
  constructor(transport: Transport, channel: HandoffChannel, unread: readonly Buffer[] = []) {
    this.transport = transport
    this.#channel = channel
    this.#unread = unread
  }

  start(sink: WireSink): void {
    this.#sink = sink
    process.nextTick(() => {
      for (const chunk of this.#unread) if (!this.#isClosed) sink.onData(chunk, null)
      if (!this.#isPaused) this.#receive()
    })
  }

  #receive(): void {
    if (this.#isClosed) return
    const status = this.#channel.receive({
      onMessage: (data, fds) => {
        if (this.#isClosed) this.transport.closeDescriptors!(fds)
        else this.#sink!.onData(data, fds)
      },
      onEnd: () => this.#onEnd(),
      // The peer closed with bytes of ours unread: an end like any other, for what must not be lost is acknowledged.
      onError: status => (ENDS.has(status) ? this.#onEnd() : this.#fail(status, 'read')),
    })
    if (status < 0) this.#fail(status, 'read')
  }

  #onEnd(): void {
    if (this.#isClosed) return
    this.#sink!.onEnd()
    this.#close(null)
  }

  write(chunks: readonly Buffer[]): boolean {
    return this.#put({ data: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks), fds: NO_FDS })
  }

  writeHandles(data: Buffer, fds: readonly number[]): boolean {
    return this.#put({ data, fds })
  }

  #put(outgoing: Outgoing): boolean {
    if (this.#isClosed || this.#isEnding) return true
    this.#queue.push(outgoing)
    this.#backlog += outgoing.data.length
    this.#pump()
    if (this.#backlog > HIGH_WATER_BYTES) this.#wasFull = true
    return !this.#wasFull
  }

  #pump(): void {
    while (this.#queue.length > 0 && !this.#isBusy && !this.#isClosed) {
      const { data, fds } = this.#queue[0]!
      const status = this.#channel.send(data, fds, done => this.#onSent(done))
      if (SHORTAGES.has(status)) {
        this.#retryLater()
        return
      }
      if (status < 0) {
        this.#fail(status, 'write')
        return
      }
      if (status === 0) {
        this.#isBusy = true
        return
      }
      this.#shift()
    }
    if (this.#isEnding && !this.#isBusy && this.#queue.length === 0) this.#close(null)
  }

  #shift(): void {
    this.#backlog -= this.#queue.shift()!.data.length
    if (!this.#wasFull || this.#queue.length > 0) return
    this.#wasFull = false
    process.nextTick(() => this.#isClosed || this.#sink?.onDrain())
  }

  #onSent(status: Status): void {
    if (this.#isClosed) return
    this.#isBusy = false
    if (status < 0) {
      this.#fail(status, 'write')
      return
    }
    this.#shift()
    this.#pump()
  }

  #retryLater(): void {
    this.#isBusy = true
    this.#retry = setTimeout(() => {
      this.#isBusy = false
      this.#pump()
    }, RETRY_MS)
  }

  get backlog(): number {
    return this.#backlog
  }

  pause(): void {
    this.#isPaused = true
    if (!this.#isClosed) this.#channel.pause()
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    if (this.#sink !== null) this.#receive()
  }

  end(): void {
    this.#isEnding = true
    this.#pump()
  }

  destroy(): void {
    this.#close(null)
  }

  #fail(status: Status, syscall: string): void {
    if (!this.#isClosed) this.#close(ENDS.has(status) ? null : systemError(status, syscall))
  }

  #close(error: Error | null): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#queue = []
    this.#backlog = 0
    if (this.#retry !== null) clearTimeout(this.#retry)
    this.#channel.close(() => this.#sink?.onClose(error))
  }

  ref(): void {
    this.#channel.ref()
  }

  unref(): void {
    this.#channel.unref()
  }
}
