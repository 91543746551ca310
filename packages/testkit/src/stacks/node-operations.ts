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
export function isOperation(type: string, resource: object): boolean {
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

/** The operations that are under way, by async id, each with what its owner wants to remember of it. */
export class Operations<T> {
  readonly #underWay = new Map<number, T>()
  /** The latest, while it is not known yet whether it calls back: that is set after it is made. */
  #latest: { readonly id: number; readonly type: string; readonly resource: object } | null = null

  /** An operation is being made. */
  add(id: number, type: string, resource: object, about: T): void {
    this.#judgeLatest()
    this.#underWay.set(id, about)
    if (callbackNameOf(type) !== null) this.#latest = { id, type, resource }
  }

  /** An operation is over. */
  delete(id: number): void {
    this.#underWay.delete(id)
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
    this.#latest = null
  }

  #judgeLatest(): void {
    if (this.#latest === null) return
    const { id, type, resource } = this.#latest
    this.#latest = null
    const name = callbackNameOf(type)
    if (name !== null && typeof Reflect.get(resource, name) !== 'function') this.#underWay.delete(id)
  }
}
