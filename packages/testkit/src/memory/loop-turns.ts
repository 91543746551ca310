// The event loop of memory networks, carried by the host's: a round of it in each poll; and a way to keep an idle process
// waiting without a timer or a descriptor. It knows no network.
import type { AsyncResource } from 'node:async_hooks'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { inNextPoll, inPoll, root } from '../host-poll'
import { EventLoop } from '../network/event-loop'

/** A round is under way or asked for. */
let isAsked = false

/** The loop of all memory networks of this thread. */
export const loop = new EventLoop(ask)

/** Asked for in that context, so that a simulation in which it happens waits for it. */
function ask(context: AsyncResource | null): void {
  if (isAsked) return
  isAsked = true
  inPoll(turn, context ?? root)
}

/** One call of a round. */
function turn(): void {
  const call = loop.next()
  if (call !== null) {
    const scope = call.context ?? root
    inPoll(turn, scope)
    scope.runInAsyncScope(call.run)
  } else if (loop.hasWork) inNextPoll(turn)
  else isAsked = false
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
