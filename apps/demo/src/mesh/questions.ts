// What workers ask each other, and the bridge to other brokers, and how the answers of several become one. Who answers is in the
// worker's answers.
import type { Counts } from '../client/statistics'

/** Filters of CLIENT LIST and CLIENT KILL, as the client gave them: option, value. */
export type Filters = readonly (readonly [option: string, value: string])[]

/** One line of CLIENT LIST. */
export interface ClientLine {
  readonly id: number
  readonly connectedMs: number
  readonly line: string
}

/** What INFO needs of each worker. */
export interface WorkerFigures {
  readonly clients: number
  readonly subscribers: number
  /** Most that waits for one client. */
  readonly mostWaitingBytes: number
  readonly usedMemory: number
  readonly residentMemory: number
  readonly systemCpuMicros: number
  readonly userCpuMicros: number
  readonly counts: Counts
  readonly channels: readonly string[]
  readonly patterns: readonly string[]
}

/** Each with what is asked, and the answer. */
export interface Questions {
  /** Channels that have a subscriber, or those that a pattern matches. */
  channels: { ask: string | null; answer: readonly string[] }
  /** How many subscribers each of these channels has. */
  subscribers: { ask: readonly string[]; answer: readonly number[] }
  patterns: { ask: null; answer: readonly string[] }
  clients: { ask: Filters; answer: readonly ClientLine[] }
  /** Ends the clients that all of the filters choose, and says how many. */
  kill: { ask: Filters; answer: number }
  clientCount: { ask: null; answer: number }
  figures: { ask: null; answer: WorkerFigures }
  resetStatistics: { ask: null; answer: null }
}

export type QuestionName = keyof Questions
export type Answers = {
  readonly [Name in QuestionName]: (
    ask: Questions[Name]['ask'],
  ) => Questions[Name]['answer'] | Promise<Questions[Name]['answer']>
}

/** The bridge's number among the workers, whose numbers begin with 1. */
export const BRIDGE = 0

/** The questions that the bridge answers for all other brokers; the rest is about the clients of one. */
export const BRIDGE_QUESTIONS = ['channels', 'subscribers', 'patterns'] as const

export function isForAllBrokers(name: QuestionName): boolean {
  return (BRIDGE_QUESTIONS as readonly string[]).includes(name)
}

/** Names that several have told, each once. */
export function unique(answers: readonly (readonly string[])[]): readonly string[] {
  return [...new Set(answers.flat())]
}

/** What several have counted, `length` numbers each, added up one by one. */
export function sums(length: number, answers: readonly (readonly number[])[]): readonly number[] {
  return Array.from({ length }, (_, index) => answers.reduce((sum, answer) => sum + answer[index]!, 0))
}
