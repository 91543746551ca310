// The sending half of a stream under faults: pieces of writes, and the end, in order. It knows the rules' decisions and
// the stream below; the laws of the contract hold towards the caller whatever the rules say.
import { errno, type Status, type StreamHandle } from '@x/core/transport'
import type { Decision } from './decision'
import { DelayLine, type LineItem, timing } from './delay-line'
import type { Outcome } from './rule'

/** What the writer needs of its stream. */
export interface WriterPort {
  readonly inner: StreamHandle
  decide(type: 'write' | 'shutdown', bytes: number): Decision
  /** The connection is over by a rule: for both halves. */
  breakOff(outcome: 'reset' | 'end'): void
}

interface Request {
  readonly done: (status: Status) => void
  /** The write has answered 0, so that its outcome goes to `done`. */
  isQueued: boolean
  status: Status | null
}

interface Piece extends LineItem {
  readonly outcome: Outcome
  readonly request: Request
  /** Null for the end. */
  readonly chunks: readonly Uint8Array[] | null
  readonly bytes: number
  readonly isLast: boolean
}

/** Writes in pieces, each with its fate. */
export class FaultyWriter {
  readonly #port: WriterPort
  readonly #line: DelayLine<Piece>
  #failure: Status = 0
  #isSilent = false
  #hasEnded = false
  #current: Request | null = null
  /** Bytes that a rule dropped: for the caller they were sent. */
  dropped = 0

  constructor(port: WriterPort) {
    this.#port = port
    this.#line = new DelayLine(() => this.#run())
  }

  /** Bytes that wait here. */
  get queued(): number {
    return this.#line.items.reduce((sum, piece) => sum + piece.bytes, 0)
  }

  write(chunks: readonly Uint8Array[], done: (status: Status) => void): Status {
    if (this.#failure !== 0) return this.#failure
    if (this.#hasEnded) return errno('EPIPE')
    const request: Request = { done, isQueued: false, status: null }
    // On a busy machine, too, what is delayed goes out neither in this call nor in another of its turn.
    const nowMs = performance.now()
    this.#enqueue(this.#plan(chunks, request, nowMs), nowMs)
    if (request.status === null) {
      request.isQueued = true
      return 0
    }
    return request.status === 0 ? 1 : request.status
  }

  shutdown(done: (status: Status) => void): Status {
    if (this.#failure !== 0 || this.#hasEnded) return errno('ENOTCONN')
    this.#hasEnded = true
    const { delayMs, outcome } = this.#port.decide('shutdown', 0)
    const request: Request = { done, isQueued: true, status: null }
    const nowMs = performance.now()
    const when = timing(delayMs, outcome, nowMs)
    this.#enqueue([{ ...when, outcome, request, chunks: null, bytes: 0, isLast: true }], nowMs)
    return 0
  }

  /** Runs at once what is the first in line; behind others it is run with them, by what they wait for. */
  #enqueue(pieces: Piece[], nowMs: number): void {
    const isFirst = this.#line.items.length === 0
    this.#line.push(...pieces)
    if (isFirst) this.#run(nowMs)
  }

  /** The rules have changed: what they held is asked again. */
  reconsider(): void {
    this.#line.replaceHeld(held => {
      if (held.chunks) return this.#plan(held.chunks, held.request)
      const { delayMs, outcome } = this.#port.decide('shutdown', 0)
      return [{ ...held, ...timing(delayMs, outcome), outcome }]
    })
    this.#run()
  }

  /** All that waits fails with `status`, in later turns, and later writes with `after`. */
  fail(status: Status, after: Status): void {
    this.#failure = after
    for (const request of this.#drain()) this.#settle(request, status)
  }

  /** What is written goes nowhere from here on. */
  silence(): void {
    this.#isSilent = true
    for (const request of this.#drain()) this.#settle(request, 0)
  }

  /** Requests that were not answered; the writer does nothing more. */
  close(): ((status: Status) => void)[] {
    this.#failure = errno('EBADF')
    return this.#drain().map(request => request.done)
  }

  reference(isReferenced: boolean): void {
    this.#line.reference(isReferenced)
  }

  #drain(): Request[] {
    const requests = new Set<Request>()
    if (this.#current) requests.add(this.#current)
    this.#current = null
    for (const piece of this.#line.clear()) requests.add(piece.request)
    return [...requests].filter(request => request.status === null)
  }

  #plan(chunks: readonly Uint8Array[], request: Request, nowMs = performance.now()): Piece[] {
    const pieces: Piece[] = []
    let rest = chunks.filter(chunk => chunk.byteLength > 0)
    let left = lengthOf(rest)
    do {
      const { delayMs, bytes, outcome } = this.#port.decide('write', left)
      // A write that is held waits whole: it is cut when it is asked again.
      const length = outcome === 'hold' ? left : bytes
      const [now, later] = cut(rest, length)
      pieces.push({
        ...timing(delayMs, outcome, nowMs),
        outcome,
        request,
        chunks: now,
        bytes: length,
        isLast: length === left,
      })
      rest = later
      left -= length
    } while (left > 0)
    return pieces
  }

  #run(nowMs?: number): void {
    while (!this.#current) {
      const piece = this.#line.take(nowMs)
      if (!piece) return
      this.#perform(piece)
    }
  }

  #perform(piece: Piece): void {
    const { outcome } = piece
    if (outcome === 'reset' || outcome === 'end') {
      this.#current = piece.request
      this.#port.breakOff(outcome)
    } else if (typeof outcome === 'object') this.#finish(piece, errno(outcome.fail))
    else if (outcome === 'drop' || this.#isSilent) {
      this.dropped += piece.bytes
      this.#finish(piece, 0)
    } else this.#send(piece)
  }

  #send(piece: Piece): void {
    this.#current = piece.request
    const done = (status: Status) => {
      // Otherwise it was answered in the meantime.
      if (this.#current !== piece.request) return
      this.#current = null
      this.#finish(piece, status)
      this.#run()
    }
    const { inner } = this.#port
    const answer = piece.chunks ? inner.write(piece.chunks, done) : inner.shutdown(done)
    if (answer === 0) return
    this.#current = null
    this.#finish(piece, Math.min(answer, 0))
  }

  #finish(piece: Piece, status: Status): void {
    if (status < 0) this.#line.remove(other => other.request === piece.request)
    if (status < 0 || piece.isLast) this.#settle(piece.request, status)
  }

  #settle(request: Request, status: Status): void {
    if (request.status !== null) return
    request.status = status
    if (request.isQueued) setImmediate(() => request.done(status))
  }
}

function lengthOf(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0)
}

/** The first bytes, and the rest. */
function cut(chunks: readonly Uint8Array[], bytes: number): [Uint8Array[], Uint8Array[]] {
  const now: Uint8Array[] = []
  const later: Uint8Array[] = []
  let left = bytes
  for (const chunk of chunks) {
    if (left > 0) now.push(chunk.subarray(0, left))
    if (chunk.byteLength > left) later.push(chunk.subarray(Math.max(0, left)))
    left = Math.max(0, left - chunk.byteLength)
  }
  return [now, later]
}
