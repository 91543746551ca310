// The writes that one socket holds until the end of the turn: their bytes, copied or encoded at the moment of the call
// into memory that all sockets of a thread share, where each write ends, and the callbacks. It sends nothing.
import type { Ticket } from './ticket'

/** What one socket may hold, in bytes and in writes. */
const MOST_BYTES = 16 * 1024
const MOST_WRITES = 1024

/** Strings of ASCII and bytes up to this length are copied faster by a loop than by a call into the host. */
const SHORT_LENGTH = 24

const SLAB_BYTES = 64 * 1024
/** The least piece of the slab that an outbox takes; the newest piece grows in place. */
const PIECE_BYTES = 256

/** What `write` of Node's buffers calls for most texts, after a look at its arguments that costs some of the time; undocumented. */
const { utf8Write = writeUtf8 } = Buffer.prototype as unknown as { utf8Write?: typeof writeUtf8 }

function writeUtf8(this: Buffer, text: string, at: number, atMost: number): number {
  return this.write(text, at, atMost, 'utf8')
}

/** Outboxes and memory to be used again. */
const spare: Outbox[] = []
const MOST_SPARE = 64
const memory = { slab: Buffer.allocUnsafeSlow(SLAB_BYTES), used: 0, openCount: 0, heads: [] as Buffer[] }

/** The shortest beginnings of the slab are kept: the one outbox of an event holds most replies, and they are short. */
const MOST_HEAD_BYTES = 256

export class Outbox {
  /** Characters and bytes of what is held, as Writable counts them. */
  length = 0
  #slab: Buffer = memory.slab
  #start = 0
  #end = 0
  #limit = 0
  /** Where each write ends in the slab; the first `#count` are in use. */
  readonly #ends: number[] = []
  #count = 0
  /** By write, up to the last one that has a callback. The list is used again. */
  readonly #tickets: (Ticket | undefined)[] = []
  #ticketCount = 0
  /** By write, the encoding of texts that have not as many bytes as characters; null where there are none. */
  #encodings: (BufferEncoding | undefined)[] | null = null

  /** An empty outbox. */
  static open(): Outbox {
    const outbox = spare.pop() ?? new Outbox()
    outbox.#slab = memory.slab
    outbox.#start = outbox.#end = outbox.#limit = memory.used
    memory.openCount++
    return outbox
  }

  /** The bytes of all writes, in order. They stay valid until `close`. */
  get bytes(): Buffer {
    const end = this.#end
    if (this.#start > 0 || end > MOST_HEAD_BYTES || this.#slab !== memory.slab) {
      return this.#slab.subarray(this.#start, end)
    }
    memory.heads[end] ??= this.#slab.subarray(0, end)
    return memory.heads[end]
  }

  get byteCount(): number {
    return this.#end - this.#start
  }

  get writeCount(): number {
    return this.#count
  }

  /** The bytes of write `index`. */
  bytesOf(index: number): Buffer {
    const from = index === 0 ? this.#start : (this.#ends[index - 1] as number)
    return this.#slab.subarray(from, this.#ends[index])
  }

  /** Write `index` as Writable is given it: it counts the characters of a text. */
  chunkOf(index: number): string | Buffer {
    const encoding = this.#encodings?.[index]
    const bytes = this.bytesOf(index)
    return encoding === undefined ? bytes : bytes.toString(encoding)
  }

  encodingOf(index: number): BufferEncoding | undefined {
    return this.#encodings?.[index]
  }

