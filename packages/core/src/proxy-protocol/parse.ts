// Where a PROXY header ends among the bytes that have come, and what it says. It never throws and never reads past them.
import { BINARY_HEAD, binaryLength, parseBinary, SIGNATURE } from './binary'
import type { HeaderProblem, ProxyHeader } from './header'
import { MOST_TEXT, parseText } from './text'

const TEXT_START = Buffer.from('PROXY ')
const LINE_END = 0x0d

/** A header, what is wrong, or null: more bytes are needed. */
export type Parsed = ProxyHeader | HeaderProblem | null

/**
 * Reads the header that the bytes begin with. What cannot become one any more is told at once. `maxBytes` bounds
 * headers of version 2; version 1 has 107 bytes at most.
 */
export function parseProxyHeader(bytes: Buffer, maxBytes: number): Parsed {
  if (bytes.length === 0) return null
  if (startsAs(bytes, SIGNATURE)) {
    if (bytes.length < BINARY_HEAD) return null
    const length = binaryLength(bytes)
    if (typeof length !== 'number') return length
    if (length > maxBytes) return { problem: `has ${length} bytes, more than ${maxBytes}` }
    return bytes.length < length ? null : parseBinary(bytes.subarray(0, length))
  }
  if (!startsAs(bytes, TEXT_START)) return { problem: 'is missing' }
  const end = bytes.subarray(0, MOST_TEXT).indexOf(LINE_END)
  if (end === -1 || end + 1 >= MOST_TEXT) {
    return bytes.length < MOST_TEXT && end === -1 ? null : { problem: `has no end within ${MOST_TEXT} bytes` }
  }
  if (end + 1 >= bytes.length) return null
  if (bytes[end + 1] !== 0x0a) return { problem: 'has a line that does not end in CRLF' }
  return parseText(bytes.subarray(0, end + 2))
}

/** Whether the bytes are a beginning of `start`, or begin with it. */
function startsAs(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length)
  return bytes.compare(start, 0, length, 0, length) === 0
}
