// The policies by name, and what a user may give in place of a name.
import { codedError } from '@x/core/internal'
import { leastConnections } from './least-connections'
import { checkedPeek } from './peek'
import type { Candidate, Incoming, Policy } from './policy'
import { roundRobin } from './round-robin'
import { sticky } from './sticky'
import { weighted } from './weighted'

export type { Candidate, Incoming, PeekOptions, Policy } from './policy'
export { byServerName, serverName } from './server-name'
export { leastConnections, roundRobin, sticky, weighted }

const byName = {
  'round-robin': roundRobin,
  'least-connections': leastConnections,
  sticky,
  weighted,
}

/** The name of a built-in policy. */
export type PolicyName = keyof typeof byName

/** A policy, its name, or a function that picks a worker. */
export type PolicyChoice =
  | PolicyName
  | Policy
  | ((candidates: readonly Candidate[], incoming: Incoming) => Candidate | null)

/**
 * How connections are distributed to workers: a policy by which the primary hands them over, `'shared'` (all workers
 * accept on one socket, as with `SCHED_NONE`), or `'reuse-port'` (each has its own socket on the port).
 */
export type Spread = PolicyChoice | 'shared' | 'reuse-port'

/** Names of the built-in policies. */
export const policyNames = Object.keys(byName) as readonly PolicyName[]

/**
 * The policy that a user's choice means. Throws `ERR_INVALID_ARG_VALUE` for an unknown name, `ERR_INVALID_ARG_TYPE` for what
 * is no policy.
 */
export function toPolicy(choice: PolicyChoice): Policy {
  if (typeof choice === 'function') {
    return { name: choice.name || 'function', needsAddress: true, pick: choice }
  }
  if (typeof choice === 'object' && choice !== null) {
    if (typeof choice.pick === 'function') return choice
    throw codedError('ERR_INVALID_ARG_TYPE', 'policy.pick', 'function', choice.pick)
  }
  if (typeof choice !== 'string') {
    throw codedError('ERR_INVALID_ARG_TYPE', 'policy', ['string', 'function', 'Object'], choice)
  }
  const make = Object.hasOwn(byName, choice) ? byName[choice] : undefined
  if (make) return make()
  const names = [...policyNames, 'shared', 'reuse-port'].map(name => `'${name}'`).join(', ')
  throw codedError(
    'ERR_INVALID_ARG_VALUE',
    'policy',
    choice,
    `must be one of ${names}, a policy or a function`,
  )
}

/**
 * All that `policy` may be, with what a user's own tells of itself read once: a getter that throws does so here. Throws as
 * `toPolicy`.
 */
export function readSpread(spread: Spread): Spread {
  if (spread === 'shared' || spread === 'reuse-port') return spread
  const policy = toPolicy(spread)
  if (typeof spread === 'string') return spread
  const { peek } = policy
  return {
    name: String(policy.name),
    needsAddress: policy.needsAddress === true,
    isBinding: policy.isBinding === true,
    ...(peek !== undefined && { peek: checkedPeek(peek) }),
    pick: (candidates, incoming) => policy.pick(candidates, incoming),
  }
}

/** What a way of spreading is called. */
export function nameOfSpread(spread: Spread): string {
  return typeof spread === 'string' ? spread : spread.name || 'function'
}
