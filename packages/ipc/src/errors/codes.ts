// The error codes of this package: the one table of them. It does not know who throws them when.
import { defineCodes } from '@x/core/transport'

const codes = {
  ERR_X_UNSAFE_PATH: {
    base: Error,
    message: (path: string, reason: string) => `Not safe as a place for a socket: ${path} ${reason}`,
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
  ERR_X_CHANNEL_CLOSED: {
    base: Error,
    message: (why: string = 'The channel is closed') => why,
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
  ERR_X_FRAME_TOO_LONG: {
    base: RangeError,
    message: (bytes: number, limit: number, who: string) =>
      `A frame of ${bytes} bytes is beyond ${who} limit of ${limit}`,
    fields: (bytes: number, limit: number) => ({ bytes, limit }),
  },
  ERR_X_CHANNEL_SLOW: {
    base: Error,
    message: (what: string) => `The peer is too slow: ${what}`,
  },
  ERR_X_REQUEST_TIMEOUT: {
    base: Error,
    message: (ms: number) => `No reply within ${ms} ms`,
    fields: (ms: number) => ({ timeoutMs: ms }),
  },
  ERR_X_REQUEST_FAILED: {
    base: Error,
    message: (name: string, message: string, code: string | null) =>
      `The peer answered with an error: ${name}${code === null ? '' : ` [${code}]`}: ${message}`,
    fields: (name: string, message: string, code: string | null) => ({
      remote: { name, message, code },
    }),
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
} as const

/**
 * The error of one of this package's codes. `docs/errors.md` explains each of them.
 */
export const ipcError = defineCodes(codes)
