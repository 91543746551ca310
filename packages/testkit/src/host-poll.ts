// Jobs in the poll of the host's event loop, where Node takes the messages of a port one after the other, with ticks and
// promises between them. It knows nothing of their use.
import { AsyncResource } from 'node:async_hooks'
import { MessageChannel } from 'node:worker_threads'
import { setImmediate } from './host'

/** The context of the process, for what belongs to nobody. */
export const root = new AsyncResource('X_HOST_POLL')

const { port1: inbox, port2: outbox } = root.runInAsyncScope(() => new MessageChannel())
const jobs: (() => void)[] = []
inbox.on('message', () => {
  const job = jobs.shift()
  if (jobs.length === 0) inbox.unref()
  job?.()
})
inbox.unref()

/**
 * Runs a job in the next poll; in this one where a job of the poll asks. The job belongs to `scope`, in whose context the
 * process waits for it, too.
 */
export function inPoll(job: () => void, scope: AsyncResource = root): void {
  scope.runInAsyncScope(setImmediate, null, nothing)
  // Asked for in a poll, the immediate comes before the next one, and would hold the process no longer.
  if (jobs.length === 0) inbox.ref()
  jobs.push(() => scope.runInAsyncScope(job))
  outbox.postMessage(null)
}

/** Runs a job in the next poll, also where a job of this one asks: behind the immediates. */
export function inNextPoll(job: () => void, scope: AsyncResource = root): void {
  scope.runInAsyncScope(setImmediate, null, () => inPoll(job, scope))
}

function nothing(): void {}
