// Where accepted connections go: each to a worker that the policy picks, kept until the worker has said that it has it.
// It knows workers as takers with a load, and moves tokens (descriptors or sockets) without looking into them.
import type { Candidate, Incoming, Policy } from '../policy'

/** A worker that takes connections. */
export interface Taker<Token> {
  readonly id: number
  readonly weight: number
  /** Connections that it has told of and that are not closed. */
  readonly load: number
  /** False where it is not to get more: draining, not responding. */
  readonly isOpen: boolean
  /** Hands over a batch. `done` gets the tokens that it did not take; all of them where it died first. */
  take(listener: number, tokens: readonly Token[], done: (refused: readonly Token[]) => void): void
}

/** A worker as the policy sees it, and what is on its way there. */
class Seat<Token> implements Candidate {
  readonly #taker: Taker<Token>
  readonly #listener: number
  #underWay = 0
  #batch: Token[] = []

  constructor(taker: Taker<Token>, listener: number) {
    this.#taker = taker
    this.#listener = listener
  }

  get id(): number {
    return this.#taker.id
  }

  get weight(): number {
    return this.#taker.weight
  }

  get connections(): number {
    return this.#taker.load + this.#underWay
  }

  get hasRoom(): boolean {
    return this.#underWay < WINDOW && this.#taker.isOpen
  }

  add(token: Token): void {
    this.#underWay++
    this.#batch.push(token)
  }

  /** What has been added and not been sent. */
  takeBatch(): Token[] {
    const batch = this.#batch
    if (batch.length > 0) this.#batch = []
    return batch
  }

  send(batch: readonly Token[], done: (refused: readonly Token[]) => void): void {
    this.#taker.take(this.#listener, batch, refused => {
      this.#underWay -= batch.length
      done(refused)
    })
  }
}

export interface PlacementOptions<Token> {
  readonly policy: Policy
  /** The peer of a connection; asked only where the policy needs it. */
  readonly incoming: (token: Token) => Incoming
  /** The worker has it: our copy may go. */
  readonly release: (tokens: readonly Token[]) => void
  /** Called with false when nothing more can be placed for now, with true when it can again. */
  readonly flow: (isOpen: boolean) => void
}

/** Connections on their way to one worker; more wait, so that a worker which hangs holds few. */
const WINDOW = 64

const NOBODY: Incoming = { remoteAddress: '', remotePort: 0 }

export class Placement<Token> {
  readonly #options: PlacementOptions<Token>
  /** In the order of worker ids. */
  #seats = new Map<number, Seat<Token>>()
  /** Accepted, and not placed yet. */
  #waiting: { token: Token; refusedBy: Set<number> }[] = []
  /** Who has refused a connection that is still looking for a worker. */
  readonly #refusals = new Map<Token, Set<number>>()
  #isFlushing = false
  #isOpen = true
  #isClosed = false
  #placed = 0

  constructor(options: PlacementOptions<Token>) {
    this.#options = options
  }

  /** Connections that workers have confirmed. */
  get placed(): number {
    return this.#placed
  }

  join(taker: Taker<Token>, listener: number): void {
    const seats = [...this.#seats.values(), new Seat(taker, listener)]
    seats.sort((a, b) => a.id - b.id)
    this.#seats = new Map(seats.map(seat => [seat.id, seat]))
    this.retry()
  }

  /** No more for this worker. What is under way to it comes back through its `take`, where it does not confirm. */
  leave(id: number): void {
    const seat = this.#seats.get(id)
    this.#seats.delete(id)
    if (seat) for (const token of seat.takeBatch()) this.#wait(token)
    this.retry()
  }

  add(tokens: readonly Token[]): void {
    let open = this.#waiting.length === 0 ? this.#open() : []
    for (const token of tokens) {
      const seat = this.#pick(token, open)
      if (!seat) this.#wait(token)
      else if (!seat.hasRoom) open = this.#open()
    }
    this.#flushAll()
    this.#setFlow()
  }

  /** The worker has room again: what it refused may be offered to it anew, also what another is being asked to take now. */
  reopen(id: number): void {
    for (const refusedBy of this.#refusals.values()) refusedBy.delete(id)
    if (this.#waiting.length === 0) return
    for (const entry of this.#waiting) entry.refusedBy.delete(id)
    this.retry()
  }

  /** Tries those that wait again: something has changed with a worker. */
  retry(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const entry of waiting) {
      const { token, refusedBy } = entry
      const seat = this.#pick(
        token,
        this.#open().filter(({ id }) => !refusedBy.has(id)),
      )
      if (!seat) this.#waiting.push(entry)
      else if (refusedBy.size > 0) this.#refusals.set(token, refusedBy)
    }
    if (waiting.length > 0) this.#flushSoon()
    this.#setFlow()
  }

  /** Gives up what waits, and returns it. */
  close(): Token[] {
    this.#isClosed = true
    const rest = this.#waiting.map(entry => entry.token)
    for (const seat of this.#seats.values()) rest.push(...seat.takeBatch())
    this.#waiting = []
    this.#seats.clear()
    return rest
  }

  #wait(token: Token): void {
    const refusedBy = this.#refusals.get(token) ?? new Set<number>()
    this.#refusals.delete(token)
    this.#waiting.push({ token, refusedBy })
  }

  /** Those that can take one more, in the order of worker ids. */
  #open(): Seat<Token>[] {
    const open: Seat<Token>[] = []
    for (const seat of this.#seats.values()) if (seat.hasRoom) open.push(seat)
    return open
  }

  /** Gives the token to the one that the policy picks. */
  #pick(token: Token, open: readonly Seat<Token>[]): Seat<Token> | undefined {
    if (open.length === 0) return undefined
    const { policy, incoming } = this.#options
    const choice = policy.pick(open, policy.needsAddress ? incoming(token) : NOBODY)
    const seat = choice ? this.#seats.get(choice.id) : undefined
    if (!seat) return undefined
    seat.add(token)
    return seat
  }

  /** In a later tick: this is asked for while a worker's answer is being taken. */
  #flushSoon(): void {
    if (this.#isFlushing) return
    this.#isFlushing = true
    process.nextTick(() => {
      this.#isFlushing = false
      this.#flushAll()
    })
  }

  #flushAll(): void {
    for (const seat of this.#seats.values()) this.#flush(seat)
  }

  #flush(seat: Seat<Token>): void {
    const batch = seat.takeBatch()
    if (batch.length === 0) return
    seat.send(batch, refused => {
      this.#placed += batch.length - refused.length
      // Nobody is left to take what comes back.
      if (this.#isClosed) return this.#options.release(batch)
      if (refused.length > 0) this.#settleRefused(seat.id, batch, refused)
      else {
        if (this.#refusals.size > 0) for (const token of batch) this.#refusals.delete(token)
        this.#options.release(batch)
      }
      this.retry()
    })
  }

  #settleRefused(worker: number, batch: readonly Token[], refused: readonly Token[]): void {
    const isRefused = new Set(refused)
    const taken = batch.filter(token => !isRefused.has(token))
    for (const token of taken) this.#refusals.delete(token)
    this.#options.release(taken)
    for (const token of refused) {
      const refusedBy = this.#refusals.get(token) ?? new Set<number>()
      refusedBy.add(worker)
      this.#refusals.set(token, refusedBy)
      this.#wait(token)
    }
  }

  #setFlow(): void {
    const isOpen = this.#waiting.length === 0 && this.#seats.size > 0
    if (isOpen === this.#isOpen) return
    this.#isOpen = isOpen
    this.#options.flow(isOpen)
  }
}
