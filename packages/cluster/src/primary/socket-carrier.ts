// Takes connections to a worker where descriptors cannot travel: sockets of the host, one message each, by the IPC channel
// (https://nodejs.org/api/child_process.html#subprocesssendmessage-sendhandle-options-callback).
import type { ControlEndpoint } from '../both/control-endpoint'
import { nextTick } from '../both/host'
import type { FromWorker, ToWorker } from '../both/messages'
import { type Carrier, type CarrierHost, type Connection, LAST_WORDS_MS, type Settled } from './carrier'
import type { HostConnection } from './host-connections'
import type { PrimaryOs, Timer } from './os'

/** A worker says by then, if not before, which connections were lost on their way to it. */
const ASK_MS = 20

type Taken = Extract<FromWorker, { act: 'taken' }>
type Connecting = Extract<ToWorker, { act: 'connection' }>
type Why = Parameters<Settled>[1]

/** Connections that were given together, and what became of them. */
interface Batch {
  readonly settled: Settled
  readonly refused: number[]
  why: Why
  /** So many are not settled. */
  rest: number
}

/** One of them. */
interface Parcel {
  readonly batch: Batch
  readonly index: number
}

export class SocketCarrier implements Carrier {
  readonly #os: PrimaryOs
  readonly #control: ControlEndpoint<ToWorker>
  readonly #host: CarrierHost
  readonly #underWay = new Map<number, Parcel>()
  /** Those that the system did not take, of which the worker will say that they have not come. */
  readonly #unsent = new Set<number>()
  #lastId = 0
  #state: 'open' | 'closed' | 'dead' = 'open'
  #lastWords: Timer | null = null
  #askTimer: Timer | null = null
  readonly #onUnsent = ({ id }: Connecting): void => {
    const parcel = this.#underWay.get(id)
    if (!parcel) return
    this.#underWay.delete(id)
    this.#unsent.add(id)
    this.#settle(parcel, false, 'shortage')
  }

  constructor(os: PrimaryOs, control: ControlEndpoint<ToWorker>, host: CarrierHost) {
    this.#os = os
    this.#control = control
    this.#host = host
  }

  get isOpen(): boolean {
    return this.#state === 'open'
  }

  receiveNow(): void {}

  send(listener: number, connections: readonly Connection[], settled: Settled): void {
    const batch: Batch = { settled, refused: [], why: 'full', rest: connections.length }
    for (let index = 0; index < connections.length; index++)
      this.#send(listener, connections[index] as HostConnection, { batch, index })
  }

  giveListener(_listener: number, _fd: number, sent: () => void): void {
    sent() // no listener is shared where descriptors cannot travel
  }

  /** The worker has said whether it has a connection. */
  taken({ id, isTaken, why, connections }: Taken): void {
    if (this.#unsent.delete(id)) return
    const parcel = this.#underWay.get(id)
    if (!parcel) return this.#host.wrong('an answer to a connection that it was not sent')
    this.#underWay.delete(id)
    if (isTaken) this.#host.took(1)
    this.#host.told(connections)
    this.#settle(parcel, isTaken, why)
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
    if (this.#askTimer) this.#os.clearTimeout(this.#askTimer)
    if (hasClosed) return this.#settleAll()
    this.#lastWords = this.#os.setTimeout(() => this.#settleAll(), LAST_WORDS_MS)
    this.#lastWords.unref()
  }

  /**
   * Connections have consecutive ids, and messages keep their order: a worker that gets one after a gap knows what was lost. The
   * host drops a socket with its message where the worker has no descriptor for it.
   */
  #send(listener: number, connection: HostConnection, parcel: Parcel): void {
    // The peer went while it waited: nobody needs it.
    if (connection.isGone) return this.#settleLater(parcel, true, 'full')
    if (this.#state !== 'open') return this.#settleLater(parcel, false, 'ended')
    const id = this.#lastId + 1
    this.#underWay.set(id, parcel)
    const message: Connecting = { act: 'connection', listener, id }
    if (!this.#control.notify(message, connection.sendable, this.#onUnsent)) {
      this.#underWay.delete(id)
      // The channel has closed, and 'disconnect' will tell; until then the worker is left in peace, or nothing else would run.
      return this.#settleLater(parcel, connection.isGone, 'shortage')
    }
    this.#lastId = id
    this.#askTimer ??= this.#os.setTimeout(() => this.#ask(), ASK_MS)
  }

  /** The last one sent has no other behind it: the worker is told that it was sent. */
  #ask(): void {
    this.#askTimer = null
    if (this.#state === 'open' && this.#underWay.size > 0)
      this.#control.notify({ act: 'delivered', id: this.#lastId })
  }

  #settleLater(parcel: Parcel, isTaken: boolean, why: Why): void {
    nextTick(() => this.#settle(parcel, isTaken, why))
  }

  #settle({ batch, index }: Parcel, isTaken: boolean, why: Why): void {
    if (!isTaken) {
      if (why === 'shortage') this.#host.short()
      batch.refused.push(index)
      batch.why = why
    }
    if (--batch.rest === 0) batch.settled(batch.refused, batch.why)
  }

  #settleAll(): void {
    if (this.#lastWords) this.#os.clearTimeout(this.#lastWords)
    this.#lastWords = null
    const parcels = [...this.#underWay.values()]
    this.#underWay.clear()
    for (const parcel of parcels) this.#settle(parcel, false, 'ended')
  }
}
