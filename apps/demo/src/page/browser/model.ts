/// <reference lib="dom" />
// What the page knows of the broker: its workers, who is where, what is in force. It is told by events, and draws nothing.
import { type ClientSighting, isOwnName, MOST_SIGHTED } from '../../primary/hub-messages'
import type { Status } from '../../primary/supervisor'
import type { FaultInForce } from '../faults'
import type { PageEvents, WorkerSummary } from '../page-events'
import type { LoadState } from '../page-load'

/** How long a client that is seen nowhere may be on its way. */
const ON_ITS_WAY_MS = 2000
/** A worker hands its clients over in some milliseconds; its draining is shown for as long as people need to see it. */
const DRAINING_SHOWN_MS = 800
/** How long a worker that has ended is still shown. */
const ENDED_SHOWN_MS = 6000

export type ClientKind = 'page' | 'load' | 'other'

export interface Lane {
  readonly worker: WorkerSummary
  readonly state: WorkerSummary['state'] | 'ended'
  readonly clients: readonly ClientSighting[]
  /** All that the worker has; more than `clients` where not all are drawn. */
  readonly clientCount: number
}

export interface Move {
  readonly id: number
  readonly from: number
  readonly to: number
}

export class Model {
  /** Something has changed that is drawn. */
  onChange: () => void = () => {}
  onMove: (move: Move) => void = () => {}
  status: Status | null = null
  faults: readonly FaultInForce[] = []
  load: LoadState = { isRunning: false, published: 0, delivered: 0, broken: 0 }
  readonly #workers = new Map<number, WorkerSummary>()
  /** Those that are not there any more, and when they were seen last. */
  readonly #ended = new Map<number, number>()
  /** Those that began to drain a moment ago. */
  readonly #draining = new Set<number>()
  readonly #clients = new Map<number, readonly ClientSighting[]>()
  /** The worker in which each client was seen last. */
  readonly #whereabouts = new Map<number, number>()

  /** By place, and those that came later below those that they replace. */
  get lanes(): readonly Lane[] {
    const byPlace = (a: WorkerSummary, b: WorkerSummary) => a.place - b.place || a.id - b.id
    return [...this.#workers.values()].sort(byPlace).map(worker => {
      const isEnded = this.#ended.has(worker.id)
      const clients = isEnded ? [] : (this.#clients.get(worker.id) ?? [])
      const counted = this.status?.workers.find(({ id }) => id === worker.id)?.clients ?? 0
      return {
        worker,
        state: this.#stateOf(worker),
        clients,
        clientCount: clients.length < MOST_SIGHTED ? clients.length : Math.max(counted, clients.length),
      }
    })
  }

  /** Workers that have not ended. */
  get living(): readonly WorkerSummary[] {
    return [...this.#workers.values()].filter(({ id }) => !this.#ended.has(id))
  }

  set(workers: PageEvents['workers']): void {
    const now = performance.now()
    const ids = new Set(workers.map(({ id }) => id))
    for (const id of this.#workers.keys()) if (!ids.has(id) && !this.#ended.has(id)) this.#ended.set(id, now)
    for (const worker of workers) {
      if (worker.state === 'draining' && this.#workers.get(worker.id)?.state !== 'draining') {
        this.#showDraining(worker.id)
      }
      this.#workers.set(worker.id, worker)
    }
    this.onChange()
  }

  /** Forgets the workers that ended long ago. */
  tidy(): void {
    for (const [id, endedMs] of this.#ended) {
      if (performance.now() - endedMs < ENDED_SHOWN_MS) continue
      this.#ended.delete(id)
      this.#workers.delete(id)
      this.#clients.delete(id)
      for (const [client, worker] of this.#whereabouts) if (worker === id) this.#whereabouts.delete(client)
      this.onChange()
    }
  }

  setClients({ worker, clients }: PageEvents['clients']): void {
    const ids = new Set(clients.map(({ id }) => id))
    const gone = (this.#clients.get(worker) ?? []).filter(({ id }) => !ids.has(id))
    this.#clients.set(worker, clients)
    if (gone.length > 0) setTimeout(() => this.#forget(worker, gone), ON_ITS_WAY_MS)
    for (const id of ids) {
      const from = this.#whereabouts.get(id)
      this.#whereabouts.set(id, worker)
      if (from === undefined || from === worker) continue
      this.#clients.set(
        from,
        (this.#clients.get(from) ?? []).filter(client => client.id !== id),
      )
      this.onMove({ id, from, to: worker })
    }
    this.onChange()
  }

  #stateOf({ id, state }: WorkerSummary): Lane['state'] {
    if (!this.#ended.has(id)) return state
    return this.#draining.has(id) ? 'draining' : 'ended'
  }

  #showDraining(id: number): void {
    this.#draining.add(id)
    setTimeout(() => {
      this.#draining.delete(id)
      this.onChange()
    }, DRAINING_SHOWN_MS)
  }

  /** Those that have not come to another worker. */
  #forget(worker: number, gone: readonly ClientSighting[]): void {
    const here = new Set((this.#clients.get(worker) ?? []).map(({ id }) => id))
    for (const { id } of gone) {
      if (this.#whereabouts.get(id) === worker && !here.has(id)) this.#whereabouts.delete(id)
    }
  }
}

export function kindOf({ name }: ClientSighting): ClientKind {
  if (!isOwnName(name)) return 'other'
  return name.startsWith('page') ? 'page' : 'load'
}
