// The listeners that a primary holds for its workers: one an address and index, as long as a worker uses it.
import { type Address, isTcpAddress, type Status } from '@x/core/transport'
import type { ListenAsk } from '../control/messages'

/** A listener of the primary. `shared`: workers get a bound socket. `handover`: they get connections. */
export interface PrimaryListener {
  readonly mode: 'shared' | 'handover'
  /** The worker begins, or ceases, to take part. */
  join(worker: number, listener: number): void
  leave(worker: number): void
  sockname(): Address | Status
  close(): void
}

interface Entry {
  readonly key: string
  readonly id: number
  readonly workers: Set<number>
  /** Callers that came while it opens. */
  waiting: ((status: Status, entry: Entry) => void)[] | null
  listener: PrimaryListener | null
  status: Status
}

/** Makes a listener; `done` once with a status. */
export type OpenListener = (
  ask: ListenAsk,
  done: (status: Status, listener: PrimaryListener | null) => void,
) => void

export class ListenerRegistry {
  readonly #entries = new Map<string, Entry>()
  readonly #open: OpenListener
  #lastId = 0

  /** Keep listeners that have lost their last worker: what comes meanwhile waits for the next. */
  readonly #keep: boolean

  constructor(open: OpenListener, keep: boolean) {
    this.#open = open
    this.#keep = keep
  }

  /** The listener for a worker's ask, opened now or shared with others; `done` once. */
  take(
    worker: number,
    ask: ListenAsk,
    done: (status: Status, id: number, listener: PrimaryListener | null) => void,
  ): void {
    const key = keyOf(ask)
    let entry = this.#entries.get(key)
    const isNew = entry === undefined
    entry ??= { key, id: ++this.#lastId, workers: new Set(), waiting: [], listener: null, status: 0 }
    entry.workers.add(worker)
    const answer = (status: Status, opened: Entry): void => {
      if (status < 0) done(status, opened.id, null)
      else if (!opened.workers.has(worker))
        return // left while it opened
      else done(0, opened.id, opened.listener)
    }
    if (entry.waiting) entry.waiting.push(answer)
    else answer(entry.status, entry)
    if (isNew) {
      this.#entries.set(key, entry)
      this.#start(entry, ask)
    }
  }

  /** The worker closed this listener; the last one to do so closes it for good. */
  release(worker: number, id: number): void {
    for (const entry of this.#entries.values()) if (entry.id === id) this.#leave(entry, worker, false)
  }

  /** The worker is gone, or going. */
  releaseAll(worker: number): void {
    for (const entry of [...this.#entries.values()]) this.#leave(entry, worker, this.#keep)
  }

  /** Closes every listener. */
  closeAll(): void {
    for (const entry of [...this.#entries.values()]) this.#close(entry)
  }

  #start(entry: Entry, ask: ListenAsk): void {
    this.#open(ask, (status, listener) => {
      const waiting = entry.waiting ?? []
      entry.waiting = null
      entry.status = status
      entry.listener = listener
      if (status < 0) this.#entries.delete(entry.key)
      else if (entry.workers.size === 0 && !this.#keep) this.#close(entry)
      for (const answer of waiting) answer(status, entry)
    })
  }

  #leave(entry: Entry, worker: number, keep: boolean): void {
    if (!entry.workers.delete(worker)) return
    entry.listener?.leave(worker)
    if (entry.workers.size === 0 && entry.waiting === null && !keep) this.#close(entry)
  }

  #close(entry: Entry): void {
    if (this.#entries.get(entry.key) === entry) this.#entries.delete(entry.key)
    entry.listener?.close()
  }
}

/** What makes two asks mean the same listener. */
function keyOf(ask: ListenAsk): string {
  const { at, flags } = ask
  if ('fd' in at) return `fd:${at.fd}:${ask.index}`
  if (!isTcpAddress(at)) return `path:${at.path}:${ask.index}`
  return `tcp:${at.family}:${at.address}:${at.port}:${flags.ipv6Only === true}:${ask.index}`
}
