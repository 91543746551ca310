// What the primary has opened for its workers: each address once, as long as a worker uses it. It knows who uses what, not
// what it is.
import type { Status } from '@x/core/transport'
import type { WorkerProcess } from './worker-process'

/** Something opened that workers share. */
export interface Shared {
  leave(worker: WorkerProcess): void
  close(): void
}

interface Entry<Opened extends Shared> {
  readonly key: string
  readonly id: number
  readonly workers: Set<WorkerProcess>
  /** Those that asked while it opens; null once that is known. */
  waiting: (() => void)[] | null
  opened: Opened | null
  status: Status
}

type Open<Opened> = (done: (status: Status, opened: Opened | null) => void) => void
type Told<Opened> = (status: Status, id: number, opened: Opened | null) => void

export class SharedAddresses<Opened extends Shared> {
  readonly #byKey = new Map<string, Entry<Opened>>()
  readonly #byId = new Map<number, Entry<Opened>>()
  /** Keep what has lost its last worker: what comes meanwhile waits for the next. */
  readonly #keep: boolean
  readonly #nextId: () => number

  constructor(keep: boolean, nextId: () => number) {
    this.#keep = keep
    this.#nextId = nextId
  }

  /**
   * What is open under a key, opened now or used by others already; `told` once, unless the worker leaves first. False
   * where the worker uses it already, which no worker may ask for.
   */
  take(worker: WorkerProcess, key: string, open: Open<Opened>, told: Told<Opened>): boolean {
    const found = this.#byKey.get(key)
    if (found?.workers.has(worker)) return false
    const entry = found ?? this.#add(key)
    entry.workers.add(worker)
    const tell = (): void => {
      if (entry.workers.has(worker) || entry.status < 0) told(entry.status, entry.id, entry.opened)
    }
    if (found && entry.waiting === null) tell()
    else entry.waiting?.push(tell)
    if (!found) open((status, opened) => this.#settle(entry, status, opened))
    return true
  }

  /** The worker closed it; the last one to do so closes it for good. False where nothing is open under this number. */
  release(worker: WorkerProcess, id: number): boolean {
    const entry = this.#byId.get(id)
    if (entry) this.#leave(entry, worker, false)
    return entry !== undefined
  }

  /** The worker is gone, or going. */
  releaseAll(worker: WorkerProcess): void {
    for (const entry of [...this.#byId.values()]) this.#leave(entry, worker, this.#keep)
  }

  /** Closes all of it. */
  closeAll(): void {
    for (const entry of [...this.#byId.values()]) this.#close(entry)
  }

  /** All that is open. */
  *opened(): Generator<Opened> {
    for (const { opened } of this.#byId.values()) if (opened) yield opened
  }

  /** What the worker uses. */
  usedBy(worker: WorkerProcess): Opened[] {
    const used: Opened[] = []
    for (const { workers, opened } of this.#byId.values())
      if (opened && workers.has(worker)) used.push(opened)
    return used
  }

  #add(key: string): Entry<Opened> {
    const id = this.#nextId()
    const entry: Entry<Opened> = { key, id, workers: new Set(), waiting: [], opened: null, status: 0 }
    this.#byKey.set(key, entry)
    this.#byId.set(id, entry)
    return entry
  }

  #settle(entry: Entry<Opened>, status: Status, opened: Opened | null): void {
    const waiting = entry.waiting ?? []
    entry.waiting = null
    entry.status = status
    entry.opened = opened
    const isForgotten = this.#byId.get(entry.id) !== entry
    if (status < 0) this.#forget(entry)
    else if (isForgotten || (entry.workers.size === 0 && !this.#keep)) this.#close(entry)
    for (const tell of waiting) tell()
  }

  #leave(entry: Entry<Opened>, worker: WorkerProcess, keep: boolean): void {
    if (!entry.workers.delete(worker)) return
    entry.opened?.leave(worker)
    if (entry.workers.size === 0 && entry.waiting === null && !keep) this.#close(entry)
  }

  #close(entry: Entry<Opened>): void {
    this.#forget(entry)
    entry.workers.clear()
    entry.opened?.close()
    entry.opened = null
  }

  #forget(entry: Entry<Opened>): void {
    if (this.#byKey.get(entry.key) === entry) this.#byKey.delete(entry.key)
    this.#byId.delete(entry.id)
  }
}
