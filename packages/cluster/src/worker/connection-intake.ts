// What the primary sends a worker: connections for its servers, and bound sockets. It says what the worker takes before
// anybody reads from it, so that no connection is ever in two workers. It knows servers as sinks.
import type { Socket } from 'node:net'
import type { DescriptorOperations, Status, Transport } from '@x/core/transport'
import type { ControlEndpoint } from '../both/control-endpoint'
import { DescriptorLink } from '../both/descriptor-link'
import type { Frame } from '../both/frame'
import { guarded } from '../both/guard'
import type { FromWorker, Refusal } from '../both/messages'

/** Gives a connection, which the worker has, to its server. */
export type Deliver = () => void

/** Who takes the connections of one listener. */
export interface ConnectionSink {
  /** Whether one more can be taken, where `promised` are not counted yet. */
  hasRoom(promised: number): boolean
  /** Takes over a descriptor; a status where the system refuses (then it stays the caller's). Runs no code of the user. */
  adopt(fd: number): Deliver | Status
  /** The same for a socket of the host, where descriptors cannot travel. */
  adoptSocket(socket: Socket): Deliver
}

type Frames<Type extends Frame['type']> = Extract<Frame, { type: Type }>

export interface IntakeOptions {
  readonly transport: Transport
  /** The worker's end of the link, or -1. */
  readonly linkFd: number
  readonly control: ControlEndpoint<FromWorker>
  /** Connections that the worker's servers hold. */
  readonly connections: () => number
}

export class ConnectionIntake {
  readonly #options: IntakeOptions
  readonly #descriptors: DescriptorOperations | null
  readonly #link: DescriptorLink | null
  /** By the primary's number of the listener. */
  readonly #sinks = new Map<number, ConnectionSink>()
  /** Those that have refused a connection for want of room since the primary was told that they have some. */
  readonly #full = new Set<ConnectionSink>()
  /** Who waits for a bound socket, and bound sockets that wait for somebody; by the primary's number of the listener. */
  readonly #awaited = new Map<number, (fd: number) => void>()
  readonly #early = new Map<number, number>()
  /** The last connection that the primary has sent by the IPC channel, as far as is known here. */
  #lastId = 0
  #told = 0

