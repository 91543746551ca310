// What one broker asks the others: the questions of workers that are about all brokers. Each is checked, since it comes from outside.
import { LONGEST_PATTERN } from '../commands/name-limits'
import type { Answers, BRIDGE_QUESTIONS } from '../mesh/questions'

/** Those that `PUBSUB` needs; lists of clients and figures are of one broker. */
export type BusAnswers = Pick<Answers, (typeof BRIDGE_QUESTIONS)[number]>

/** Whether a question can be asked of our own workers. */
export function isQuestion(name: string, value: unknown): name is keyof BusAnswers {
  switch (name) {
    case 'channels':
      return value === null || (typeof value === 'string' && value.length <= LONGEST_PATTERN)
    case 'subscribers':
      return isTexts(value)
    default:
      return name === 'patterns'
  }
}

/** Whether that is an answer to it. */
export function isAnswer<Name extends keyof BusAnswers>(
  name: Name,
  asked: unknown,
  answer: unknown,
): answer is Awaited<ReturnType<BusAnswers[Name]>> {
  if (name !== 'subscribers') return isTexts(answer)
  const count = (asked as readonly string[]).length
  return Array.isArray(answer) && answer.length === count && answer.every(each => Number.isSafeInteger(each))
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(each => typeof each === 'string')
}
