// Asks a policy, which may be a user's: one that throws, or answers what it must not, costs no connection its worker. It
// knows no workers but as candidates.
import { clusterError, withCause } from '../../both/errors'
import { guarded } from '../../both/guard'
import { type CheckedPeek, checkedPeek } from './peek'
import type { Candidate, Incoming, Policy } from './policy'
import { roundRobin } from './round-robin'

/** The functions of a policy, and what becomes of a connection where one of them is at fault. */
const consequences = {
  pick: 'the connection goes to the next worker in turn',
  isEnough: 'it is asked for a worker by what has come',
} as const
type Asked = keyof typeof consequences

export class PolicyCaller implements Policy {
  readonly name: string
  readonly needsAddress: boolean
  readonly peek?: CheckedPeek
  readonly isBinding: boolean
  readonly #policy: Policy
  readonly #warn: (error: Error) => void
  readonly #inTurn = roundRobin()
  /** What was told last of each function: the same fault is told once, until that function has answered well. */
  readonly #told: Record<Asked, string | null> = { pick: null, isEnough: null }

  constructor(policy: Policy, warn: (error: Error) => void) {
    this.#policy = policy
    this.name = policy.name
    this.needsAddress = policy.needsAddress === true
    this.isBinding = policy.isBinding === true
    if (policy.peek !== undefined) {
      const peek = checkedPeek(policy.peek)
      this.peek = { ...peek, isEnough: bytes => this.#isEnough(peek, bytes) }
    }
    this.#warn = warn
  }

  /** One of the candidates, or null where the connection has to wait. */
  pick(candidates: readonly Candidate[], incoming: Incoming): Candidate | null {
    try {
      // A list of its own: what it does to that is its own affair.
      const choice: unknown = this.#policy.pick([...candidates], incoming)
      if (choice === null) return null
      const found = candidates.find(candidate => candidate === choice)
      if (found) {
        this.#told.pick = null
        return found
      }
      forget(choice)
      this.#tell('pick', 'answered something that is none of the candidates', undefined)
    } catch (error) {
      this.#tell('pick', 'threw', error)
    }
    return this.#inTurn.pick(candidates, incoming)
  }

  /** Where it cannot tell, it is to go by what there is. */
  #isEnough(peek: CheckedPeek, bytes: Buffer): boolean {
    try {
      const answer: unknown = peek.isEnough(bytes)
      if (typeof answer === 'boolean') {
        this.#told.isEnough = null
        return answer
      }
      forget(answer)
      this.#tell('isEnough', 'answered no boolean in isEnough', undefined)
    } catch (error) {
      this.#tell('isEnough', 'threw in isEnough', error)
    }
    return true
  }

  /** Its name and what it threw are the user's, too: they may throw when they are read. */
  #tell(asked: Asked, what: string, cause: unknown): void {
    guarded(() => {
      const text = cause instanceof Error ? `${what} (${cause.message})` : what
      if (this.#told[asked] === text) return
      this.#told[asked] = text
      const error = clusterError('ERR_X_CLUSTER_POLICY', String(this.name), text, consequences[asked])
      this.#warn(withCause(error, cause))
    })
  }
}

/** Nobody waits for a promise; that it was one has been told of by the time it rejects. */
function forget(answer: unknown): void {
  if (answer instanceof Promise) answer.catch(() => {})
}
