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

/** By their order: what was asked for and is still to come. */
const coming: Record<Order, Job[]> = { closing: [], first: [], last: [] }
/** What the loop polls: those of `last` that had been asked for before. */
let polled: Job[] = []
/** How far the loop is: in its poll, behind it, or where it closes handles, as also while it waits. */
let phase: 'poll' | 'pending' | 'closing' = 'closing'
/** Turns that are scheduled. */
let turnCount = 0

/**
 * Runs a job in a turn of its own, in the order of its kind (`Order`). The context is its handle's, not that of whoever caused
 * it: what a server hears is not its client's doing.
 */
export function postTurn(run: () => void, context: AsyncResource | null = null, order: Order = 'last'): void {
  const scope = context ?? root
  coming[order].push({ scope, run })
  turnCount++
  // Asked for in that context, so that a simulation in which it happens waits for it.
  scope.runInAsyncScope(setImmediate, null, turn)
}

/** One for each job. */
function turn(): void {
  const job = nextJob()
  turnCount--
  // What the ticks of this turn ask for is still of its phase.
  if (turnCount === 0) root.runInAsyncScope(setImmediate, null, rest).unref()
  job?.scope.runInAsyncScope(job.run)
}

function rest(): void {
  if (turnCount === 0) phase = 'closing'
}

/** As libuv has it: behind the poll what was done at once in it, then handles that close; the same again before the next poll. */
function nextJob(): Job | undefined {
  if (phase === 'poll' && polled.length > 0) return polled.shift()
  if (phase === 'poll') phase = 'pending'
  const { closing, first } = coming
  if (phase === 'pending' && first.length > 0) return first.shift()
  phase = 'closing'
  if (closing.length > 0) return closing.shift()
  if (first.length > 0) return first.shift()
  phase = 'poll'
  polled = coming.last
  coming.last = []
  return polled.shift()
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
