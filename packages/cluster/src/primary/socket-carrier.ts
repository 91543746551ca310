// Takes connections to a worker where descriptors cannot travel: sockets of the host, one message each, by the IPC channel
// (https://nodejs.org/api/child_process.html#subprocesssendmessage-sendhandle-options-callback).
import type { Socket } from 'node:net'
import type { ControlEndpoint } from '../both/control-endpoint'
import { nextTick } from '../both/host'
import type { FromWorker, ToWorker } from '../both/messages'
import { type Carrier, type CarrierHost, type Connection, LAST_WORDS_MS, type Settled } from './carrier'
import type { PrimaryOs, Timer } from './os'

type Taken = Extract<FromWorker, { act: 'taken' }>
type Answer = { readonly isTaken: boolean; readonly why: Parameters<Settled>[1] }

export class SocketCarrier implements Carrier {
  readonly #os: PrimaryOs
  readonly #control: ControlEndpoint<ToWorker>
  readonly #host: CarrierHost
  readonly #underWay = new Map<number, (answer: Answer) => void>()
  /** Those that the system did not take, of which the worker will say that they have not come. */
  readonly #unsent = new Set<number>()
  #lastId = 0
  #state: 'open' | 'closed' | 'dead' = 'open'
  #lastWords: Timer | null = null

  constructor(os: PrimaryOs, control: ControlEndpoint<ToWorker>, host: CarrierHost) {
    this.#os = os
    this.#control = control
    this.#host = host
  }

  get isOpen(): boolean {
    return this.#state === 'open'
  }

  receiveNow(): void {}

  send(listener: number, batch: readonly Connection[], settled: Settled): void {
    const refused: number[] = []
    let rest = batch.length
    let why: Answer['why'] = 'full'
    for (const [index, connection] of batch.entries()) {
      this.#send(listener, connection as Socket, answer => {
        if (!answer.isTaken) {
          refused.push(index)
          why = answer.why
        }
        if (--rest === 0) settled(refused, why)
      })
    }
  }

  giveListener(_listener: number, _fd: number, sent: () => void): void {
    sent() // no listener is shared where descriptors cannot travel
  }

  /** The worker has said whether it has a connection. */
  taken({ id, isTaken, why, connections }: Taken): void {
    if (this.#unsent.delete(id)) return
    if (!this.#underWay.has(id)) return this.#host.wrong('an answer to a connection that it was not sent')
    if (isTaken) this.#host.took(1)
    this.#host.told(connections)
    this.#settle(id, { isTaken, why })
  }

  /** The IPC channel has closed: all that the worker said has come. */
  channelClosed(): void {
    if (this.#state === 'open') this.#state = 'closed'
    if (this.#state === 'dead') this.#settleAll()
  }

  end(): void {
    if (this.#state === 'dead') return
    const hasClosed = this.#state === 'closed'
    this.#state = 'dead'
    if (hasClosed) return this.#settleAll()
    this.#lastWords = this.#os.setTimeout(() => this.#settleAll(), LAST_WORDS_MS)
    this.#lastWords.unref()
  }

  /**
   * The host tries a few times to hand over a socket, and drops it with its message where the worker has no descriptor for
   * it. So a question follows each: messages keep their order, and who has not got the socket by then never will.
   */
  #send(listener: number, socket: Socket, settle: (answer: Answer) => void): void {
    const id = ++this.#lastId
    this.#underWay.set(id, settle)
    const later = (answer: Answer): void => void nextTick(() => this.#settle(id, answer))
    // The peer went while it waited: nobody needs it.
    if (socket.destroyed) return later({ isTaken: true, why: 'full' })
    if (this.#state !== 'open') return later({ isTaken: false, why: 'ended' })
    const isSent =
      this.#control.notify({ act: 'connection', listener, id }, socket, () => this.#onUnsent(id)) &&
      this.#control.notify({ act: 'delivered', id })
    // The channel has closed, and 'disconnect' will tell; until then the worker is left in peace, or nothing else would run.
    if (!isSent) later({ isTaken: socket.destroyed, why: 'shortage' })
  }

  #onUnsent(id: number): void {
    if (!this.#underWay.has(id)) return
    this.#unsent.add(id)
    this.#settle(id, { isTaken: false, why: 'shortage' })
  }

  #settle(id: number, answer: Answer): void {
    const settle = this.#underWay.get(id)
    if (!settle) return
    this.#underWay.delete(id)
    if (!answer.isTaken && answer.why === 'shortage') this.#host.short()
    settle(answer)
  }

  #settleAll(): void {
    if (this.#lastWords) this.#os.clearTimeout(this.#lastWords)
    this.#lastWords = null
    for (const id of [...this.#underWay.keys()]) this.#settle(id, { isTaken: false, why: 'ended' })
  }
}
