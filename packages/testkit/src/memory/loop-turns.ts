// The host's event loop as a memory network needs it: one turn per job, and a way to keep an idle process waiting
// without a timer or a descriptor. It knows no network.
import { AsyncResource } from 'node:async_hooks'
import { MessageChannel, type MessagePort } from 'node:worker_threads'

// Taken at load, so that fake timers in a test do not stop the network under it.
const nextTurn = setImmediate

// Jobs run in the context of the process, not of whoever caused them: a server's callback is not its client's.
const root = new AsyncResource('X_MEMORY_NETWORK')

/** Runs a job in a turn of its own, after those that were asked for before. */
export function postTurn(job: () => void): void {
  root.runInAsyncScope(nextTurn, null, job)
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
