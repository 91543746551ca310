// The overloads of connect() to one options object. It checks what the shape of the call decides; the values of the
// options are checked where they are used.
import { type Callback, isPath, trailingCallback } from './callback'

/** What is left of any call of `connect`: options with at least the keys that were given, and the callback. */
export interface ConnectArguments {
  readonly options: Readonly<Record<string, unknown>>
  readonly callback: Callback | undefined
}

/** Marks the list that `normalizeArgs` makes, in the word that Node marks its own with. */
const mark = Symbol('normalizedArgs')

/**
 * `connect(options[, cb])`, `connect(path[, cb])`, `connect(port[, host][, cb])`.
 * Source: https://nodejs.org/api/net.html#socketconnect
 */
export function readConnectArguments(args: readonly unknown[]): ConnectArguments {
  const callback = trailingCallback(args)
  const [first, second] = args
  if (args.length === 0) return { options: {}, callback }
  if (isNormalized(first)) return { options: first[0], callback: first[1] ?? undefined }
  if (typeof first === 'object' && first !== null) {
    return { options: first as Record<string, unknown>, callback }
  }
  if (isPath(first)) return { options: { path: first }, callback }
  const options = typeof second === 'string' ? { port: first, host: second } : { port: first }
  return { options, callback }
}

/** The options and the callback, as one argument that `connect` takes. */
type NormalizedArgs = [options: Readonly<Record<string, unknown>>, callback: Callback | null]

/**
 * The arguments of `connect()` as `[options, callback]`, which `socket.connect` takes as its one argument: for programs that
 * replace `Socket.prototype.connect`. Node does not document it.
 */
export function normalizeArgs(args: readonly unknown[]): NormalizedArgs {
  const { options, callback } = readConnectArguments(args)
  return Object.assign<NormalizedArgs, object>([options, callback ?? null], { [mark]: true })
}

function isNormalized(argument: unknown): argument is NormalizedArgs {
  if (!Array.isArray(argument)) return false
  // One of Node's own has another symbol of that name.
  return (
    mark in argument ||
    Object.getOwnPropertySymbols(argument).some(({ description }) => description === mark.description)
  )
}
