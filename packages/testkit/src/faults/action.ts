// Whether what a rule answered is an action. It knows the words of rules, and nothing of what becomes of them.
import { errno, type Status } from '@x/core/transport'
import { testkitError } from '../errors'
import { OpeningPlace, showAt } from '../stacks/opening-place'
import type { Action, OperationType, Outcome, Rule } from './rule'

/** The longest that a timer waits. */
export const LONGEST_DELAY_MS = 2 ** 31 - 1

/** libuv's number for an error that it does not know: what `errno` answers for a name that is none. */
const UNKNOWN: Status = errno('UNKNOWN')

/** An action with all its members. */
export interface CheckedAction {
  readonly delayMs: number
  /** Infinity where the rule named none. */
  readonly bytes: number
  readonly outcome: Outcome
  readonly charge: ((bytes: number, atMs: number) => number | undefined) | undefined
  /** Says what is wrong with an answer. */
  readonly refuse: (answer: unknown, why: string) => Error
}

const OUTCOMES: ReadonlySet<unknown> = new Set(['pass', 'drop', 'reset', 'end', 'hold'])
const PACKET_OUTCOMES = "an outcome of a packet is 'pass', 'drop', 'reset' or 'hold'"
const MEMBERS: ReadonlySet<string> = new Set(['delayMs', 'bytes', 'then', 'charge'])

/** The action that a rule answered to an operation of that type, or `ERR_X_BAD_ACTION`. */
export function checkAction(answer: Action, rule: Rule, type: OperationType): CheckedAction {
  const isPacket = type === 'packet'
  const name = rule.name === '' ? '(without a name)' : rule.name
  const refuse = (given: unknown, why: string) => {
    const error = testkitError('ERR_X_BAD_ACTION', name, type, given, why)
    showAt(error, new OpeningPlace(checkAction, null).userFrames)
    return error
  }
  const whole = { delayMs: 0, bytes: Number.POSITIVE_INFINITY, charge: undefined, refuse }
  if (typeof answer === 'string' || (isRecord(answer) && 'fail' in answer)) {
    return { ...whole, outcome: checkOutcome(answer, answer, { isPacket, refuse }) }
  }
  if (isRecord(answer) && typeof answer['then'] === 'function')
    throw refuse(answer, 'a rule answers at once, not with a promise')
  if (!isPlain(answer))
    throw refuse(answer, 'it is no action; a rule that lets an operation pass answers nothing')
  const unknown = Object.keys(answer).find(key => !MEMBERS.has(key))
  if (unknown !== undefined) throw refuse(answer, `an action has no member '${unknown}'`)
  const { delayMs = 0, bytes = Number.POSITIVE_INFINITY, then = 'pass', charge } = answer
  if (!isDelay(delayMs)) throw refuse(answer, `delayMs is a number from 0 to ${LONGEST_DELAY_MS}`)
  if (answer.bytes !== undefined && !(typeof bytes === 'number' && bytes >= 1 && Number.isFinite(bytes))) {
    throw refuse(answer, 'bytes is a number from 1 up')
  }
  if (answer.bytes !== undefined && isPacket) throw refuse(answer, 'a packet is not cut')
  if (charge !== undefined && typeof charge !== 'function') throw refuse(answer, 'charge is a function')
  return {
    delayMs,
    bytes: Math.floor(bytes),
    outcome: checkOutcome(then, answer, { isPacket, refuse }),
    charge,
    refuse,
  }
}

/** The milliseconds that a charge answered, or `ERR_X_BAD_ACTION`. */
export function checkDelay(answer: unknown, action: CheckedAction): number {
  if (!isDelay(answer))
    throw action.refuse(answer, `a charge answers milliseconds from 0 to ${LONGEST_DELAY_MS}`)
  return answer
}

function checkOutcome(
  outcome: unknown,
  answer: unknown,
  { isPacket, refuse }: { isPacket: boolean; refuse: CheckedAction['refuse'] },
): Outcome {
  if (isPacket && (outcome === 'end' || (isRecord(outcome) && 'fail' in outcome))) {
    throw refuse(answer, PACKET_OUTCOMES)
  }
  if (OUTCOMES.has(outcome)) return outcome as Outcome
  if (!isRecord(outcome) && isPacket) throw refuse(answer, PACKET_OUTCOMES)
  if (!isRecord(outcome))
    throw refuse(answer, "an outcome is 'pass', 'drop', 'reset', 'end', 'hold' or { fail }")
  const unknown = Object.keys(outcome).find(key => key !== 'fail')
  if (unknown !== undefined) throw refuse(answer, `beside 'fail' there is no member '${unknown}'`)
  const { fail } = outcome as { fail?: unknown }
  if (typeof fail !== 'string' || errno(fail) === UNKNOWN) {
    throw refuse(answer, "'fail' names an error of this system, as 'ECONNRESET' does")
  }
  return { fail }
}

function isDelay(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= LONGEST_DELAY_MS
}

/** An object as it is written out: no array, no `Date`, no instance of a class. */
function isPlain(value: unknown): value is Readonly<Record<string, unknown>> & object {
  if (!isRecord(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  // Code of another realm (`node:vm`, jest) has an `Object.prototype` of its own.
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> & object {
  return typeof value === 'object' && value !== null
}
