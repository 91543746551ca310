// The host's event loop as a memory network needs it: one turn per job, and a way to keep an idle process waiting
// without a timer or a descriptor. It knows no network.
import { AsyncResource } from 'node:async_hooks'
import { MessageChannel, type MessagePort } from 'node:worker_threads'

// Taken at load, so that fake timers in a test do not stop the network under it.
const nextTurn = setImmediate

// The context of the process, for what belongs to no handle.
const root = new AsyncResource('X_MEMORY_NETWORK')

/**
 * Runs a job in a turn of its own, after those that were asked for before. The context is its handle's, not that of
 * whoever caused it: what a server hears is not its client's doing.
 */
export function postTurn(job: () => void, context: AsyncResource | null = null): void {
  const scope = context ?? root
  scope.runInAsyncScope(nextTurn, null, job)
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
