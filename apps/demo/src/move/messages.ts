// What a worker that leaves and one that takes its clients say to each other. Shapes only.
import type { ClientState } from '../client/client-state'
import type { Counts } from '../client/statistics'
import type { Vector } from '../client/vector'
import type { Protocol } from '../resp/reply'

/** A vector on its way: publisher, number. */
export type VectorEntries = readonly (readonly [publisher: number, sequence: number])[]

/** A subscriber that will come: keep what is published for it from now on. */
export interface Announcement {
  readonly id: number
  readonly protocol: Protocol
  readonly channels: readonly string[]
  readonly patterns: readonly string[]
}

/** Each with what is asked, and the answer. */
export interface MoveQuestions {
  /** How far the other is: messages beyond that are kept. Null: it takes no clients. */
  announce: { ask: Announcement; answer: VectorEntries | null }
  /** The announced client does not come: it goes on getting its messages where it is. */
  callOff: { ask: number; answer: null }
  /** The numbers of a worker that leaves, to be added to those of the other. */
  inherit: { ask: Counts; answer: null }
}

/** Functions that answer each of them. */
export type MoveAnswers = {
  readonly [Name in keyof MoveQuestions]: (ask: MoveQuestions[Name]['ask']) => MoveQuestions[Name]['answer']
}

/** What comes with the descriptor of a client's connection; its unparsed bytes come beside it. */
export interface HandedOver {
  readonly state: ClientState
  /** The messages that it has had. */
  readonly delivered: VectorEntries
}

export function entriesOf(vector: Vector): VectorEntries {
  return [...vector]
}
