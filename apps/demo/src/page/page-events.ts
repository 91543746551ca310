// The events that open pages hear, by name. Shapes only; the server and the browser share them.
import type { ClientSighting, Sample } from '../primary/hub-messages'
import type { OperationBegan, OperationEnded } from '../primary/operations'
import type { Status, WorkerView } from '../primary/supervisor'
import type { FaultInForce } from './faults'
import type { LoadState } from './page-load'

/** A worker, as far as the page draws it from moment to moment. */
export type WorkerSummary = Pick<WorkerView, 'id' | 'pid' | 'place' | 'state'>

/** A message, and the worker in which it was published. */
export interface PublishedSample extends Sample {
  readonly worker: number
}

/** Messages that went through a worker within a moment. */
export interface Flow {
  readonly worker: number
  /** Published in it. */
  readonly published: number
  /** Came to it from which other worker. */
  readonly received: readonly (readonly [worker: number, messages: number])[]
}

export interface PageEvents {
  /** First of all: which run of the program this is. */
  readonly hello: { readonly run: string }
  readonly workers: readonly WorkerSummary[]
  readonly clients: { readonly worker: number; readonly clients: readonly ClientSighting[] }
  readonly status: Status
  readonly flow: Flow
  readonly samples: readonly PublishedSample[]
  readonly began: OperationBegan
  readonly ended: OperationEnded
  /** Something happened that nobody asked for. */
  readonly line: string
  readonly faults: readonly FaultInForce[]
  readonly load: LoadState
}
