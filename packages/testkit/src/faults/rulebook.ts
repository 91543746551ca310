// The rules that are in force for a transport's handles, with the chance and the clock that they are given. It knows no
// handle.
import { Random } from '../simulation/random'
import { type Decision, decide } from './decision'
import type { Operation, Rule } from './rule'
import { RuleList } from './rule-list'

/** An operation as a handle describes it. */
export type Asked = Omit<Operation, 'nowMs' | 'random' | 'packet'>

/** The rules of a transport. */
export class Rulebook extends RuleList {
  readonly #random: Random
  #connections = 0

  constructor(rules: readonly Rule[], seed: number | string) {
    super(rules)
    this.#random = new Random(seed)
  }

  /** The number of the next connection. */
  number(): number {
    this.#connections++
    return this.#connections
  }

  decide(asked: Asked): Decision {
    return decide(this.rules, { ...asked, packet: null, nowMs: performance.now(), random: this.#random })
  }
}
