// Bytes and descriptors over a local stream as a wire for channels. It knows how one send after the other is made; no
// frames.
import { systemError } from '@x/core/internal'
import { errno, type HandoffChannel, type Status, type Transport } from '@x/core/transport'
import { clearTimeout, nextTick, setTimeout } from '../host'
import { type Allowance, type DescriptorsToSend, LAST_WORDS_MS, type Wire, type WireSink } from './wire'

const ENDS: ReadonlySet<Status> = new Set(['ECONNRESET', 'EPIPE'].map(errno))

interface Outgoing {
  readonly data: Buffer
  readonly descriptors: DescriptorsToSend | null
  readonly dropped: (() => void) | null
}

/** What the stream below it came from: see `takeOver`. */
export interface DescriptorStream {
  readonly transport: Transport
  readonly channel: HandoffChannel
  readonly unread: readonly Buffer[]
  readonly allowance: Allowance
  /** Tells whoever counts it that it is gone. */
  readonly ended: () => void
}

export class DescriptorWire implements Wire {
  readonly transport: Transport
  readonly allowance: Allowance
  readonly #channel: HandoffChannel
  readonly #unread: readonly Buffer[]
  readonly #ended: () => void
  #sink: WireSink | null = null
  /** What was not given to the system yet; its first may be under way. */
  #queue: Outgoing[] = []
  #backlog = 0
  #isBusy = false
  #state: 'open' | 'ending' | 'destroyed' | 'closed' = 'open'
  #isPaused = false
  #isFull = false
  #late: NodeJS.Timeout | null = null

  constructor({ transport, channel, unread, allowance, ended }: DescriptorStream) {
    this.transport = transport
    this.allowance = allowance
    this.#channel = channel
    this.#unread = unread
    this.#ended = ended
  }

  #isListening(): boolean {
    return this.#state === 'open' || this.#state === 'ending'
  }

  start(sink: WireSink): void {
    this.#sink = sink
    nextTick(() => {
      for (const chunk of this.#unread) if (this.#isListening()) sink.onData(chunk, null)
      if (!this.#isPaused) this.#receive()
    })
  }

  #receive(): void {
    if (!this.#isListening()) return
    const status = this.#channel.receive({
      onMessage: (data, fds, isTruncated) => {
        if (!this.#isListening()) this.transport.descriptors?.close(fds)
        else this.#sink!.onData(data, fds.length > 0 || isTruncated ? { fds, isTruncated } : null)
      },
      onEnd: () => this.#onEnd(),
      // The peer closed with bytes of ours unread: an end like any other, for what must not be lost is acknowledged.
      onError: status => (ENDS.has(status) ? this.#onEnd() : this.#fail(status, 'read')),
      onShortage: status => this.#isListening() && this.#sink!.onShortage(systemError(status, 'sendmsg')),
    })
    if (status < 0) this.#fail(status, 'read')
  }

  #onEnd(): void {
    if (!this.#isListening()) return
    this.#sink!.onEnd()
    this.#close(null)
  }

  write(chunks: readonly Buffer[]): boolean {
    const data = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
    return this.#put({ data, descriptors: null, dropped: null })
  }

  writeHandles(data: Buffer, descriptors: DescriptorsToSend, dropped: () => void): boolean {
    return this.#put({ data, descriptors, dropped })
  }

  #put(outgoing: Outgoing): boolean {
    if (this.#state !== 'open') return true
    this.#queue.push(outgoing)
    this.#backlog += outgoing.data.length
    this.#pump()
    if (this.#queue.length > 0) this.#isFull = true
    return !this.#isFull
  }

  #pump(): void {
    while (this.#queue.length > 0 && !this.#isBusy && this.#isListening()) {
      const { data, descriptors, dropped } = this.#queue[0]!
      const fds = descriptors === null ? [] : descriptors()
      if (fds === null) {
        this.#shift()
        dropped?.()
        continue
      }
      const status = this.#channel.send(data, fds, done => this.#onSent(done))
      if (status < 0) this.#fail(status, 'write')
      else if (status === 0) this.#isBusy = true
      else this.#shift()
    }
    if (this.#state === 'ending' && this.#queue.length === 0) this.#close(null)
  }

  #shift(): void {
    this.#backlog -= this.#queue.shift()!.data.length
    if (!this.#isFull || this.#queue.length > 0) return
    this.#isFull = false
    nextTick(() => this.#state === 'open' && this.#sink?.onDrain())
  }

  #onSent(status: Status): void {
    if (!this.#isListening()) return
    this.#isBusy = false
    if (status < 0) this.#fail(status, 'write')
    else {
      this.#shift()
      this.#pump()
    }
  }

  get backlog(): number {
    return this.#backlog
  }

  get isDone(): boolean {
    return this.#queue.length === 0
  }

  pause(): void {
    this.#isPaused = true
    if (this.#isListening()) this.#channel.pause()
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    if (this.#sink !== null) this.#receive()
  }

  end(): void {
    if (this.#state !== 'open') return
    this.#state = 'ending'
    this.#pump()
  }

  destroy(lastWords: Buffer | null): void {
    if (!this.#isListening()) return
    const mayTalk = lastWords !== null && this.#state === 'open' && this.#queue.length === 0
    if (!mayTalk) {
      this.#close(null)
      return
    }
    this.#state = 'destroyed'
    this.#channel.pause()
    const status = this.#channel.send(lastWords, [], () => this.#close(null))
    if (status === 0) this.#late = setTimeout(() => this.#close(null), LAST_WORDS_MS)
    else this.#close(null)
  }

  #fail(status: Status, syscall: string): void {
    this.#close(ENDS.has(status) ? null : systemError(status, syscall))
  }

  #close(error: Error | null): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#queue = []
    this.#backlog = 0
    if (this.#late !== null) clearTimeout(this.#late)
    this.#channel.close(() => {
      this.#ended()
      this.#sink?.onClose(error)
    })
  }

  ref(): void {
    this.#channel.ref()
  }

  unref(): void {
    this.#channel.unref()
  }
}
