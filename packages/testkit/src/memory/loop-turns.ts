// The event loop of memory networks, carried by the host's: a round of it in each poll, and behind each call what follows from
// it; and a way to keep an idle process waiting without a timer or a descriptor. It knows no network.
import { AsyncResource } from 'node:async_hooks'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { setImmediate } from '../host'
import { EventLoop } from '../network/event-loop'

// The context of the process, for what belongs to no handle.
const root = new AsyncResource('X_MEMORY_NETWORK')

/** Messages are taken in the poll of the host's loop, one after the other, with ticks and promises between them. */
const { port1: inbox, port2: outbox } = root.runInAsyncScope(() => new MessageChannel())
inbox.on('message', turn)
inbox.unref()

/** A round is under way or asked for. */
let isAsked = false

/** The loop of all memory networks of this thread. */
export const loop = new EventLoop(ask)

function ask(context: AsyncResource | null): void {
  // It has the process wait for the round, and a simulation in which that happens, too.
  const scope = context ?? root
  scope.runInAsyncScope(setImmediate, null, nothing)
  if (isAsked) return
  isAsked = true
  outbox.postMessage(null)
}

function nothing(): void {}

/** One call of a round. */
function turn(): void {
  const call = loop.next()
  if (call !== null) {
    outbox.postMessage(null)
    const scope = call.context ?? root
    scope.runInAsyncScope(call.run)
  } else if (loop.hasWork) root.runInAsyncScope(setImmediate, null, askAgain)
  else isAsked = false
}

/** Behind the immediates of this turn of the host's loop: the next round is in its next poll. */
function askAgain(): void {
  outbox.postMessage(null)
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
