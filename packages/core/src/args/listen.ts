// The overloads of server.listen() to one request: where to listen, how, and the callback. It checks arguments and
// opens nothing.
import { codedError } from '../errors/codes'
import { validateAbortSignal, validatePort } from '../errors/validate'
import { type Callback, isPath, trailingCallback } from './callback'

/** Where a server was told to listen. */
export type ListenTarget =
  | { readonly port: number; readonly host: string | undefined }
  | { readonly path: string }
  | { readonly fd: number }
  /** A server, a socket or a bound socket whose descriptor is to be used. */
  | { readonly holder: object }

/** What `listen()` was told, whatever its overload. */
export interface ListenArguments {
  readonly target: ListenTarget
  /** The options as they were given, or made from positional arguments. */
  readonly options: Readonly<Record<string, unknown>>
  readonly backlog: number
  readonly callback: Callback | undefined
}

/** What Node takes where no backlog is told. */
const DEFAULT_BACKLOG = 511

/**
 * `listen(port[, host][, backlog][, cb])`, `listen(path[, backlog][, cb])`, `listen(handle[, backlog][, cb])`,
 * `listen(options[, cb])`. `isHolder` tells which objects carry a handle that can be listened on.
 *
 * @throws `ERR_INVALID_ARG_VALUE`, `ERR_SOCKET_BAD_PORT`, `ERR_INVALID_ARG_TYPE` (a signal that is none).
 * Source: https://nodejs.org/api/net.html#serverlisten
 */
export function readListenArguments(
  args: readonly unknown[],
  isHolder: (value: object) => boolean,
): ListenArguments {
  const callback = trailingCallback(args)
  const positional = positionalOptions(args)
  const options = positional ?? (args[0] as Record<string, unknown>)
  const backlog = readBacklog(options['backlog']) ?? readBacklog(args[1]) ?? readBacklog(args[2])
  const done = (target: ListenTarget): ListenArguments => ({
    target,
    options,
    backlog: backlog ?? DEFAULT_BACKLOG,
    callback,
  })

  if (positional === null && isHolder(options)) return done({ holder: options })
  validateAbortSignal(options['signal'], 'options.signal')
  const fd = options['fd']
  if (typeof fd === 'number' && fd >= 0) return done({ fd })

  const anyPort = args.length === 0 || typeof args[0] === 'function' || isNothing(options, 'port')
  if (anyPort) return done({ port: 0, host: readHost(options) })
  const port = options['port']
  if (typeof port === 'number' || typeof port === 'string') {
    return done({ port: validatePort(port, 'options.port'), host: readHost(options) })
  }
  const path = options['path']
  if (isPath(path)) {
    if (path.startsWith('\0') && (options['readableAll'] || options['writableAll'])) {
      const reason = 'can not set readableAll or writableAllt to true when path is abstract unix socket'
      throw codedError('ERR_INVALID_ARG_VALUE', 'options', options, reason)
    }
    return done({ path })
  }
  throw missingTarget((options['_handle'] || options['handle'] || options) as object)
}

/** Options for the forms that take a port or path first; null where the first argument is an options object. */
function positionalOptions(args: readonly unknown[]): Record<string, unknown> | null {
  const [first, second] = args
  if (args.length === 0 || typeof first === 'function') return {}
  if (typeof first === 'object' && first !== null) return null
  if (isPath(first)) return { path: first }
  return typeof second === 'string' ? { port: first, host: second } : { port: first }
}

/** `{ port: undefined }` and `{ port: null }` ask for any port; no key `port` at all does not. */
function isNothing(options: Readonly<Record<string, unknown>>, key: string): boolean {
  return key in options && (options[key] === undefined || options[key] === null)
}

/** A number, or a string of one, from 0 up. */
function readBacklog(value: unknown): number | undefined {
  if (typeof value !== 'number' && typeof value !== 'string') return undefined
  const backlog = Number(value)
  return Number.isInteger(backlog) && backlog > 0 ? backlog : undefined
}

/** The host as it was given: what is wrong with one that is no string is said where it is resolved. */
function readHost(options: Readonly<Record<string, unknown>>): string | undefined {
  return options['host'] ? (options['host'] as string) : undefined
}

function missingTarget(options: object): Error {
  if ('port' in options || 'path' in options) return codedError('ERR_INVALID_ARG_VALUE', 'options', options)
  const reason = 'must have the property "port" or "path"'
  return codedError('ERR_INVALID_ARG_VALUE', 'options', options, reason)
}
