// Hands connections to a worker where descriptors cannot travel: sockets of the host, one message each, by the IPC channel
// (https://nodejs.org/api/child_process.html#subprocesssendmessage-sendhandle-options-callback).
import type { Socket } from 'node:net'
import type { ControlEndpoint } from '../control/endpoint'
import type { FromWorker, ToWorker } from '../control/messages'
import type { Taker } from './placement'

/** What a socket taker asks of the record of its worker. */
export interface SocketTakerHost {
  readonly id: number
  readonly weight: number
  readonly load: number
  readonly canReceive: boolean
  readonly control: ControlEndpoint<ToWorker, FromWorker>
  /** The worker has confirmed: its load, and whether it took the connection. */
  confirmed(load: number, isTaken: boolean): void
}

export class SocketTaker implements Taker<Socket> {
  readonly #host: SocketTakerHost
  readonly #underWay = new Map<Socket, (isTaken: boolean) => void>()

  constructor(host: SocketTakerHost) {
    this.#host = host
  }

  get id(): number {
    return this.#host.id
  }

  get weight(): number {
    return this.#host.weight
  }

  get load(): number {
    return this.#host.load
  }

  get isOpen(): boolean {
    return this.#host.canReceive
  }

  get underWay(): number {
    return this.#underWay.size
  }

  take(listener: number, sockets: readonly Socket[], done: (refused: readonly Socket[]) => void): void {
    const refused: Socket[] = []
    let rest = sockets.length
    for (const socket of sockets) {
      this.#send(listener, socket, isTaken => {
        if (!isTaken) refused.push(socket)
        if (--rest === 0) done(refused)
      })
    }
  }

  /** The process has ended: what it had not confirmed goes to others. */
  end(): void {
    const underWay = [...this.#underWay.values()]
    this.#underWay.clear()
    for (const answer of underWay) answer(false)
  }

  #send(listener: number, socket: Socket, answer: (isTaken: boolean) => void): void {
    if (socket.destroyed) return answer(true) // the peer went while it waited: nobody needs it
    this.#underWay.set(socket, answer)
    const isSent = this.#host.control.request(
      { act: 'connection', listener },
      reply => {
        if (!this.#underWay.delete(socket) || reply.act !== 'taken') return
        this.#host.confirmed(reply.load, reply.isTaken)
        answer(reply.isTaken)
      },
      socket,
    )
    if (!isSent && !this.#host.canReceive && this.#underWay.delete(socket)) answer(false)
  }
}
