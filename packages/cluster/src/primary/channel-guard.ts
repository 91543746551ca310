// Keeps what a worker writes to Node's own IPC channel from throwing here. Node parses it and answers its handle messages by
// itself, and throws out of the event loop at bytes that are no message, or at an answer to a handle that was never sent.
import type { ChildProcess } from 'node:child_process'

/** What of the host's channel is used; its object stands under a symbol of the child process. */
interface Channel {
  onread: (...args: unknown[]) => unknown
}

/** `wrong` hears of what the host could not read, instead of 'uncaughtException'. */
export function guardChannel(child: ChildProcess, wrong: (what: string) => void): void {
  const guard = (call: (...args: unknown[]) => unknown, thisArg: unknown, args: unknown[]): unknown => {
    try {
      return call.apply(thisArg, args)
    } catch (error) {
      // Once it is disconnected, the host calls listeners of the program from here: what they throw is not the worker's.
      if (!child.connected) throw error
      return wrong('what is no message of the IPC channel')
    }
  }
  const channel = channelOf(child)
  if (channel) {
    const { onread } = channel
    channel.onread = function (this: unknown, ...args) {
      return guard(onread, this, args)
    }
  }
  const listeners = child.listeners('internalMessage') as Channel['onread'][]
  child.removeAllListeners('internalMessage')
  for (const listener of listeners) {
    child.on('internalMessage', function (this: unknown, ...args: unknown[]) {
      guard(listener, this, args)
    })
  }
}

/** Null where the host keeps it elsewhere: there, garbage is an uncaught exception, as with node:cluster. */
function channelOf(child: ChildProcess): Channel | null {
  for (const key of Object.getOwnPropertySymbols(child)) {
    const value = (child as unknown as Record<symbol, Partial<Channel> | null>)[key]
    if (typeof value === 'object' && typeof value?.onread === 'function') return value as Channel
  }
  return null
}
