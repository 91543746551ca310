// What the system refused, as an Error: from a status, the call and the addresses. It does not know which code path failed.
import { errnoMessage, errnoName } from './errno'

/** Which end points the failed call was about. */
export interface SystemErrorDetails {
  /** The host or path; null and '' say that there was none. */
  readonly address?: string | null
  /** The port; for a path -1 is what Node's listen reports. Left out of the error where 0. */
  readonly port?: number | undefined
  /** Our own end of a connection attempt, where one was asked for. */
  readonly localAddress?: string | undefined
  readonly localPort?: number | undefined
  /** Our own end as the message alone tells it. */
  readonly local?: string
}

/** The own properties of an error of the system. */
export interface SystemError extends Error {
  errno: number
  code: string
  syscall: string
  address?: string | null
  port?: number
  localAddress?: string
  localPort?: number
}

/**
 * The Error for a negative status, with the fields and the message that `node:net` gives it:
 *
 * - `listen`: `listen EADDRINUSE: address already in use :::80` (the system's words are in it);
 * - `connect`, `bind` and other calls with details: `connect ECONNREFUSED 127.0.0.1:1 - Local (127.0.0.2:54321)`;
 * - calls without (`read`, `write`, `shutdown`, `setTypeOfService`): `read ECONNRESET`.
 *
 * Source: https://nodejs.org/api/errors.html#class-systemerror
 */
export function systemError(status: number, syscall: string, details: SystemErrorDetails = {}): SystemError {
  const error = new Error(messageOf(status, syscall, details)) as SystemError
  Error.captureStackTrace(error, systemError)
  return withFields(error, status, syscall, details)
}

/** The one frame of the errors of `eventError`. */
const eventFrame = ownFrame()

/**
 * As `systemError`, for what the event loop brings: no code of a caller is on the stack then, and its frames would tell
 * nothing. node:net shows one frame of its own there, and so does this. `destroy` of Node's streams formats the stack of
 * each error that it is given; formatting the frames of a whole stack costs as much as all else that is done for a
 * connection which its peer resets.
 */
export function eventError(status: number, syscall: string, details: SystemErrorDetails = {}): SystemError {
  const error = withOneFrame(messageOf(status, syscall, details)) as SystemError
  return withFields(error, status, syscall, details)
}

/** The engine looks at no frames, unless the program has fixed how many it is to look at. */
function withOneFrame(message: string): Error {
  const { stackTraceLimit } = Error
  if (!(stackTraceLimit > 0)) return new Error(message)
  try {
    // Assigned: `Reflect.set` is a slow way of V8.
    Error.stackTraceLimit = 0
  } catch {
    return new Error(message)
  }
  const error = new Error(message)
  Error.stackTraceLimit = stackTraceLimit
  error.stack = `Error: ${message}${eventFrame}`
  return error
}

/** The line of a stack that names this place. */
function ownFrame(): string {
  const { stack } = new Error()
  return /\n {4}at .*/.exec(String(stack))?.[0] ?? ''
}

function messageOf(status: number, syscall: string, details: SystemErrorDetails): string {
  const code = errnoName(status)
  const words = syscall === 'listen' ? `${code}: ${errnoMessage(status)}` : code
  return `${syscall} ${words}${describeEnds(details)}`
}

/** In Node's order, which shows where an error is printed. */
function withFields(
  error: SystemError,
  status: number,
  syscall: string,
  details: SystemErrorDetails,
): SystemError {
  if (syscall === 'listen') error.code = errnoName(status)
  error.errno = status
  if (syscall !== 'listen') error.code = errnoName(status)
  error.syscall = syscall
  if (details.address !== undefined) error.address = details.address
  if (details.port) error.port = details.port
  if (details.localAddress && details.localPort) {
    error.localAddress = details.localAddress
    error.localPort = details.localPort
  }
  return error
}

function describeEnds({ address, port, localAddress, localPort, local }: SystemErrorDetails): string {
  let ends = ''
  if (port && port > 0) ends = ` ${address}:${port}`
  else if (address) ends = ` ${address}`
  if (local !== undefined) return `${ends} - Local (${local})`
  return localAddress && localPort ? `${ends} - Local (${localAddress}:${localPort})` : ends
}

/** An error of name resolution, as `node:dns` has it: `getaddrinfo ENOTFOUND no.such.host`. */
export interface LookupError extends Error {
  errno: number | undefined
  code: string
  syscall: string
  hostname: string
}

/**
 * The Error for a host name that was not resolved. libuv has several numbers for "no such name"; as in Node all of them
 * are `ENOTFOUND`. Source: https://nodejs.org/api/dns.html#error-codes
 */
export function lookupError(status: number, hostname: string): LookupError {
  const name = errnoName(status)
  const code = name === 'EAI_NONAME' || name === 'EAI_NODATA' ? 'ENOTFOUND' : name
  const error = new Error(`getaddrinfo ${code} ${hostname}`) as LookupError
  Error.captureStackTrace(error, lookupError)
  return Object.assign(error, { errno: status, code, syscall: 'getaddrinfo', hostname })
}
