// The host's event loop as a memory network needs it: one turn per job, and a way to keep an idle process waiting
// without a timer or a descriptor. It knows no network.
import { AsyncResource } from 'node:async_hooks'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { setImmediate } from '../host'
import type { Order } from '../network/fabric'

// The context of the process, for what belongs to no handle.
const root = new AsyncResource('X_MEMORY_NETWORK')

interface Job {
  readonly scope: AsyncResource
  readonly run: () => void
}

const first: Job[] = []
let jobs: Job[] = []
let next = 0

/**
 * Runs a job in a turn of its own, after those that were asked for before, or before them. The context is its handle's, not
 * that of whoever caused it: what a server hears is not its client's doing.
 */
export function postTurn(run: () => void, context: AsyncResource | null = null, order: Order = 'last'): void {
  const scope = context ?? root
  if (order === 'first') first.push({ scope, run })
  else jobs.push({ scope, run })
  // Asked for in that context, so that a simulation in which it happens waits for it.
  scope.runInAsyncScope(setImmediate, null, turn)
}

/** One for each job. */
function turn(): void {
  const job = first.shift() ?? jobs[next++]
  if (next === jobs.length) {
    jobs = []
    next = 0
  }
  job?.scope.runInAsyncScope(job.run)
}

let holders = 0
let anchor: MessagePort | null = null

/** Counts what the process waits for. An idle message port that is referenced keeps the loop alive, and does nothing. */
export function holdProcess(by: 1 | -1): void {
  holders += by
  if (holders > 0) {
    anchor ??= root.runInAsyncScope(() => new MessageChannel().port1)
    anchor.ref()
  } else anchor?.unref()
}
