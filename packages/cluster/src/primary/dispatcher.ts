// Where the connections of one listener go: each to a worker that the policy picks, kept here until that worker has said
// that it has it. What no worker takes for now waits, and is offered again when anything changes, and by timer.
import type { Connection } from './carrier'
import type { PrimaryOs, Timer } from './os'
import type { Candidate, Incoming, Policy } from './policy'
import type { WorkerProcess } from './worker-process'

/** What of a worker this needs. */
export type Destination = Pick<
  WorkerProcess,
  'id' | 'candidate' | 'state' | 'hasRoom' | 'roomChanges' | 'reserve' | 'give'
>

export interface DispatcherOptions {
  readonly os: Pick<PrimaryOs, 'setTimeout' | 'clearTimeout'>
  /** Throws nothing, and answers one of the candidates or null. */
  readonly policy: Policy
  /** The peer of a connection; asked only where the policy needs it, and once. */
  readonly incoming: (connection: Connection, firstBytes: Buffer) => Incoming
  /** Our copies may go: a worker has them, or nobody will. */
  readonly release: (connections: readonly Connection[]) => void
  /** Told with false when no more should be accepted for now, and with true when more should. */
  readonly flow: (isOpen: boolean) => void
}

interface Waiting {
  readonly connection: Connection
  readonly firstBytes: Buffer
  incoming: Incoming | null
  /** Workers that have refused it, with their `roomChanges` then; null before the first. */
  refusedBy: Map<number, number> | null
}

interface Seat {
  readonly worker: Destination
  /** The worker's number for this listener. */
  readonly listener: number
  /** Given to this worker in this turn, and not sent yet. */
  batch: Waiting[]
}

/** Connections that may wait here because of what the policy says while others are served; then accepting pauses. */
const MOST_WAITING = 256
const RETRY_MS = 20
const LONGEST_RETRY_MS = 1000

const NOTHING = Buffer.alloc(0)
const NOBODY: Incoming = { remoteAddress: '', remotePort: 0, firstBytes: NOTHING }

export class Dispatcher {
  readonly #options: DispatcherOptions
  /** In the order of worker ids. */
  #seats = new Map<number, Seat>()
  #waiting: Waiting[] = []
  #retryTimer: Timer | null = null
  #retryMs = RETRY_MS
  #placing: 'no' | 'yes' | 'again' = 'no'
  /** Some connection waits because no worker takes one: what comes next waits in the backlog. */
  #isFull = false
  #isAccepting = true
  #isClosed = false
  /** Sent to workers that have not answered. */
  #unanswered = 0

  constructor(options: DispatcherOptions) {
    this.#options = options
  }

