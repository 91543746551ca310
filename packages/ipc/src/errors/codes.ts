// The error codes of this package: the one table of them. It does not know who throws them when.
import { defineCodes } from '@x/core/internal'

/** An error reported by a peer. */
export interface RemoteError {
  readonly name: string
  readonly message: string
  readonly code: string | null
}

function say({ name, message, code }: RemoteError): string {
  return `${name}${code === null ? '' : ` [${code}]`}: ${message}`
}

const codes = {
  ERR_X_UNSAFE_PATH: {
    base: Error,
    message: (path: string, reason: string) => `Unsafe place for a socket: ${path} ${reason}`,
    fields: (path: string, reason: string) => ({ path, reason }),
  },
  ERR_X_LOCK_TIMEOUT: {
    base: Error,
    message: (path: string, ms: number) => `Another process has held ${path} for ${ms} ms`,
    fields: (path: string) => ({ path }),
  },
  ERR_X_NOT_AUTHORIZED: {
    base: Error,
    message: (reason: string) => `The peer is not authorized: ${reason}`,
  },
  ERR_X_CHANNEL_LOST: {
    base: Error,
    message: (how: string) => `The peer went away without a goodbye: ${how}`,
  },
  ERR_X_CHANNEL_REFUSED: {
    base: Error,
    message: (remote: RemoteError) => `The peer ended the channel: ${say(remote)}`,
    fields: (remote: RemoteError) => ({ remote }),
  },
  ERR_X_CHANNEL_PROTOCOL: {
    base: Error,
    message: (reason: string) => `The peer broke the channel's protocol: ${reason}`,
  },
  ERR_X_CHANNEL_VERSION: {
    base: Error,
    message: (theirs: number, ours: number) =>
      `The peer speaks version ${theirs} of the channel's protocol, we speak ${ours}`,
    fields: (theirs: number, ours: number) => ({ theirs, ours }),
  },
  ERR_X_CHANNEL_SLOW: {
    base: Error,
    message: (what: string) => `The peer is too slow: ${what}`,
  },
  ERR_X_FRAME_TOO_LONG: {
    base: RangeError,
    message: (bytes: number, limit: number, who: string) =>
      `A frame of ${bytes} bytes is beyond ${who} limit of ${limit}`,
    fields: (bytes: number, limit: number) => ({ bytes, limit }),
  },
  ERR_X_NOT_SENT: {
    base: Error,
    message: (why: string) => `Not sent: ${why}`,
  },
  ERR_X_OUTCOME_UNKNOWN: {
    base: Error,
    message: (why: string) => `Sent, and perhaps received: ${why}`,
  },
  ERR_X_REQUEST_TIMEOUT: {
    base: Error,
    message: (ms: number, mayHaveRun: boolean) =>
      `No reply within ${ms} ms; the request ${mayHaveRun ? 'may have been executed' : 'was not sent'}`,
    fields: (ms: number, mayHaveRun: boolean) => ({ timeoutMs: ms, mayHaveRun }),
  },
  ERR_X_REQUEST_FAILED: {
    base: Error,
    message: (remote: RemoteError) => `The peer answered with an error: ${say(remote)}`,
    fields: (remote: RemoteError) => ({ remote }),
  },
  ERR_X_NOT_SERVED: {
    base: Error,
    message: (name: string) =>
      name === '' ? 'The peer serves no requests' : `The peer has no procedure '${name}'`,
  },
  ERR_X_HANDLE_REFUSED: {
    base: Error,
    message: (reason: string) => `The receiver did not take the handle: ${reason}`,
    fields: (reason: string) => ({ reason }),
  },
  ERR_X_HANDLE_LOST: {
    base: Error,
    message: (waiting: number) =>
      `The receiver went away before it acknowledged; ${waiting} descriptors are still the sender's`,
    fields: (waiting: number) => ({ waiting }),
  },
  ERR_X_DESCRIPTOR_GONE: {
    base: Error,
    message: (how: string) => `The descriptor ${how}`,
  },
  ERR_X_SERVICE_ENVIRONMENT: {
    base: Error,
    message: (variable: string, value: string, reason: string) =>
      `The service manager's ${variable} is '${value}', which ${reason}`,
    fields: (variable: string, value: string) => ({ variable, value }),
  },
} as const

/**
 * The error of one of this package's codes. `docs/errors.md` explains each of them.
 */
export const ipcError = defineCodes(codes)

/** The peer broke the protocol: its channel ends with this. */
export function breach(reason: string): Error {
  return ipcError('ERR_X_CHANNEL_PROTOCOL', reason)
}

/** The same error, with what brought it about. */
export function because<Thrown extends Error>(error: Thrown, cause: unknown): Thrown {
  if (cause !== null && cause !== undefined) {
    Object.defineProperty(error, 'cause', { value: cause, configurable: true, writable: true })
  }
  return error
}

/** What a peer is told of one of our errors. */
export function told(error: Error): RemoteError {
  const { name, message, code = null } = error as NodeJS.ErrnoException
  return { name, message, code }
}
