// What brokers say to each other over the bus. Messages and counts are as between workers; the rest is JSON behind its kind. What
// comes is checked: whoever may publish to the bus's subjects may send anything.
import { decode, encodeCounts, encodePublished, type PublishedMessage } from '../mesh/frames'
import type { BusAnswers } from './bus-questions'

/** Kinds of the frames between workers are below. */
const TOLD = 16

/** How a broker is, each second and when it comes. */
export interface Hello {
  readonly kind: 'hello'
  readonly name: string
  /** The number of its last message. */
  readonly last: number
  /** Whether it has just come, and wants to hear who else is there. */
  readonly isNew: boolean
}

export interface Question {
  readonly kind: 'question'
  readonly id: number
  readonly name: keyof BusAnswers
  readonly value: unknown
}

export interface Answer {
  readonly kind: 'answer'
  readonly id: number
  readonly value: unknown
}

/** It ends, and says so. */
export interface Bye {
  readonly kind: 'bye'
}

export type Told = Hello | Question | Answer | Bye
export type BusFrame = ReturnType<typeof decode> | Told

export { encodeCounts, encodePublished, type PublishedMessage }

export function encodeTold(told: Told): Buffer {
  return Buffer.concat([Buffer.of(TOLD), Buffer.from(JSON.stringify(told))])
}

/** Null for what is no frame. */
export function readFrame(bytes: Buffer): BusFrame | null {
  try {
    if (bytes[0] !== TOLD) return decode(bytes)
    const told = JSON.parse(bytes.toString('utf8', 1)) as unknown
    return isTold(told) ? told : null
  } catch {
    return null
  }
}

function isTold(value: unknown): value is Told {
  if (typeof value !== 'object' || value === null) return false
  const { kind, name, last, isNew, id } = value as Record<string, unknown>
  switch (kind) {
    case 'hello':
      return typeof name === 'string' && Number.isSafeInteger(last) && typeof isNew === 'boolean'
    case 'question':
      return Number.isSafeInteger(id) && typeof name === 'string'
    case 'answer':
      return Number.isSafeInteger(id)
    default:
      return kind === 'bye'
  }
}