  /** The worker serves this listener. */
  join(worker: Destination, listener: number): void {
    const seats = [...this.#seats.values(), { worker, listener, batch: [] }]
    seats.sort((a, b) => a.worker.id - b.worker.id)
    this.#seats = new Map(seats.map(seat => [seat.worker.id, seat]))
    this.#retry()
  }

  /** It does not any more. What is on its way there comes back, where the worker does not have it. */
  leave(id: number): void {
    if (!this.#seats.delete(id)) return
    this.#retry()
  }

  /** The worker may take connections again, or nothing more. */
  changed(id: number): void {
    if (this.#seats.has(id)) this.#retry()
  }

  /** Accepted connections; what has come on each, where that was looked at. */
  add(connections: readonly Connection[], firstBytes: readonly Buffer[] = []): void {
    if (this.#isClosed) return this.#options.release(connections)
    for (let i = 0; i < connections.length; i++) {
      const connection = connections[i] as Connection
      this.#waiting.push({
        connection,
        firstBytes: firstBytes[i] ?? NOTHING,
        incoming: null,
        refusedBy: null,
      })
    }
    this.#retry()
  }

  /** Nothing is on its way to a worker, and nothing waits that a worker could take. */
  get isSettled(): boolean {
    return this.#unanswered === 0 && (this.#waiting.length === 0 || this.#seats.size === 0)
  }

  /** Gives up what waits. What is on its way to a worker is still served there. */
  close(): void {
    this.#isClosed = true
    this.#stopTimer()
    this.#seats.clear()
    this.#giveUp()
  }

  #giveUp(): void {
    const rest = this.#waiting.map(entry => entry.connection)
    this.#waiting = []
    this.#options.release(rest)
  }

  #retry(): void {
    if (this.#waiting.length > 0 || this.#placing !== 'no') this.#place()
    this.#settleFlow()
  }

  /** Gives workers what waits, as far as they take it. A policy may do what changes a worker, and so ask for this again. */
  #place(): void {
    if (this.#placing !== 'no') {
      this.#placing = 'again'
      return
    }
    do {
      this.#placing = 'yes'
      this.#placeOnce()
    } while ((this.#placing as string) === 'again' && this.#waiting.length > 0)
    this.#placing = 'no'
    // The policy may have closed this while it was asked.
    if (this.#isClosed) this.#giveUp()
  }

  #placeOnce(): void {
    const waiting = this.#waiting
    this.#waiting = []
    this.#isFull = false
    const rest: Waiting[] = []
    const chosen: Seat[] = []
    let candidates = this.#candidates()
    for (const entry of waiting) {
      const seat = this.#pick(entry, candidates)
      if (seat === null) rest.push(entry)
      else {
        seat.worker.reserve()
        if (seat.batch.length === 0) chosen.push(seat)
        seat.batch.push(entry)
        if (!seat.worker.hasRoom) candidates = this.#candidates()
      }
    }
    if (rest.length > 0) this.#waiting = rest.concat(this.#waiting)
    for (const seat of chosen) this.#send(seat)
  }

  /** Who may be picked. */
  #candidates(): Candidate[] {
    const { isBinding } = this.#options.policy
    const candidates: Candidate[] = []
    for (const { worker } of this.#seats.values()) {
      if (isBinding ? worker.state === 'ready' : worker.hasRoom) candidates.push(worker.candidate)
    }
    return candidates
  }

  /** The seat of the worker that the policy picks; null where the connection has to wait. */
  #pick(entry: Waiting, candidates: readonly Candidate[]): Seat | null {
    const { policy, incoming } = this.#options
    if (policy.needsAddress || policy.peek) entry.incoming ??= incoming(entry.connection, entry.firstBytes)
    const offered =
      policy.isBinding || !entry.refusedBy?.size
        ? candidates
        : candidates.filter(({ id }) => !this.#hasRefused(this.#seats.get(id), entry))
    if (offered.length === 0) {
      this.#isFull = true
      return null
    }
    const choice = policy.pick(offered, entry.incoming ?? NOBODY)
    const seat = choice === null ? undefined : this.#seats.get(choice.id)
    return seat?.worker.hasRoom && !this.#hasRefused(seat, entry) ? seat : null
  }

  /** Whether the worker has refused it, and has told of no room since. */
  #hasRefused(seat: Seat | undefined, { refusedBy }: Waiting): boolean {
    return seat !== undefined && refusedBy?.get(seat.worker.id) === seat.worker.roomChanges
  }

  #send(seat: Seat): void {
    const { batch } = seat
    if (batch.length === 0) return
    seat.batch = []
    const connections = batch.map(entry => entry.connection)
    this.#unanswered += batch.length
    seat.worker.give(seat.listener, connections, refused => {
      this.#unanswered -= batch.length
      // While all is refused it is offered less and less often, however much there is.
      if (refused.length < batch.length) this.#retryMs = RETRY_MS
      this.#options.release(refused.length > 0 ? this.#takeBack(seat, batch, refused) : connections)
      // What was taken is followed by `changed`, for all listeners in their turn; who has left is not told of any more.
      if (refused.length > 0) this.#retry()
    })
  }

  /** What a worker refused waits again. Answers what nobody waits for any more. */
  #takeBack(seat: Seat, batch: readonly Waiting[], refused: readonly number[]): Connection[] {
    const indexes = new Set(refused)
    const over: Connection[] = []
    for (const [index, entry] of batch.entries()) {
      if (this.#isClosed || !indexes.has(index)) {
        over.push(entry.connection)
        continue
      }
      // Whatever it says of itself: who has refused it is offered it again when it tells of a change, or by timer.
      entry.refusedBy ??= new Map()
      entry.refusedBy.set(seat.worker.id, seat.worker.roomChanges)
      this.#waiting.push(entry)
    }
    return over
  }

  /** Accepting goes on while somebody serves, and nobody waits but for what the policy says. */
  #settleFlow(): void {
    if (this.#isClosed) return
    this.#settleTimer()
    let isServed = false
    for (const { worker } of this.#seats.values()) if (worker.state === 'ready') isServed = true
    const waits = this.#waiting.length
    const isAccepting = isServed && waits < MOST_WAITING && !(this.#isFull && waits > 0)
    if (isAccepting === this.#isAccepting) return
    this.#isAccepting = isAccepting
    this.#options.flow(isAccepting)
  }

  #settleTimer(): void {
    if (this.#waiting.length === 0) return this.#stopTimer()
    if (this.#retryTimer !== null || this.#seats.size === 0) return
    this.#retryTimer = this.#options.os.setTimeout(() => {
      this.#retryTimer = null
      this.#retryMs = Math.min(LONGEST_RETRY_MS, this.#retryMs * 2)
      for (const entry of this.#waiting) entry.refusedBy?.clear()
      this.#retry()
    }, this.#retryMs)
    this.#retryTimer.unref()
  }

  #stopTimer(): void {
    if (this.#retryTimer !== null) this.#options.os.clearTimeout(this.#retryTimer)
    this.#retryTimer = null
  }
}
