// Puts values, errors and states into words that are equal where what a program sees is equal: ports, paths and other
// accidents of one run are left out. It knows nothing of programs.
import { shortened } from './trace.mjs'

/** @typedef {Record<string, unknown> & { code?: string, message: string, name: string, syscall?: string, errno?: number, address?: string, port?: number, errors?: unknown[], localPort?: number }} AnyError */

/** @param {unknown} value @param {unknown} [self] @returns {string} */
export function describeValue(value, self) {
  if (value !== undefined && value === self) return 'this'
  if (typeof value === 'string') return `'${shortened(withoutAccidents(value))}'`
  if (value instanceof Uint8Array) return `<${shortened(Buffer.from(value).toString('latin1'))}>`
  if (value instanceof Error) return describeError(value)
  if (typeof value === 'number') return isPort(value) ? 'PORT' : String(value)
  if (typeof value === 'function') return 'function'
  if (Array.isArray(value)) return `[${value.map(one => describeValue(one)).join(' ')}]`
  if (typeof value === 'object' && value !== null) {
    const prototype = Object.getPrototypeOf(value)
    if (prototype !== Object.prototype && prototype !== null) return `a ${value.constructor?.name}`
    return `{ ${Object.entries(value)
      .map(([key, one]) => `${key}: ${describeValue(one)}`)
      .join(', ')} }`
  }
  return String(value)
}

/** @param {unknown} error @returns {string} */
export function describeError(error) {
  if (!(error instanceof Error)) return describeValue(error)
  const { name, code, message, syscall, address, port, errno, errors } = /** @type {AnyError} */ (
    /** @type {unknown} */ (error)
  )
  const fields = [name, code, syscall, errno, address && withoutAccidents(address), port && 'PORT'].filter(
    one => one !== undefined,
  )
  const inner = Array.isArray(errors) ? ` of ${errors.map(describeError).join('; ')}` : ''
  return `${fields.join(' ')} "${withoutAccidents(message)}"${inner}`
}

/** Ports that the system chose. @param {number} value */
const isPort = value => value >= 32768 && value < 65536

/** @param {string} text */
function withoutAccidents(text) {
  // On a long text without the word the expression takes a time that grows with the square.
  const named = text.includes('x-differential-')
    ? text.replace(/\S*x-differential-\S*?\.sock/g, 'PATH')
    : text
  return (
    named
      // An object as the host shows it: its members of its own are not part of what programs are told.
      .replace(/Received (?:<ref \*\d+> )?(\w+) \{[\s\S]*/, 'Received $1 {...')
      .replace(/\b10\.(?:0\.0\.1|255\.255\.254)\b/g, '127.0.0.1')
      .replace(/(127\.0\.0\.1|::1|localhost):\d+/g, '$1:PORT')
      .replace(/\b(3[3-9]|4\d|5\d|6[0-5])\d{3}\b/g, 'PORT')
  )
}

/** What a look at a socket reads, by name. */
export const socketLook = [
  'bytesWritten',
  'bytesRead',
  'writableLength',
  'bufferSize',
  'readyState',
  'pending',
  'connecting',
  'destroyed',
  'closed',
  'writable',
  'writableEnded',
  'writableFinished',
  'writableNeedDrain',
  'writableCorked',
  'readable',
  'readableEnded',
  'readableFlowing',
  'readableLength',
  'readableAborted',
  'readableDidRead',
  'readableEncoding',
  'readableHighWaterMark',
  'writableHighWaterMark',
  'writableAborted',
  'localAddress',
  'localPort',
  'localFamily',
  'remoteAddress',
  'remotePort',
  'remoteFamily',
  'timeout',
  'errored',
  'allowHalfOpen',
]

/** What a look at a server reads, by name. */
export const serverLook = [
  'listening',
  'maxConnections',
  'allowHalfOpen',
  'pauseOnConnect',
  'noDelay',
  'keepAlive',
  'keepAliveInitialDelay',
  'highWaterMark',
]

/** @param {any} socket @param {readonly string[]} names */
export function look(socket, names) {
  return names.map(name => `${name}=${describeMember(socket, name)}`).join('; ')
}

/** @param {any} socket @param {string} name */
function describeMember(socket, name) {
  // Programs ask whether there is a handle; what it is differs.
  return name === '_handle' ? String(socket._handle && typeof socket._handle) : describeValue(socket[name])
}
