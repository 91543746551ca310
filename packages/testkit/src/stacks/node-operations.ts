// Node's one-time operations by their `async_hooks` types: lookups, files, `crypto`, connects; and which of them are under
// way. It knows what tells that one is over, and not who asks.
import { AsyncResource } from 'node:async_hooks'

const OPERATION = /(?:REQUEST|REQWRAP|REQ|CONNECTWRAP|REQCALLBACK|REQPROMISE|QUERYWRAP)$|^Immediate$/

/** True for the name of an operation. A library's own resource may have such a name, too, as undici's UNDICI_REQUEST. */
export function isOperationName(type: string): boolean {
  // Node names its HTTP parsers so.
  return OPERATION.test(type) && !type.startsWith('HTTP')
}

/** True for a resource that is one operation of Node, over when it is destroyed. */
function isOperation(type: string, resource: object): boolean {
  return isOperationName(type) && !(resource instanceof AsyncResource)
}

/**
 * The method of a handle of which each call is an operation, one at a time, that has no resource of its own: writes of streams
 * of node:zlib, and reads of blobs.
 */
function operatingMethodOf(type: string): 'write' | 'pull' | null {
  if (/^(?:ZLIB|BROTLI|ZSTD)/.test(type)) return 'write'
  return type === 'BLOBREADER' ? 'pull' : null
}

type Method = (...args: unknown[]) => unknown
type OperatingHandle = Record<string, Method | undefined>

/** The operations that are under way, by async id, each with what its owner wants to remember of it. */
export class Operations<T> {
  readonly #underWay = new Map<number, T>()
  /** Handles with a call under way. */
  readonly #calling = new Set<number>()
  /** The latest request of files, while it is not known yet whether it calls back: that is set after it is made. */
  #latest: { readonly id: number; readonly request: OperatingHandle } | null = null

  /** A resource is made, which may be an operation; `about` answers what is remembered, null where it is no matter. */
  made(id: number, type: string, resource: object, about: () => T | null): void {
    this.#judgeLatest()
    const handle = resource as OperatingHandle
    if (!isOperation(type, resource)) this.#followCalls(id, type, handle, about)
    else if (typeof handle['run'] === 'function') this.#followJob(id, handle, handle['run'], about)
    else {
      this.add(id, about())
      if (type === 'FSREQCALLBACK') this.#latest = { id, request: handle }
    }
  }

  /** An operation is under way, or something that is to count as one. */
  add(id: number, about: T | null): void {
    if (about !== null) this.#underWay.set(id, about)
  }

  /** A resource calls back; its callback may begin the next operation. */
  before(id: number): void {
    if (this.#calling.delete(id)) this.#underWay.delete(id)
  }

  /** An operation is over. */
  delete(id: number): void {
    this.#underWay.delete(id)
    this.#calling.delete(id)
    if (this.#latest?.id === id) this.#latest = null
  }

  /** What is remembered of one that is under way. */
  get(id: number): T | undefined {
    return this.#underWay.get(id)
  }

  /** All that are under way. Not to be asked while one is being made. */
  all(): ReadonlyMap<number, T> {
    this.#judgeLatest()
    return this.#underWay
  }

  clear(): void {
    this.#underWay.clear()
    this.#calling.clear()
    this.#latest = null
  }

  #followCalls(id: number, type: string, handle: OperatingHandle, about: () => T | null): void {
    const name = operatingMethodOf(type)
    const method = name && handle[name]
    if (!method) return
    handle[name] = (...args) => {
      this.#calling.add(id)
      this.add(id, about())
      return method.apply(handle, args)
    }
  }

  /**
   * A job of `node:crypto` or of files answers an array where it was done at once (`randomUUID()`, `scryptSync()`): Node says that
   * it is over only at the next garbage collection.
   */
  #followJob(id: number, job: OperatingHandle, run: Method, about: () => T | null): void {
    job['run'] = (...args) => {
      const answer = run.apply(job, args)
      if (!Array.isArray(answer)) this.add(id, about())
      return answer
    }
  }

  /** A request that has nothing to call is a part of something else: of a blob of a file. */
  #judgeLatest(): void {
    if (this.#latest === null) return
    const { id, request } = this.#latest
    this.#latest = null
    if (typeof request['oncomplete'] !== 'function') this.#underWay.delete(id)
  }
}
