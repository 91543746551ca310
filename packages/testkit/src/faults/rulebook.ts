// The rules that are in force, what they decide together, and who waits for them to change. It knows no handle.
import { Random } from '../simulation/random'
import { type CheckedAction, checkAction, checkDelay, LONGEST_DELAY_MS } from './action'
import type { Guard, Operation, Outcome, Rule } from './rule'

/** What the rules decided together. */
export interface Decision {
  readonly delayMs: number
  readonly bytes: number
  readonly outcome: Outcome
}

/** An operation as a handle describes it. */
export type Asked = Omit<Operation, 'nowMs' | 'random'>

/**
 * Rules in order. Delays add up, the fewest bytes count, the first outcome other than `pass` decides. What goes in the
 * end is what all rules are charged with.
 */
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
    const entry: Rule = Object.defineProperty((operation: Operation) => rule(operation), 'name', {
      value: rule.name,
    })
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
    const operation: Operation = { ...asked, nowMs: performance.now(), random: this.#random }
    const actions: CheckedAction[] = []
    let bytes = asked.bytes
    let outcome: Outcome = 'pass'
    for (const rule of this.#rules) {
      const answer = rule(operation)
      if (answer === undefined) continue
      const action = checkAction(answer, rule, operation)
      actions.push(action)
      bytes = Math.min(bytes, action.bytes)
      outcome = action.outcome
      if (outcome !== 'pass') break
    }
    const isCharged = outcome === 'pass' || outcome === 'drop'
    let delayMs = 0
    for (const action of actions) {
      delayMs += action.delayMs
      if (!isCharged) continue
      const more = action.charge?.(bytes, operation.nowMs + delayMs)
      if (more !== undefined) delayMs += checkDelay(more, action)
    }
    return { delayMs: Math.min(delayMs, LONGEST_DELAY_MS), bytes, outcome }
  }

  #changed(): void {
    for (const listener of [...this.#waiting]) listener()
  }
}
