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

interface Seat<Token> {
  readonly taker: Taker<Token>
  readonly listener: number
  underWay: number
  batch: Token[]
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
  #placed = 0

  constructor(options: PlacementOptions<Token>) {
    this.#options = options
  }

  /** Connections that workers have confirmed. */
  get placed(): number {
    return this.#placed
  }

  join(taker: Taker<Token>, listener: number): void {
    const seats = [...this.#seats.values(), { taker, listener, underWay: 0, batch: [] }]
    seats.sort((a, b) => a.taker.id - b.taker.id)
    this.#seats = new Map(seats.map(seat => [seat.taker.id, seat]))
    this.retry()
  }

  /** No more for this worker. What is under way to it comes back through its `take`, where it does not confirm. */
  leave(id: number): void {
    const seat = this.#seats.get(id)
    this.#seats.delete(id)
    if (seat) for (const token of seat.batch.splice(0)) this.#wait(token)
    this.retry()
  }

  add(tokens: readonly Token[]): void {
    for (const token of tokens) this.#wait(token)
    this.retry()
  }

  /** The worker has room again: what it refused may be offered to it anew. */
  reopen(id: number): void {
    if (this.#waiting.length === 0) return
    for (const entry of this.#waiting) entry.refusedBy.delete(id)
    this.retry()
  }

  /** Tries those that wait again: something has changed with a worker. */
  retry(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const entry of waiting) {
      const seat = this.#pick(entry.token, entry.refusedBy)
      if (!seat) {
        this.#waiting.push(entry)
        continue
      }
      if (entry.refusedBy.size > 0) this.#refusals.set(entry.token, entry.refusedBy)
      seat.underWay++
      seat.batch.push(entry.token)
      this.#flushSoon()
    }
    this.#setFlow()
  }

  /** Gives up what waits, and returns it. */
  close(): Token[] {
    const rest = this.#waiting.map(entry => entry.token)
    for (const seat of this.#seats.values()) rest.push(...seat.batch.splice(0))
    this.#waiting = []
    this.#seats.clear()
    return rest
  }

  #wait(token: Token): void {
    const refusedBy = this.#refusals.get(token) ?? new Set<number>()
    this.#refusals.delete(token)
    this.#waiting.push({ token, refusedBy })
  }

  #pick(token: Token, refusedBy: Set<number>): Seat<Token> | undefined {
    const candidates: Candidate[] = []
    for (const { taker, underWay } of this.#seats.values()) {
      if (!taker.isOpen) continue
      if (underWay >= WINDOW || refusedBy.has(taker.id)) continue
      candidates.push({ id: taker.id, connections: taker.load + underWay, weight: taker.weight })
    }
    if (candidates.length === 0) return undefined
    const incoming = this.#options.policy.needsAddress ? this.#options.incoming(token) : NOBODY
    const choice = this.#options.policy.pick(candidates, incoming)
    return choice ? this.#seats.get(choice.id) : undefined
  }

  #flushSoon(): void {
    if (this.#isFlushing) return
    this.#isFlushing = true
    process.nextTick(() => {
      this.#isFlushing = false
      for (const seat of this.#seats.values()) this.#flush(seat)
    })
  }

  #flush(seat: Seat<Token>): void {
    const batch = seat.batch
    if (batch.length === 0) return
    seat.batch = []
    seat.taker.take(seat.listener, batch, refused => {
      seat.underWay -= batch.length
      const isRefused = new Set(refused)
      const taken = batch.filter(token => !isRefused.has(token))
      this.#placed += taken.length
      for (const token of taken) this.#refusals.delete(token)
      this.#options.release(taken)
      for (const token of refused) {
        const refusedBy = this.#refusals.get(token) ?? new Set<number>()
        refusedBy.add(seat.taker.id)
        this.#refusals.set(token, refusedBy)
        this.#wait(token)
      }
      this.retry()
    })
  }

  #setFlow(): void {
    const isOpen = this.#waiting.length === 0 && this.#seats.size > 0
    if (isOpen === this.#isOpen) return
    this.#isOpen = isOpen
    this.#options.flow(isOpen)
  }
}
