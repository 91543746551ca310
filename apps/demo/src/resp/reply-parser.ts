// How a server's bytes fall into replies (RESP2), cut at any byte: for programs that are clients. It knows no command and no
// connection.
import { RequestBytes } from './request-bytes'

/** What a server refused. */
export class ReplyError extends Error {
  override readonly name = 'ReplyError'
}

export type ReplyValue = string | number | Buffer | null | ReplyError | readonly ReplyValue[]

/** The payload of a message that a subscriber gets; null for any other reply. */
export function payloadOf(reply: ReplyValue): Buffer | null {
  const [kind, , payload] = Array.isArray(reply) ? reply : []
  return String(kind) === 'message' && Buffer.isBuffer(payload) ? payload : null
}

const CR = 13

export class ReplyParser {
  readonly #bytes = new RequestBytes()
  /** The bytes that are here, and how far they are read. */
  #here: Buffer = this.#bytes.memory
  #at = 0

  push(chunk: Buffer): void {
    this.#bytes.push(chunk)
  }

  /** The next reply; undefined until more bytes come. Throws where the server does not speak the protocol. */
  next(): ReplyValue | undefined {
    const { memory, start, end } = this.#bytes
    this.#here = end === memory.length ? memory : memory.subarray(0, end)
    this.#at = start
    const value = this.#read()
    if (value === undefined) this.#bytes.compact()
    else this.#bytes.start = this.#at
    return value
  }

  #read(): ReplyValue | undefined {
    const end = this.#here.indexOf(CR, this.#at)
    if (end < 0 || end + 1 >= this.#here.length) return undefined
    const kind = String.fromCharCode(this.#here[this.#at]!)
    const line = this.#here.toString('latin1', this.#at + 1, end)
    this.#at = end + 2
    switch (kind) {
      case '+':
        return line
      case '-':
        return new ReplyError(line)
      case ':':
        return Number(line)
      case '$':
        return this.#readBulk(Number(line))
      case '*':
        return this.#readArray(Number(line))
      default:
        throw new Error(`it does not speak the Redis protocol: a reply begins with ${JSON.stringify(kind)}`)
    }
  }

  #readBulk(length: number): Buffer | null | undefined {
    if (length < 0) return null
    const start = this.#at
    if (start + length + 2 > this.#here.length) return undefined
    this.#at += length + 2
    return this.#here.subarray(start, start + length)
  }

  #readArray(length: number): ReplyValue[] | null | undefined {
    if (length < 0) return null
    const items: ReplyValue[] = []
    while (items.length < length) {
      const item = this.#read()
      if (item === undefined) return undefined
      items.push(item)
    }
    return items
  }
}
