// Takes connections to a worker as descriptors in batches, many to one message. Each message has an id, by which the worker
// says what it took; until then our copies stay.
import { type DescriptorOperations, type Status, UV_EPIPE } from '@x/core/transport'
import { DescriptorLink } from '../both/descriptor-link'
import type { Frame } from '../both/frame'
import { nextTick } from '../both/host'
import { type Carrier, type CarrierHost, type Connection, LAST_WORDS_MS, type Settled } from './carrier'
import type { PrimaryOs, Timer } from './os'

interface Batch {
  readonly count: number
  readonly settled: Settled
}

const RETRY_MS = 20
const LONGEST_RETRY_MS = 1000

export class LinkCarrier implements Carrier {
  readonly #os: PrimaryOs
  readonly #host: CarrierHost
  readonly #link: DescriptorLink
  readonly #batches = new Map<number, Batch>()
  #lastId = 0
  #state: 'open' | 'closed' | 'dead' = 'open'
  /** It has said on the link what it must not say. */
  #isGarbled = false
  #lastWords: Timer | null = null
  readonly #retries = new Set<Timer>()

  private constructor(
    os: PrimaryOs,
    descriptors: DescriptorOperations,
    channel: ConstructorParameters<typeof DescriptorLink>[1],
    host: CarrierHost,
  ) {
    this.#os = os
    this.#host = host
    this.#link = new DescriptorLink(descriptors, channel, {
      frame: (frame, fds) => {
        // No frame that a worker may send has any.
        if (fds) descriptors.close(fds)
        this.#onFrame(frame)
      },
      ended: wrong => this.#onEnd(wrong),
    })
  }

  /** Takes over our end of a socket pair, or answers why not; then it stays the caller's. */
  static open(
    os: PrimaryOs,
    descriptors: DescriptorOperations,
    fd: number,
    host: CarrierHost,
  ): LinkCarrier | Status {
    const channel = descriptors.channel(fd)
    return typeof channel === 'number' ? channel : new LinkCarrier(os, descriptors, channel, host)
  }

  get isOpen(): boolean {
    return this.#state === 'open'
  }

  receiveNow(): void {
    this.#link.receiveNow()
  }

  send(listener: number, batch: readonly Connection[], settled: Settled): void {
    const fds = batch as readonly number[]
    if (this.#state === 'dead') return void nextTick(settled, indexes(fds.length), 'ended')
    const id = this.#nextId()
    this.#batches.set(id, { count: fds.length, settled })
    this.#link.send({ type: 'connections', listener, id, count: fds.length }, fds, status => {
      // EPIPE: the process is ending; `end` settles the batch once it can no longer be read.
      if (status === UV_EPIPE || !this.#batches.delete(id)) return
      this.#host.short()
      settled(indexes(fds.length), 'shortage')
    })
  }

  giveListener(listener: number, fd: number, sent: () => void): void {
    this.#give(listener, fd, sent, RETRY_MS)
  }

  end(): void {
    if (this.#state === 'dead') return
    const hasClosed = this.#state === 'closed'
    this.#state = 'dead'
    for (const timer of this.#retries) this.#os.clearTimeout(timer)
    if (hasClosed) return this.#settleAll()
    // Its end of the link is closed with it, and told after its last words; but a process that it started may have that end.
    this.#lastWords = this.#os.setTimeout(() => this.#settleAll(), LAST_WORDS_MS)
    this.#lastWords.unref()
  }

  /** Gives the worker a bound socket. What is short here or there is waited for: without it the worker's server never opens. */
  #give(listener: number, fd: number, sent: () => void, delayMs: number): void {
    const again = (): void => {
      const timer = this.#os.setTimeout(() => {
        this.#retries.delete(timer)
        this.#give(listener, fd, sent, Math.min(LONGEST_RETRY_MS, delayMs * 2))
      }, delayMs)
      this.#retries.add(timer)
    }
    if (this.#state !== 'open') return sent()
    const id = this.#nextId()
    const settled: Settled = refused => {
      if (refused.length === 0 || this.#state !== 'open') sent()
      else again()
    }
    this.#batches.set(id, { count: 0, settled })
    this.#link.send({ type: 'listener', listener, id }, [fd], status => {
      if (!this.#batches.delete(id)) return
      if (status === UV_EPIPE) sent()
      else again()
    })
  }

  #nextId(): number {
    do this.#lastId = (this.#lastId + 1) >>> 0
    while (this.#batches.has(this.#lastId))
    return this.#lastId
  }

  #onFrame(frame: Frame): void {
    if (frame.type === 'held') return this.#host.toldUnasked(frame.connections)
    if (frame.type !== 'ack') return this.#onWrong('a frame that only a primary sends')
    const batch = this.#batches.get(frame.id)
    // A bound socket stands for one descriptor, though for no connection.
    const count = batch && Math.max(1, batch.count)
    if (!batch || !areIndexes(frame.refused, count as number)) {
      return this.#onWrong('an answer to something that it was not sent')
    }
    this.#batches.delete(frame.id)
    if (batch.count > 0) this.#host.took(batch.count - frame.refused.length)
    // Before it is known what it refused: for that, it has no room.
    this.#host.told(frame.connections)
    if (frame.refused.length > 0 && frame.why === 'shortage') this.#host.short()
    batch.settled(frame.refused, frame.why)
  }

  #onEnd(wrong: string | null): void {
    const isDead = this.#state === 'dead'
    if (!isDead) this.#state = 'closed'
    if (wrong !== null) this.#onWrong(wrong)
    if (isDead) this.#settleAll()
    else this.#host.closed()
  }

  /** From here on nobody can tell what it has taken. */
  #onWrong(what: string): void {
    this.#isGarbled = true
    this.#host.wrong(what)
  }

  #settleAll(): void {
    if (this.#lastWords) this.#os.clearTimeout(this.#lastWords)
    this.#lastWords = null
    this.#link.close()
    const batches = [...this.#batches.values()]
    this.#batches.clear()
    // What it may have read from goes to nobody else: its clients are told by the end of their connections.
    for (const { count, settled } of batches)
      settled(this.#isGarbled ? [] : indexes(Math.max(1, count)), 'ended')
  }
}

function indexes(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index)
}

/** Each from 0 to below `count`, none twice. */
function areIndexes(list: readonly number[], count: number): boolean {
  return list.length === 0 || (new Set(list).size === list.length && list.every(index => index < count))
}
