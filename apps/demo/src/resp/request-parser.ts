// How a client's bytes fall into requests: arrays of bulk strings, and inline lines, cut at any byte. It knows the
// limits and Redis's words for what breaks them; it knows no command and no connection.
import { splitInlineRequest } from './inline-request'
import { RequestBytes } from './request-bytes'

/** What a client sent is no request. There is no way to find the next one: the connection has to be closed. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError'
}

/** Longest inline line and longest length line, in bytes (Redis's PROTO_INLINE_MAX_SIZE). */
const LINE_LIMIT = 64 * 1024
/** What an argument is taken to cost beside its bytes (measured: a view of a Buffer), so that millions are too many. */
const ARGUMENT_OVERHEAD = 128

const CR = 13
const LF = 10
const ASTERISK = 42
const DOLLAR = 36

export class RequestParser {
  readonly #maxRequestBytes: number
  readonly #bytes = new RequestBytes()
  /** How many bytes there have to be before it is worth to look again. */
  #wantedBytes = 0
  /** How many bytes were searched for the end of a line. */
  #searchedBytes = 0

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
    this.#bytes.push(chunk, this.#wantedBytes)
  }

  /** The next request's arguments, its name first; null until more bytes come. Throws `ProtocolError`. */
  next(): Buffer[] | null {
    if (this.#bytes.length < this.#wantedBytes) return null
    this.#wantedBytes = 0
    const request = this.#read()
    if (request === null) this.#bytes.compact()
    return request
  }

  /** All that was pushed and not taken, as bytes that make another parser stand where this one does. */
  rest(): Buffer {
    const parts: Buffer[] = []
    if (this.#argsMissing > 0) {
      parts.push(Buffer.from(`*${this.#args.length + this.#argsMissing}\r\n`))
      for (const arg of this.#args) parts.push(Buffer.from(`$${arg.length}\r\n`), arg, Buffer.from('\r\n'))
      if (this.#bulkLength >= 0) parts.push(Buffer.from(`$${this.#bulkLength}\r\n`))
    }
    return Buffer.concat([...parts, this.#bytes.view()])
  }

  #read(): Buffer[] | null {
    for (;;) {
      if (this.#argsMissing > 0) return this.#readArguments() ? this.#take() : null
      if (this.#bytes.length === 0) return null
      if (this.#bytes.memory[this.#bytes.start] === ASTERISK) {
        if (!this.#readCount()) return null
      } else {
        const words = this.#readInline()
        if (words === null || words.length > 0) return words
      }
    }
  }

  #take(): Buffer[] {
    const args = this.#args
    this.#args = []
    this.#requestBytes = 0
    return args
  }

  #readInline(): Buffer[] | null {
    const bytes = this.#bytes
    const end = this.#find(LF)
    const length = (end < 0 ? bytes.end : end) - bytes.start
    if (length > LINE_LIMIT) throw new ProtocolError('too big inline request')
    if (end < 0) return null
    const isCarriageReturned = length > 0 && bytes.memory[end - 1] === CR
    const line = bytes.memory.toString('latin1', bytes.start, isCarriageReturned ? end - 1 : end)
    bytes.start = end + 1
    const words = splitInlineRequest(line)
    if (words === null) throw new ProtocolError('unbalanced quotes in request')
    return words.map(word => Buffer.from(word, 'latin1'))
  }

  /** `*3\r\n`. False until the whole line is here. A count of 0 or less is no request, and no error. */
  #readCount(): boolean {
    const end = this.#endOfLine('too big mbulk count string')
    if (end < 0) return false
    const count = this.#integer(this.#bytes.start + 1, end)
    if (Number.isNaN(count) || count * ARGUMENT_OVERHEAD > this.#maxRequestBytes) {
      throw new ProtocolError('invalid multibulk length')
    }
    this.#bytes.start = end + 2
    this.#argsMissing = Math.max(count, 0)
    return true
  }

  /** `$4\r\nPING\r\n`, as often as is missing. False until all is here. */
  #readArguments(): boolean {
    const bytes = this.#bytes
    while (this.#argsMissing > 0) {
      if (this.#bulkLength < 0 && !this.#readBulkLength()) return false
      const length = this.#bulkLength + 2
      if (bytes.length < length) {
        this.#wantedBytes = length
        return false
      }
      this.#args.push(bytes.memory.subarray(bytes.start, bytes.start + this.#bulkLength))
      bytes.start += length
      this.#bulkLength = -1
      this.#argsMissing--
    }
    return true
  }

  #readBulkLength(): boolean {
    const end = this.#endOfLine('too big bulk count string')
    if (end < 0) return false
    const kind = this.#bytes.memory[this.#bytes.start]!
    if (kind !== DOLLAR) throw new ProtocolError(`expected '$', got '${String.fromCharCode(kind)}'`)
    const length = this.#integer(this.#bytes.start + 1, end)
    if (!(length >= 0 && length <= this.#maxRequestBytes)) throw new ProtocolError('invalid bulk length')
    this.#requestBytes += length + ARGUMENT_OVERHEAD
    if (this.#requestBytes > this.#maxRequestBytes + ARGUMENT_OVERHEAD * 8) {
      throw new ProtocolError('too big request')
    }
    this.#bytes.start = end + 2
    this.#bulkLength = length
    return true
  }

  /** Where the line's CR is, once the byte after it is here too; else -1. */
  #endOfLine(tooLong: string): number {
    const end = this.#find(CR)
    if (end >= 0 && end + 1 < this.#bytes.end) return end
    if (end >= 0) this.#searchedBytes = end - this.#bytes.start
    else if (this.#bytes.length > LINE_LIMIT) throw new ProtocolError(tooLong)
    return -1
  }

  /** Where a byte is; -1 where it is not here yet, and then what was searched is not searched again. */
  #find(byte: number): number {
    const { memory, start, end } = this.#bytes
    const held = end === memory.length ? memory : memory.subarray(0, end)
    const at = held.indexOf(byte, start + this.#searchedBytes)
    this.#searchedBytes = at < 0 ? end - start : 0
    return at
  }

  /** A decimal number in its one canonical form: no sign but a minus, no leading zero. NaN otherwise. */
  #integer(start: number, end: number): number {
    const { memory } = this.#bytes
    const isNegative = memory[start] === 45
    const first = isNegative ? start + 1 : start
    const digits = end - first
    if (digits < 1 || digits > 15) return Number.NaN
    if (memory[first] === 48 && (digits > 1 || isNegative)) return Number.NaN
    let value = 0
    for (let at = first; at < end; at++) {
      const digit = memory[at]! - 48
      if (digit < 0 || digit > 9) return Number.NaN
      value = value * 10 + digit
    }
    return isNegative ? -value : value
  }
}
