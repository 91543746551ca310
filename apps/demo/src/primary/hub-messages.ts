// What the program and its workers say to each other. Shapes and names only.
import type { Counts } from '../client/statistics'
import type { Peer } from '../mesh/mesh'

/** Environment variable that tells a worker where the program listens for it. */
export const HUB_VARIABLE = 'X_DEMO_HUB'

/** Where clients come in. */
export interface Places {
  /** Null where there is no TCP port. */
  readonly port: number | null
  readonly path: string | null
}

/** What a worker is told when it says who it is. */
export interface Welcome {
  readonly peers: readonly Peer[]
  readonly pid: number
  readonly startedMs: number
  /** Whether somebody looks at the page. */
  readonly isWatched: boolean
  /** Whether the program is about to stop. */
  readonly isDraining: boolean
}

export interface WorkerReport {
  readonly clients: number
  readonly subscribers: number
  readonly counts: Counts
  /** Addresses and networks with most clients. */
  readonly busiest: readonly (readonly [network: string, clients: number])[]
}

/** How a worker left its clients. */
export interface Leaving {
  readonly moved: number
  readonly ended: number
}

/** A message that was published, for the page. */
export interface Sample {
  /** When, in microseconds of a clock that all processes of the machine share. */
  readonly atMicros: number
  /** The number of the message among those of its worker. */
  readonly sequence: number
  readonly channel: string
  readonly text: string
}

/** What the names of the page's clients and of its load begin with, and those of their channels. */
const OWN_NAME = /^(?:page|load):/

export function isOwnName(name: string): boolean {
  return OWN_NAME.test(name)
}

/** Clients of one worker that the page is told of. */
export const MOST_SIGHTED = 120

/** A client as the page draws it. */
export interface ClientSighting {
  readonly id: number
  readonly name: string
  readonly isSubscriber: boolean
}

/** What a worker saw since it told last, for the page. */
export interface Sighting {
  /** Some of the messages that were published in this worker, in order. */
  readonly samples: readonly Sample[]
  /** How many were published in it. */
  readonly published: number
  /** How many came from which other worker. */
  readonly received: readonly (readonly [worker: number, messages: number])[]
  /** Its clients, as many as the page draws; null where they are as they were. */
  readonly clients: readonly ClientSighting[] | null
}

/** What a worker asks the program, and the answers. */
export interface HubQuestions {
  hello: { ask: Peer; answer: Welcome }
  /** Removes the socket file of a dead process before the path is listened on. */
  clearPath: { ask: string; answer: null }
  opened: { ask: Places; answer: null }
  /** It cannot start; the message is for people. */
  failed: { ask: string; answer: null }
  /** The link to another worker has ended, though that has not said that it leaves. */
  lost: { ask: { readonly id: number; readonly why: string }; answer: null }
  /** Which workers stay. The cluster decides that; one that is asked to leave may be asked before the others that leave. */
  staying: { ask: null; answer: readonly number[] }
  left: { ask: Leaving; answer: null }
  /** While it is watched. */
  seen: { ask: Sighting; answer: null }
}

/** What the program asks a worker, and the answers. */
export interface WorkerQuestions {
  report: { ask: null; answer: WorkerReport }
  /** The answer is the number of receivers. */
  publish: { ask: { readonly channel: string; readonly text: string }; answer: number }
  /** The worker is drained next: it ends its clients then, once they have what is theirs, and moves none. */
  stop: { ask: null; answer: null }
  /** Ends its clients now. */
  hurry: { ask: null; answer: null }
  watch: { ask: boolean; answer: null }
  /** The program is about to stop: health checks are told, everybody is served. */
  notice: { ask: null; answer: null }
}

/** Functions that answer each of the questions. */
export type Answering<Questions extends { [Name in keyof Questions]: { ask: unknown; answer: unknown } }> = {
  readonly [Name in keyof Questions]: (
    ask: Questions[Name]['ask'],
  ) => Questions[Name]['answer'] | Promise<Questions[Name]['answer']>
}
