// What a primary holds of one worker: its process, the control endpoint, the link, and the batches under way to it.
import type { ChildProcess } from 'node:child_process'
import { type Status, type Transport, UV_EPIPE } from '@x/core/transport'
import { ControlEndpoint } from '../control/endpoint'
import type { FromWorker, ToWorker, WorkerLoadReport } from '../control/messages'
import type { LinkFrame } from '../link/frame'
import { Link, MAX_DESCRIPTORS } from '../link/link'
import type { Worker } from '../worker'
import type { Taker } from './placement'
import { SocketTaker, type SocketTakerHost } from './socket-taker'

interface Batch {
  readonly fds: readonly number[]
  readonly done: (refused: readonly number[]) => void
}

/** What an ended worker has said is here long before this. */
const LAST_WORDS_MS = 1000

export interface WorkerRecordOptions {
  readonly worker: Worker
  readonly weight: number
  readonly transport: Transport
  /** Our end of the link's socket pair, or -1 where descriptors cannot travel. */
  readonly linkFd: number
  readonly receive: (message: FromWorker, reply: (body: ToWorker, handle?: unknown) => void) => void
  /** The worker's load went down, or it may take connections again. */
  readonly onRoom: (id: number) => void
}

export class WorkerRecord implements Taker<number>, SocketTakerHost {
  /** Takes sockets where descriptors cannot travel. */
  readonly sockets: SocketTaker = new SocketTaker(this)
  readonly worker: Worker
  readonly control: ControlEndpoint<ToWorker, FromWorker>
  readonly weight: number
  readonly #link: Link | null
  readonly #onRoom: (id: number) => void
  readonly #batches = new Map<number, Batch>()
  readonly startedAt = Date.now()
  /** Connections handed to it and confirmed. */
  accepted = 0
  report: WorkerLoadReport = { memory: 0, lagMs: 0 }
  #load = 0
  #lastBatch = 0
  #isOpen = true
  #isDead = false
  /** The link has ended. */
  #isGone = false

  constructor(options: WorkerRecordOptions) {
    this.worker = options.worker
    this.weight = options.weight
    this.#onRoom = options.onRoom
    this.control = new ControlEndpoint<ToWorker, FromWorker>(
      options.worker.process as ChildProcess,
      (message, reply) => options.receive(message as FromWorker, reply as (body: ToWorker) => void),
    )
    this.#link = openLink(options.transport, options.linkFd, {
      frame: frame => this.#onFrame(frame),
      gone: () => {
        this.#isOpen = false
        this.#isGone = true
        if (this.#isDead) this.#giveBack()
      },
    })
  }

  get id(): number {
    return this.worker.id
  }

  get load(): number {
    return this.#load
  }

  get isOpen(): boolean {
    return this.#isOpen && this.#link !== null
  }

  /** False once the worker ends: nothing more can be sent to it. */
  get canReceive(): boolean {
    return this.#isOpen && !this.#isDead && this.worker.isConnected()
  }

  /** Takes what the worker has said by now: it may not have been this link's turn yet. */
  hear(): void {
    this.#link?.receiveNow()
  }

  confirmed(load: number, isTaken: boolean): void {
    this.setLoad(load)
    if (isTaken) this.accepted++
  }

  /** Connections sent that it has not confirmed. */
  get underWay(): number {
    let count = this.sockets.underWay
    for (const batch of this.#batches.values()) count += batch.fds.length
    return count
  }

  setOpen(isOpen: boolean): void {
    this.#isOpen = isOpen
    if (isOpen) this.#onRoom(this.id)
  }

  take(listener: number, fds: readonly number[], done: (refused: readonly number[]) => void): void {
    const refused: number[] = []
    let parts = Math.ceil(fds.length / MAX_DESCRIPTORS)
    for (let start = 0; start < fds.length; start += MAX_DESCRIPTORS) {
      this.#takePart(listener, fds.slice(start, start + MAX_DESCRIPTORS), part => {
        refused.push(...part)
        if (--parts === 0) done(refused)
      })
    }
  }

  /** Gives the worker a listening or bound descriptor; the copy here stays. */
  giveListener(listener: number, fd: number, sent: () => void): void {
    if (this.#link) this.#link.send({ type: 'listener', listener }, [fd], sent, sent)
    else sent()
  }

  /**
   * The process has ended: what it had not confirmed goes to others, for it can no longer read it. What it had confirmed may
   * still be on its way here, and is heard first.
   */
  end(): void {
    this.#isDead = true
    this.#isOpen = false
    this.sockets.end()
    if (!this.#link || this.#isGone) return this.#giveBack()
    // A process of the worker's own that has its end of the link keeps it open.
    setTimeout(() => this.#giveBack(), LAST_WORDS_MS).unref()
  }

  #giveBack(): void {
    this.#link?.close()
    const batches = [...this.#batches.values()]
    this.#batches.clear()
    for (const batch of batches) batch.done(batch.fds)
  }

  #takePart(listener: number, fds: readonly number[], done: (refused: readonly number[]) => void): void {
    const link = this.#link
    if (!link || this.#isDead) return done(fds)
    const batch = ++this.#lastBatch >>> 0
    this.#batches.set(batch, { fds, done })
    link.send({ type: 'connections', listener, batch, count: fds.length }, fds, (status: Status) => {
      if (status !== UV_EPIPE && this.#batches.delete(batch)) done(fds)
      // EPIPE: the process is ending; `end` gives the batch back once it can no longer read it.
    })
  }

  #onFrame(frame: LinkFrame): void {
    if (frame.type === 'load') this.setLoad(frame.load)
    if (frame.type !== 'ack') return
    const batch = this.#batches.get(frame.batch)
    if (!batch) return
    this.#batches.delete(frame.batch)
    const refused = frame.refused.map(index => batch.fds[index]).filter(fd => fd !== undefined)
    this.accepted += batch.fds.length - refused.length
    this.setLoad(frame.load) // before it is known what it refused: for that, it has no room
    batch.done(refused)
  }

  /** The worker tells how many connections it holds. */
  setLoad(load: number): void {
    const isLess = load < this.#load
    this.#load = load
    if (isLess) this.#onRoom(this.id)
  }
}

function openLink(
  transport: Transport,
  fd: number,
  receiver: ConstructorParameters<typeof Link>[2],
): Link | null {
  if (fd < 0) return null
  const channel = transport.descriptors?.channel(fd)
  if (channel === undefined || typeof channel === 'number') return null
  const link = new Link(transport, channel, receiver)
  link.unref() // the IPC channel keeps the primary alive
  return link
}
