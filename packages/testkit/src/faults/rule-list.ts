// Rules that are in force, in order, and who waits for them to change. It knows neither handles nor links.
import { validateFunction } from '@x/core/internal'
import { validateRules } from '../arguments'
import { eachOf } from '../each-of'
import type { Guard, Operation, Rule } from './rule'

/** Rules that come and go. */
export class RuleList {
  readonly #rules: Rule[]
  readonly #waiting = new Set<() => void>()

  /** @throws `ERR_INVALID_ARG_TYPE` for what is no rule, as `add` and `set` do. */
  constructor(rules: readonly Rule[] = []) {
    validateRules(rules, 'rules')
    this.#rules = [...rules]
  }

  get rules(): readonly Rule[] {
    return this.#rules
  }

  /** Puts a rule in force, after the others. */
  add(rule: Rule): Guard {
    validateFunction(rule, 'rule')
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

  /** Takes all rules off, and puts others in their place. */
  set(rules: readonly Rule[]): void {
    this.#rules.splice(0, this.#rules.length, ...rules)
    this.#changed()
  }

  /** Calls back whenever the rules change, until the returned function is called. */
  onChange(listener: () => void): () => void {
    this.#waiting.add(listener)
    return () => this.#waiting.delete(listener)
  }

  #changed(): void {
    eachOf([...this.#waiting], listener => listener())
  }
}
