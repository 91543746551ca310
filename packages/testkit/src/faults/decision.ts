// What several rules decide together about one operation. It knows their order, and no handle and no link.
import { type CheckedAction, checkAction, checkDelay, LONGEST_DELAY_MS } from './action'
import type { Operation, Outcome, Rule } from './rule'

/** What the rules decided together. */
export interface Decision {
  readonly delayMs: number
  /** The part of the delay that rules which count asked for: what waits for what is before it. */
  readonly chargedMs: number
  readonly bytes: number
  readonly outcome: Outcome
}

/**
 * Asks rules in order. Delays add up, the fewest bytes count, the first outcome other than `pass` decides. What goes in the
 * end is what all rules are charged with.
 */
export function decide(rules: readonly Rule[], operation: Operation): Decision {
  const actions: CheckedAction[] = []
  let { bytes } = operation
  let outcome: Outcome = 'pass'
  // A rule may take itself off, or add another one, while it is asked.
  for (const rule of [...rules]) {
    const answer = rule(operation)
    if (answer === undefined) continue
    const action = checkAction(answer, rule, operation.type)
    actions.push(action)
    bytes = Math.min(bytes, action.bytes)
    outcome = action.outcome
    if (outcome !== 'pass') break
  }
  const isCharged = outcome === 'pass' || outcome === 'drop'
  let delayMs = 0
  let chargedMs = 0
  for (const action of actions) {
    delayMs += action.delayMs
    if (!isCharged) continue
    // Of a handle what comes later waits for it. Over a link a packet leaves at once, and how long it is on its way (its delay)
    // costs no other packet its turn.
    const leavesInMs = operation.packet === null ? delayMs : chargedMs
    const more = action.charge?.(bytes, operation.nowMs + leavesInMs)
    if (more === undefined) continue
    chargedMs += checkDelay(more, action)
    delayMs += more
  }
  return { delayMs: Math.min(delayMs, LONGEST_DELAY_MS), chargedMs, bytes, outcome }
}
