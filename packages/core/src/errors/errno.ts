// Error numbers of libuv, by name and back. They are the host's own (they differ between platforms), read once
// from `util.getSystemErrorMap`; it builds no errors (see system-error).
import { getSystemErrorMap } from 'node:util'

const byName = new Map<string, number>()
for (const [number, [name]] of getSystemErrorMap()) byName.set(name, number)

/** libuv's number (negative) for a POSIX error name such as `ECONNRESET`; `UV_UNKNOWN` (-4094) where the host has none. */
export function errno(name: string): number {
  return byName.get(name) ?? -4094
}

/** The name for a negative status, such as `ECONNRESET`; `Unknown system error N` where there is none. */
export function errnoName(status: number): string {
  return getSystemErrorMap().get(status)?.[0] ?? `Unknown system error ${status}`
}

/** What libuv says of a status: `connection reset by peer`. */
export function errnoMessage(status: number): string {
  return getSystemErrorMap().get(status)?.[1] ?? `Unknown system error ${status}`
}

export const UV_EOF = errno('EOF')
export const UV_EACCES = errno('EACCES')
export const UV_EADDRINUSE = errno('EADDRINUSE')
export const UV_EADDRNOTAVAIL = errno('EADDRNOTAVAIL')
export const UV_EAFNOSUPPORT = errno('EAFNOSUPPORT')
export const UV_EALREADY = errno('EALREADY')
export const UV_EBADF = errno('EBADF')
export const UV_ECANCELED = errno('ECANCELED')
export const UV_ECONNABORTED = errno('ECONNABORTED')
export const UV_ECONNREFUSED = errno('ECONNREFUSED')
export const UV_ECONNRESET = errno('ECONNRESET')
export const UV_EINVAL = errno('EINVAL')
export const UV_EISCONN = errno('EISCONN')
export const UV_EMFILE = errno('EMFILE')
export const UV_ENFILE = errno('ENFILE')
export const UV_ENOBUFS = errno('ENOBUFS')
export const UV_ENOENT = errno('ENOENT')
export const UV_ENOTCONN = errno('ENOTCONN')
export const UV_ENOTSOCK = errno('ENOTSOCK')
export const UV_ENOTSUP = errno('ENOTSUP')
export const UV_EPIPE = errno('EPIPE')
export const UV_ETIMEDOUT = errno('ETIMEDOUT')
export const UV_ENAMETOOLONG = errno('ENAMETOOLONG')
