// The rules that are in force, what they decide together, and who waits for them to change. It knows no handle.
import { Random } from '../simulation/random'
import type { Action, Guard, Operation, Outcome, Rule } from './rule'

/** What the rules decided together. */
export interface Decision {
  readonly delayMs: number
  readonly bytes: number
  readonly outcome: Outcome
}

/** An operation as a handle describes it. */
export type Asked = Omit<Operation, 'nowMs' | 'random'>

/** Rules in order. Delays add up, the fewest bytes count, the first outcome other than `pass` decides. */
export class Rulebook {
  readonly #rules: Rule[]
  readonly #random: Random
  readonly #waiting = new Set<() => void>()
  #connections = 0

  constructor(rules: readonly Rule[], seed: number | string) {
    this.#rules = [...rules]
    this.#random = new Random(seed)
  }

  /** The number of the next connection. */
  number(): number {
    this.#connections++
    return this.#connections
  }

  /** Puts a rule in force, after the others. */
  add(rule: Rule): Guard {
    // An entry of its own, so that a rule which was added twice is taken off once.
    const entry: Rule = operation => rule(operation)
    this.#rules.push(entry)
    this.#changed()
    const remove = () => {
      const index = this.#rules.indexOf(entry)
      if (index < 0) return
      this.#rules.splice(index, 1)
      this.#changed()
    }
    return Object.assign(remove, { [Symbol.dispose]: remove })
  }

  /** Takes all rules off. */
  clear(): void {
    this.#rules.length = 0
    this.#changed()
  }

  /** Calls back whenever the rules change, until the returned function is called. */
  onChange(listener: () => void): () => void {
    this.#waiting.add(listener)
    return () => this.#waiting.delete(listener)
  }

  decide(asked: Asked): Decision {
    let delayMs = 0
    let bytes = asked.bytes
    const operation: Operation = { ...asked, nowMs: performance.now(), random: this.#random }
    for (const rule of this.#rules) {
      const action = parts(rule(operation))
      delayMs += Math.max(0, action.delayMs ?? 0)
      if (action.bytes !== undefined) bytes = Math.min(bytes, Math.max(1, Math.floor(action.bytes)))
      const outcome = action.then ?? 'pass'
      if (outcome !== 'pass') return { delayMs, bytes, outcome }
    }
    return { delayMs, bytes, outcome: 'pass' }
  }

  #changed(): void {
    for (const listener of [...this.#waiting]) listener()
  }
}

function parts(action: Action | undefined): Exclude<Action, Outcome> {
  if (action === undefined) return {}
  if (typeof action === 'string' || 'fail' in action) return { then: action }
  return action
}