  /** How many bytes the writes up to and with `index` have. */
  bytesThrough(index: number): number {
    return (this.#ends[index] as number) - this.#start
  }

  get hasTickets(): boolean {
    return this.#ticketCount > 0
  }

  ticketOf(index: number): Ticket | undefined {
    return index < this.#ticketCount ? this.#tickets[index] : undefined
  }

  /** Keeps the bytes that the chunk has now. False where there is no room; nothing is kept then. */
  add(chunk: string | Uint8Array, encoding: BufferEncoding | undefined): boolean {
    const isText = typeof chunk === 'string'
    const atMost = isText ? mostBytes(chunk.length, encoding) : chunk.length
    if (this.#count === MOST_WRITES || !this.#makeRoom(atMost)) return false
    if (isText) {
      const byteCount = encode(this.#slab, chunk, this.#end, atMost, encoding)
      if (!canDecode(chunk.length, byteCount, encoding)) return false
      this.#end += byteCount
      if (byteCount !== chunk.length) this.#keepEncoding(encoding)
    } else {
      copy(this.#slab, chunk, this.#end)
      this.#end += chunk.length
    }
    this.#ends[this.#count++] = this.#end
    this.length += chunk.length
    return true
  }

  #keepEncoding(encoding: BufferEncoding | undefined): void {
    this.#encodings ??= []
    this.#encodings[this.#count] = encoding
  }

  /** Gives the last write its callback. */
  attach(ticket: Ticket): void {
    const last = this.#count - 1
    while (this.#ticketCount < last) this.#tickets[this.#ticketCount++] = undefined
    this.#tickets[last] = ticket
    this.#ticketCount = this.#count
  }

  /** The outbox is over. `areBytesFree`: nobody reads the bytes any more. */
  close(areBytesFree: boolean): void {
    memory.openCount--
    if (!areBytesFree && this.#slab === memory.slab) renewSlab()
    else if (memory.openCount === 0) memory.used = 0
    this.#slab = memory.slab
    this.length = 0
    this.#count = 0
    while (this.#ticketCount > 0) this.#tickets[--this.#ticketCount] = undefined
    this.#encodings = null
    if (spare.length < MOST_SPARE) spare.push(this)
  }

  #makeRoom(byteCount: number): boolean {
    if (this.#end + byteCount <= this.#limit) return true
    const held = this.#end - this.#start
    const wanted = held + byteCount
    if (wanted > MOST_BYTES) return false
    const isNewest = this.#slab === memory.slab && this.#limit === memory.used
    const piece = Math.max(wanted, PIECE_BYTES)
    if (isNewest && this.#start + piece <= SLAB_BYTES) {
      this.#limit = memory.used = this.#start + piece
      return true
    }
    this.#moveTo(Math.min(MOST_BYTES, Math.max(piece, held * 2)))
    return true
  }

  #moveTo(pieceBytes: number): void {
    const { bytes } = this
    if (memory.used + pieceBytes > SLAB_BYTES) renewSlab()
    const shift = memory.used - this.#start
    this.#slab = memory.slab
    bytes.copy(this.#slab, memory.used)
    for (let i = 0; i < this.#count; i++) this.#ends[i] = (this.#ends[i] as number) + shift
    this.#start += shift
    this.#end += shift
    this.#limit = memory.used = this.#start + pieceBytes
  }
}

function renewSlab(): void {
  memory.slab = Buffer.allocUnsafeSlow(SLAB_BYTES)
  memory.used = 0
  memory.heads = []
}

/** The most bytes that a text of this length can have; Infinity for an encoding that `Writable` has to judge. */
function mostBytes(length: number, encoding: BufferEncoding | undefined): number {
  switch (encoding) {
    case 'utf8':
    case 'utf-8':
      return length * 3
    case 'latin1':
    case 'binary':
    case 'ascii':
    case 'hex':
    case 'base64':
    case 'base64url':
      return length
    case 'utf16le':
    case 'utf-16le':
    case 'ucs2':
    case 'ucs-2':
      return length * 2
    default:
      return Number.POSITIVE_INFINITY
  }
}

/** Whether a text of this length comes out again of its bytes, in characters. */
function canDecode(length: number, byteCount: number, encoding: BufferEncoding | undefined): boolean {
  if (encoding === 'hex') return length === byteCount * 2
  if (encoding === 'base64') return length === Math.ceil(byteCount / 3) * 4
  return encoding !== 'base64url' || length === Math.ceil((byteCount * 4) / 3)
}

function encode(
  slab: Buffer,
  text: string,
  at: number,
  atMost: number,
  encoding: BufferEncoding | undefined,
): number {
  const { length } = text
  if (encoding !== 'utf8') return slab.write(text, at, atMost, encoding)
  if (length <= SHORT_LENGTH) {
    let i = 0
    for (; i < length; i++) {
      const code = text.charCodeAt(i)
      if (code > 0x7f) break
      slab[at + i] = code
    }
    if (i === length) return length
  }
  return utf8Write.call(slab, text, at, atMost)
}

function copy(slab: Buffer, chunk: Uint8Array, at: number): void {
  const { length } = chunk
  if (length > SHORT_LENGTH) slab.set(chunk, at)
  else for (let i = 0; i < length; i++) slab[at + i] = chunk[i] as number
}
