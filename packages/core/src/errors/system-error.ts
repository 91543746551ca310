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
  const code = errnoName(status)
  const isListen = syscall === 'listen'
  const words = isListen ? `${code}: ${errnoMessage(status)}` : code
  const error = new Error(`${syscall} ${words}${describeEnds(details)}`) as SystemError
  Error.captureStackTrace(error, systemError)
  // The order is Node's: it shows where an error is printed.
  Object.assign(error, isListen ? { code, errno: status, syscall } : { errno: status, code, syscall })
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