  constructor(options: IntakeOptions) {
    this.#options = options
    const { transport, linkFd } = options
    this.#descriptors = transport.descriptors
    const channel = linkFd >= 0 ? this.#descriptors?.channel(linkFd) : undefined
    this.#link =
      typeof channel === 'object' && this.#descriptors
        ? new DescriptorLink(this.#descriptors, channel, {
            frame: (frame, fds) => this.#onFrame(frame, fds),
            ended() {}, // the IPC channel tells of the primary's end
          })
        : null
  }

  /**
   * Takes in what the primary sent by the link before the message of the IPC channel that is handled now. A call gives half
   * of what may be on its way.
   */
  receiveNow(): void {
    this.#link?.receiveNow()
    this.#link?.receiveNow()
  }

  /** Where connections of a listener go from now on. */
  open(listener: number, sink: ConnectionSink): void {
    this.#sinks.set(listener, sink)
  }

  /** Nobody takes connections, or a bound socket, of this listener any more. */
  close(listener: number): void {
    const sink = this.#sinks.get(listener)
    if (sink) this.#full.delete(sink)
    this.#sinks.delete(listener)
    this.#awaited.delete(listener)
    this.#dropEarly(listener)
  }

  /** The bound socket of a shared listener, once it has come; the caller's then. */
  whenShared(listener: number, take: (fd: number) => void): void {
    const early = this.#early.get(listener)
    this.#early.delete(listener)
    if (early !== undefined) take(early)
    else this.#awaited.set(listener, take)
  }

  /**
   * Tells the primary how many connections are held, if that is not what it was told last, or if a server that was full has room
   * again: its `maxConnections` may have been raised.
   */
  tellConnections(): void {
    const connections = this.#options.connections()
    if (!this.#hasNewRoom() && connections === this.#told) return
    this.#told = connections
    if (this.#link) this.#link.send({ type: 'held', connections }, [], () => {})
    else this.#options.control.notify({ act: 'connections', connections })
  }

  #hasNewRoom(): boolean {
    const before = this.#full.size
    for (const sink of this.#full) if (sink.hasRoom(0)) this.#full.delete(sink)
    return this.#full.size < before
  }

  /** A connection that came by the IPC channel. */
  takeSocket(listener: number, id: number, socket: Socket | undefined): void {
    this.#tellLost(id - 1)
    this.#lastId = id
    const sink = this.#sinks.get(listener)
    // Without a socket: its peer went before it could be sent, and nobody needs it.
    const isTaken = socket === undefined || sink?.hasRoom(0) === true
    if (sink && !isTaken) this.#full.add(sink)
    const deliver = socket && isTaken ? sink?.adoptSocket(socket) : undefined
    this.#answer(id, isTaken, 'full', deliver ? 1 : 0)
    if (deliver) guarded(deliver)
    else socket?.destroy()
  }

  /** The primary has sent connection `id`, and all before it, before this. */
  checkDelivered(id: number): void {
    this.#tellLost(id)
  }

  /** Those up to `id` that have not come were lost, since this process had no descriptor for them. */
  #tellLost(id: number): void {
    while (this.#lastId < id) this.#answer(++this.#lastId, false, 'shortage', 0)
  }

  #answer(id: number, isTaken: boolean, why: Refusal, more: number): void {
    this.#told = this.#options.connections() + more
    this.#options.control.notify({ act: 'taken', id, isTaken, why, connections: this.#told })
  }

  #onFrame(frame: Frame, fds: readonly number[] | null): void {
    if (frame.type === 'listener') this.#onListener(frame, fds?.[0])
    else if (frame.type === 'connections') this.#onConnections(frame, fds)
  }

  #onListener({ listener, id }: Frames<'listener'>, fd: number | undefined): void {
    const refused = fd === undefined ? [0] : []
    this.#told = this.#options.connections()
    this.#link?.send({ type: 'ack', id, connections: this.#told, refused, why: 'shortage' }, [], () => {})
    if (fd === undefined) return
    const take = this.#awaited.get(listener)
    this.#awaited.delete(listener)
    this.#dropEarly(listener)
    // From here on it is the taker's, which may be the host's own server.
    if (take) this.#descriptors?.take([fd])
    if (take) guarded(() => take(fd))
    else this.#early.set(listener, fd)
  }

  #dropEarly(listener: number): void {
    const early = this.#early.get(listener)
    this.#early.delete(listener)
    if (early !== undefined) this.#descriptors?.close([early])
  }

  #onConnections({ listener, id, count }: Frames<'connections'>, fds: readonly number[] | null): void {
    const sink = this.#sinks.get(listener)
    const taken: Deliver[] = []
    const adopted: number[] = []
    const refused: number[] = []
    let why: Refusal = fds === null ? 'shortage' : 'full'
    for (let index = 0; index < count; index++) {
      const fd = fds?.[index]
      const deliver = fd !== undefined && sink?.hasRoom(taken.length) ? sink.adopt(fd) : null
      if (fd !== undefined && typeof deliver === 'function') {
        taken.push(deliver)
        adopted.push(fd)
        continue
      }
      if (typeof deliver === 'number') why = 'shortage'
      else if (sink && fd !== undefined) this.#full.add(sink)
      if (fd !== undefined) this.#descriptors?.close([fd])
      refused.push(index)
    }
    // A socket of the host's closes its descriptor by itself.
    this.#descriptors?.take(adopted)
    this.#told = this.#options.connections() + taken.length
    this.#link?.send({ type: 'ack', id, connections: this.#told, refused, why }, [], () => {})
    for (const deliver of taken) guarded(deliver)
  }
}
