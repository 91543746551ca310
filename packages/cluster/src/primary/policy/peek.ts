// What a policy says of the first bytes that it wants to see: checked, with defaults, and refused where nobody can look.
import { unsupported, validateFunction, validateInteger, validateObject } from '@x/core/internal'
import type { Transport } from '@x/core/transport'
import { MAX_DELAY_MS } from '../../both/host'
import type { PeekOptions, Policy } from './policy'

export type CheckedPeek = Required<PeekOptions>

const MOST_BYTES = 65_536
const MOST_WAITING = 65_536

/** With defaults. Throws `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`. */
export function checkedPeek(options: PeekOptions): CheckedPeek {
  validateObject(options, 'policy.peek')
  const { maxBytes = 4096, deadlineMs = 5000, maxWaiting = 1024, isEnough = () => true } = options
  validateInteger(maxBytes, 'policy.peek.maxBytes', 1, MOST_BYTES)
  validateInteger(deadlineMs, 'policy.peek.deadlineMs', 1, MAX_DELAY_MS)
  validateInteger(maxWaiting, 'policy.peek.maxWaiting', 1, MOST_WAITING)
  validateFunction(isEnough, 'policy.peek.isEnough')
  return { maxBytes, deadlineMs, maxWaiting, isEnough: isEnough as CheckedPeek['isEnough'] }
}

/**
 * Throws `ERR_X_UNSUPPORTED` where the policy wants to see first bytes and the transport cannot show them. What is given by
 * name or as a function wants none.
 */
export function requirePeek(
  spread: Pick<Policy, 'peek'> | Policy['pick'] | string | undefined,
  transport: () => Transport,
): void {
  if (typeof spread !== 'object' || spread.peek === undefined) return
  const found = transport()
  if (!found.descriptors?.peek) unsupported(found, 'the first bytes of a connection (policy.peek)')
}
