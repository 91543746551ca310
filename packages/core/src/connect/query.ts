// What a caller asks of connect(): options checked, with defaults. It resolves and opens nothing.
import type { AddressFilter } from '../address/block-list'
import { isIP } from '../address/ip'
import { codedError } from '../errors/codes'
import {
  validateBoolean,
  validateFunction,
  validateInt32,
  validateNumber,
  validateOneOf,
  validatePort,
  validateString,
} from '../errors/validate'
import { getDefaultAutoSelectFamily, getDefaultAutoSelectFamilyAttemptTimeout } from '../process-state'
import type { Lookup, PathAddress } from '../transport/contract'

/** A host and port to connect to, with all that decides how. */
export interface HostQuery {
  readonly host: string
  readonly port: number
  readonly family: number | undefined
  readonly hints: number
  readonly lookup: Lookup | undefined
  readonly localAddress: string | undefined
  readonly localPort: number | undefined
  /** Whether all addresses of the host may be tried. */
  readonly autoSelectFamily: boolean
  readonly attemptTimeoutMs: number
  /** Attempts go on while later ones are made. */
  readonly overlaps: boolean
}

export type ConnectQuery = PathAddress | HostQuery

type Options = Readonly<Record<string, unknown>>

const MIN_ATTEMPT_TIMEOUT_MS = 10

/**
 * Checks the options of `connect`.
 *
 * @throws `ERR_MISSING_ARGS`, `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_OUT_OF_RANGE`,
 *   `ERR_SOCKET_BAD_PORT`, `ERR_INVALID_IP_ADDRESS`.
 * Source: https://nodejs.org/api/net.html#socketconnectoptions-connectlistener
 */
export function readConnectQuery(options: Options): ConnectQuery {
  const { path } = options
  if (path) {
    validateString(path, 'options.path')
    return { path }
  }
  if (options['port'] === undefined && path == null)
    throw codedError('ERR_MISSING_ARGS', ['options', 'port', 'path'])
  return readHostQuery(options)
}

function readHostQuery(options: Options): HostQuery {
  const { localAddress, localPort } = options
  if (localAddress && isIP(String(localAddress)) === 0) {
    throw codedError('ERR_INVALID_IP_ADDRESS', localAddress)
  }
  if (localPort) validateNumber(localPort, 'options.localPort')

  // An empty path is none, and leaves the port to be 0.
  const { port = 0 } = options
  if (typeof port !== 'number' && typeof port !== 'string') {
    throw codedError('ERR_INVALID_ARG_TYPE', 'options.port', ['number', 'string'], port)
  }
  const host = options['host'] || 'localhost'
  const { autoSelectFamily, autoSelectFamilyAttemptTimeout: attemptTimeout } = options
  const { autoSelectFamilyOverlap: overlaps } = options
  const checkedPort = validatePort(port)
  if (autoSelectFamily != null) validateBoolean(autoSelectFamily, 'options.autoSelectFamily')
  if (attemptTimeout != null) validateInt32(attemptTimeout, 'options.autoSelectFamilyAttemptTimeout', 1)
  if (overlaps != null) validateBoolean(overlaps, 'options.autoSelectFamilyOverlap')
  validateString(host, 'options.host')
  return {
    host,
    port: checkedPort,
    ...readLookupOptions(options, host),
    localAddress: (localAddress as string | undefined) || undefined,
    localPort: (localPort as number | undefined) || undefined,
    autoSelectFamily: (autoSelectFamily as boolean | null | undefined) ?? getDefaultAutoSelectFamily(),
    attemptTimeoutMs:
      attemptTimeout == null
        ? getDefaultAutoSelectFamilyAttemptTimeout()
        : Math.max(attemptTimeout as number, MIN_ATTEMPT_TIMEOUT_MS),
    overlaps: Boolean(overlaps),
  }
}

/** Family, hints and lookup; a host that is an address needs none, and what they are is not looked at. */
function readLookupOptions(options: Options, host: string): Pick<HostQuery, 'family' | 'hints' | 'lookup'> {
  if (isIP(host) !== 0) return { family: undefined, hints: 0, lookup: undefined }
  const { family, hints, lookup } = options
  if (lookup != null) validateFunction(lookup, 'options.lookup')
  const familyNumber = family === 'IPv4' ? 4 : family === 'IPv6' ? 6 : family
  // What a lookup of the caller's takes for a family is its own affair.
  if (familyNumber != null && lookup == null) validateOneOf(familyNumber, 'options.family', [0, 4, 6])
  return {
    family: (familyNumber as number | null) ?? undefined,
    hints: (hints as number | undefined) || 0,
    lookup: (lookup as Lookup | null | undefined) ?? undefined,
  }
}

/**
 * A block list, or undefined where none is given.
 *
 * @throws `ERR_INVALID_ARG_TYPE` for anything that has no `check`.
 */
export function readBlockList(value: unknown): AddressFilter | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'object' && 'check' in value && typeof value.check === 'function')
    return value as AddressFilter
  throw codedError('ERR_INVALID_ARG_TYPE', 'options.blockList', 'net.BlockList', value)
}
