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
 * What an operation calls when it has ended. One that has nothing to call was synchronous (`randomUUID()`, `scryptSync()`) and
 * is over when it is made, though Node says so only at the next garbage collection.
 */
function callbackNameOf(type: string): 'ondone' | 'oncomplete' | null {
  if (type === 'FSREQCALLBACK') return 'oncomplete'
  return type.endsWith('REQUEST') ? 'ondone' : null
}

/**
 * The method of a handle of which each call is an operation, one at a time, that has no resource of its own: writes of streams
 * of node:zlib, and reads of blobs.
 */
function operatingMethodOf(type: string): 'write' | 'pull' | null {
  if (/^(?:ZLIB|BROTLI|ZSTD)/.test(type)) return 'write'
  return type === 'BLOBREADER' ? 'pull' : null
}

type OperatingHandle = Record<string, ((...args: unknown[]) => unknown) | undefined>

/** The operations that are under way, by async id, each with what its owner wants to remember of it. */
export class Operations<T> {
  readonly #underWay = new Map<number, T>()
  /** Handles with a call under way. */
  readonly #calling = new Set<number>()
  /** The latest, while it is not known yet whether it calls back: that is set after it is made. */
  #latest: { readonly id: number; readonly type: string; readonly resource: object } | null = null

  /** A resource is made, which may be an operation; `about` answers what is remembered, null where it is no matter. */
  made(id: number, type: string, resource: object, about: () => T | null): void {
    if (isOperation(type, resource)) this.add(id, type, resource, about())
    else this.#followCalls(id, type, resource as OperatingHandle, about)
  }

  /** An operation is being made, or something that is to count as one. */
  add(id: number, type: string, resource: object, about: T | null): void {
    this.#judgeLatest()
    if (about === null) return
    this.#underWay.set(id, about)
    if (callbackNameOf(type) !== null) this.#latest = { id, type, resource }
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
      const remembered = about()
      if (remembered !== null) {
        this.#calling.add(id)
        this.#underWay.set(id, remembered)
      }
      return method.apply(handle, args)
    }
  }

  #judgeLatest(): void {
    if (this.#latest === null) return
    const { id, type, resource } = this.#latest
    this.#latest = null
    const name = callbackNameOf(type)
    if (name !== null && typeof Reflect.get(resource, name) !== 'function') this.#underWay.delete(id)
  }
}
