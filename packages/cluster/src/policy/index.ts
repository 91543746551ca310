// The policies by name, and what a user may give in place of a name.
import { leastConnections } from './least-connections'
import type { Candidate, Incoming, Policy } from './policy'
import { roundRobin } from './round-robin'
import { sticky } from './sticky'
import { weighted } from './weighted'

export type { Candidate, Incoming, Policy } from './policy'
export { leastConnections, roundRobin, sticky, weighted }

const byName = {
  'round-robin': roundRobin,
  'least-connections': leastConnections,
  sticky,
  weighted,
}

/** A way of spreading connections that is known by name. */
export type PolicyName = keyof typeof byName

/** A policy, its name, or a function that picks by itself. */
export type PolicyChoice =
  | PolicyName
  | Policy
  | ((candidates: readonly Candidate[], incoming: Incoming) => Candidate | null)

/** Names of the ready-made policies. */
export const policyNames = Object.keys(byName) as readonly PolicyName[]

/** The policy that a user's choice means. Throws `ERR_INVALID_ARG_VALUE` for an unknown name. */
export function toPolicy(choice: PolicyChoice): Policy {
  if (typeof choice === 'function')
    return { name: choice.name || 'function', needsAddress: true, pick: choice }
  if (typeof choice === 'object') return choice
  const make = Object.hasOwn(byName, choice) ? byName[choice] : undefined
  if (make) return make()
  const error = new TypeError(
    `The property 'policy' must be one of ${policyNames.join(', ')}, a policy object or a function. Received '${choice}'`,
  )
  throw Object.assign(error, { code: 'ERR_INVALID_ARG_VALUE' })
}
