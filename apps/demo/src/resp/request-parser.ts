// How a client's bytes fall into requests: arrays of bulk strings, and inline lines, cut at any byte. It knows the
// limits and Redis's words for what breaks them; it knows no command and no connection.
import { splitInlineRequest } from './inline-request'

/** What a client sent is no request. There is no way to find the next one: the connection has to be closed. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError'
}

/** Longest inline line and longest length line, in bytes (Redis's PROTO_INLINE_MAX_SIZE). */
const LINE_LIMIT = 64 * 1024
/** What an argument is taken to cost beside its bytes, so that millions of empty ones are too many. */
const ARGUMENT_OVERHEAD = 64
const EMPTY = Buffer.alloc(0)

const CR = 13
const LF = 10
const ASTERISK = 42
const DOLLAR = 36

export class RequestParser {
  readonly #maxRequestBytes: number
  #buffer: Buffer = EMPTY
  #position = 0
  /** What came since `#buffer` was last joined. A long argument is joined once, when the last of it is here. */
  #arrived: Buffer[] = []
  #arrivedBytes = 0
  #neededBytes = 0

  #args: Buffer[] = []
  #argsMissing = 0
  #bulkLength = -1
  #requestBytes = 0

  /** @param maxRequestBytes what the arguments of one request may take together; beyond it `next` throws */
  constructor(maxRequestBytes: number) {
    this.#maxRequestBytes = maxRequestBytes
  }

  /** Takes bytes as they came. The parser keeps them, and hands out views of them. */
  push(chunk: Buffer): void {
    this.#arrived.push(chunk)
    this.#arrivedBytes += chunk.length
  }

  /** The next request's arguments, its name first; null until more bytes come. Throws `ProtocolError`. */
  next(): Buffer[] | null {
    if (this.#arrivedBytes > 0) {
      if (this.#arrivedBytes < this.#neededBytes) return null
      this.#join()
    }
    for (;;) {
      if (this.#argsMissing > 0) return this.#readArguments() ? this.#take() : null
      if (this.#position >= this.#buffer.length) return null
      if (this.#buffer[this.#position] === ASTERISK) {
        if (!this.#readCount()) return null
      } else {
        const words = this.#readInline()
        if (words === null || words.length > 0) return words
      }
    }
  }

  /** All that was pushed and not taken, as bytes that make another parser stand where this one does. */
  rest(): Buffer {
    const parts: Buffer[] = []
    if (this.#argsMissing > 0) {
      parts.push(Buffer.from(`*${this.#args.length + this.#argsMissing}\r\n`))
      for (const arg of this.#args) parts.push(Buffer.from(`$${arg.length}\r\n`), arg, Buffer.from('\r\n'))
      if (this.#bulkLength >= 0) parts.push(Buffer.from(`$${this.#bulkLength}\r\n`))
    }
    return Buffer.concat([...parts, this.#buffer.subarray(this.#position), ...this.#arrived])
  }

  #join(): void {
    const rest = this.#buffer.length - this.#position
    if (rest === 0 && this.#arrived.length === 1) this.#buffer = this.#arrived[0]!
    else this.#buffer = Buffer.concat([this.#buffer.subarray(this.#position), ...this.#arrived])
    this.#position = 0
    this.#arrived = []
    this.#arrivedBytes = 0
    this.#neededBytes = 0
  }

  #take(): Buffer[] {
    const args = this.#args
    this.#args = []
    this.#requestBytes = 0
    return args
  }

  #readInline(): Buffer[] | null {
    const end = this.#buffer.indexOf(LF, this.#position)
    const length = (end < 0 ? this.#buffer.length : end) - this.#position
    if (length > LINE_LIMIT) throw new ProtocolError('too big inline request')
    if (end < 0) return null
    const isCarriageReturned = length > 0 && this.#buffer[end - 1] === CR
    const line = this.#buffer.toString('latin1', this.#position, isCarriageReturned ? end - 1 : end)
    this.#position = end + 1
    const words = splitInlineRequest(line)
    if (words === null) throw new ProtocolError('unbalanced quotes in request')
    return words.map(word => Buffer.from(word, 'latin1'))
  }

  /** `*3\r\n`. False until the whole line is here. A count of 0 or less is no request, and no error. */
  #readCount(): boolean {
    const end = this.#endOfLine('too big mbulk count string')
    if (end < 0) return false
    const count = this.#integer(this.#position + 1, end)
    if (Number.isNaN(count) || count * ARGUMENT_OVERHEAD > this.#maxRequestBytes) {
      throw new ProtocolError('invalid multibulk length')
    }
    this.#position = end + 2
    this.#argsMissing = Math.max(count, 0)
    return true
  }

  /** `$4\r\nPING\r\n`, as often as is missing. False until all is here. */
  #readArguments(): boolean {
    while (this.#argsMissing > 0) {
      if (this.#bulkLength < 0 && !this.#readBulkLength()) return false
      const end = this.#position + this.#bulkLength
      if (this.#buffer.length < end + 2) {
        this.#neededBytes = end + 2 - this.#buffer.length
        return false
      }
      this.#args.push(this.#buffer.subarray(this.#position, end))
      this.#position = end + 2
      this.#bulkLength = -1
      this.#argsMissing--
    }
    return true
  }

  #readBulkLength(): boolean {
    const end = this.#endOfLine('too big bulk count string')
    if (end < 0) return false
    const kind = this.#buffer[this.#position]!
    if (kind !== DOLLAR) throw new ProtocolError(`expected '$', got '${String.fromCharCode(kind)}'`)
    const length = this.#integer(this.#position + 1, end)
    if (!(length >= 0 && length <= this.#maxRequestBytes)) throw new ProtocolError('invalid bulk length')
    this.#requestBytes += length + ARGUMENT_OVERHEAD
    if (this.#requestBytes > this.#maxRequestBytes + ARGUMENT_OVERHEAD * 8) {
      throw new ProtocolError('too big request')
    }
    this.#position = end + 2
    this.#bulkLength = length
    return true
  }

  /** Where the line's CR is, once the byte after it is here too; else -1. */
  #endOfLine(tooLong: string): number {
    const buffer = this.#buffer
    const end = buffer.indexOf(CR, this.#position)
    if (end >= 0) return end + 1 < buffer.length ? end : -1
    if (buffer.length - this.#position > LINE_LIMIT) throw new ProtocolError(tooLong)
    return -1
  }

  /** A decimal number in its one canonical form: no sign but a minus, no leading zero. NaN otherwise. */
  #integer(start: number, end: number): number {
    const isNegative = this.#buffer[start] === 45
    const first = isNegative ? start + 1 : start
    const digits = end - first
    if (digits < 1 || digits > 15) return Number.NaN
    if (this.#buffer[first] === 48 && (digits > 1 || isNegative)) return Number.NaN
    let value = 0
    for (let at = first; at < end; at++) {
      const digit = this.#buffer[at]! - 48
      if (digit < 0 || digit > 9) return Number.NaN
      value = value * 10 + digit
    }
    return isNegative ? -value : value
  }
}
