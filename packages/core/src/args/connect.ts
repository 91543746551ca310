// The overloads of connect() to one options object. It checks what the shape of the call decides; the values of the
// options are checked where they are used.
import { type Callback, isPath, trailingCallback } from './callback'

/** What is left of any call of `connect`: options with at least the keys that were given, and the callback. */
export interface ConnectArguments {
  readonly options: Readonly<Record<string, unknown>>
  readonly callback: Callback | undefined
}

/**
 * `connect(options[, cb])`, `connect(path[, cb])`, `connect(port[, host][, cb])`.
 * Source: https://nodejs.org/api/net.html#socketconnect
 */
export function readConnectArguments(args: readonly unknown[]): ConnectArguments {
  const callback = trailingCallback(args)
  const [first, second] = args
  if (args.length === 0) return { options: {}, callback }
  if (typeof first === 'object' && first !== null) {
    return { options: first as Record<string, unknown>, callback }
  }
  if (isPath(first)) return { options: { path: first }, callback }
  const options = typeof second === 'string' ? { port: first, host: second } : { port: first }
  return { options, callback }
}
