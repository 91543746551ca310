// Error numbers of libuv, by name and back. They are the host's own (they differ between platforms), read once
// from `util.getSystemErrorMap`; it builds no errors (see system-error).
import { getSystemErrorMap } from 'node:util'

/** What libuv passes on and has no name for. */
const unnamed: Partial<Record<NodeJS.Platform, [number: number, name: string, message: string][]>> = {
  linux: [[-109, 'ETOOMANYREFS', 'too many references: cannot splice']],
  darwin: [[-59, 'ETOOMANYREFS', 'too many references: cannot splice']],
}

const byNumber = new Map<number, readonly [name: string, message: string]>(getSystemErrorMap())
for (const [number, name, message] of unnamed[process.platform] ?? []) byNumber.set(number, [name, message])
const byName = new Map<string, number>()
for (const [number, [name]] of byNumber) byName.set(name, number)

/** libuv's number (negative) for a POSIX error name such as `ECONNRESET`; `UV_UNKNOWN` (-4094) where the host has none. */
export function errno(name: string): number {
  return byName.get(name) ?? -4094
}

/** The name for a negative status, such as `ECONNRESET`; `Unknown system error N` where there is none. */
export function errnoName(status: number): string {
  return byNumber.get(status)?.[0] ?? `Unknown system error ${status}`
}

/** What libuv says of a status: `connection reset by peer`. */
export function errnoMessage(status: number): string {
  return byNumber.get(status)?.[1] ?? `Unknown system error ${status}`
}

/** End of the stream (libuv's own, no system error). */
export const UV_EOF = errno('EOF')
/** Permission denied. */
export const UV_EACCES = errno('EACCES')
/** The address is taken. */
export const UV_EADDRINUSE = errno('EADDRINUSE')
/** The address is not of this machine. */
export const UV_EADDRNOTAVAIL = errno('EADDRNOTAVAIL')
/** The address family is not supported here. */
export const UV_EAFNOSUPPORT = errno('EAFNOSUPPORT')
/** Nothing for now. */
export const UV_EAGAIN = errno('EAGAIN')
/** Too many descriptors of this user are on their way between processes (unix(7)). */
export const UV_ETOOMANYREFS = errno('ETOOMANYREFS')
/** An operation is under way already. */
export const UV_EALREADY = errno('EALREADY')
/** No open descriptor; also: the handle is closed. */
export const UV_EBADF = errno('EBADF')
/** Something else has to end first. */
export const UV_EBUSY = errno('EBUSY')
/** Cancelled, because the handle was closed. */
export const UV_ECANCELED = errno('ECANCELED')
/** The connection was aborted before it was accepted. */
export const UV_ECONNABORTED = errno('ECONNABORTED')
/** Nobody listens there. */
export const UV_ECONNREFUSED = errno('ECONNREFUSED')
/** The peer reset the connection. */
export const UV_ECONNRESET = errno('ECONNRESET')
/** An argument is not valid. */
export const UV_EINVAL = errno('EINVAL')
/** The stream is connected already. */
export const UV_EISCONN = errno('EISCONN')
/** This process has no descriptor left. */
export const UV_EMFILE = errno('EMFILE')
/** The system has no descriptor left. */
export const UV_ENFILE = errno('ENFILE')
/** No buffer space left. */
export const UV_ENOBUFS = errno('ENOBUFS')
/** No memory left. */
export const UV_ENOMEM = errno('ENOMEM')
/** No such path. */
export const UV_ENOENT = errno('ENOENT')
/** The stream is not connected. */
export const UV_ENOTCONN = errno('ENOTCONN')
/** The descriptor is no socket. */
export const UV_ENOTSOCK = errno('ENOTSOCK')
/** Not supported on this platform. */
export const UV_ENOTSUP = errno('ENOTSUP')
/** The stream was ended for writing. */
export const UV_EPIPE = errno('EPIPE')
/** The peer did not answer in time. */
export const UV_ETIMEDOUT = errno('ETIMEDOUT')
/** The path is longer than the system allows. */
export const UV_ENAMETOOLONG = errno('ENAMETOOLONG')
