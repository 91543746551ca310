// What one channel holds for its peer, in bytes: the inbox, requests that are being answered, and the frame that is here in
// part. One sum, one limit. It knows neither frames nor messages.
import type { Frame } from '../wire/decoder'
import {
  ENCODING_BYTES,
  ENCODING_NONE,
  ENCODING_TEXT,
  EXTENDED,
  HEADER_BYTES,
  MOST_HEAD_BYTES,
  MOST_NAME_BYTES,
  NAMED,
} from '../wire/frame'

/** What the objects take that stand for one held frame, whatever its length. */
const FRAME_COST = 512
/** What a request under way takes beside its value: its signal, its promise. */
const REQUEST_COST = 2048

// What V8 makes of JSON, measured with arrays, objects, indexed and unique keys, each nested and not: bytes of the heap for
// each bracket, brace and comma, at most. A text of UTF-8 takes twice its length at most.
const BRACE_COST = 220
const BRACKET_COST = 72
const COMMA_COST = 40
const TEXT_FACTOR = 2
/** What one of the buffers beside a value takes beside its bytes. */
const BUFFER_COST = 128
/** The most that JSON may become, for each of its bytes; short payloads are taken at that without a look at them. */
const JSON_FACTOR = 32
const SHORT_BYTES = 1024

export interface AccountLimits {
  readonly holdLimitBytes: number
  readonly inboxLimit: number
  readonly requestLimit: number
}

export class Account {
  readonly #limits: AccountLimits
  #bytes = 0
  #messages = 0
  #requests = 0
  #part = 0
  #isWaitedFor = false
  /** Hears once there may be room again after something found none. */
  onRoom: () => void = () => {}

  constructor(limits: AccountLimits) {
    this.#limits = limits
  }

  /** Bytes that are held. */
  get held(): number {
    return this.#bytes + this.#part
  }

  /**
   * Room for the whole of a frame of which a part is here; 0: there is none. False: nothing more may be read for now, and what
   * one read has brought is all that is here of it.
   */
  reservePart(bytes: number): boolean {
    this.#part = 0
    if (bytes > 0 && !this.#hasRoom(bytes)) return false
    this.#part = bytes
    return true
  }

  /** Takes a message in. False: there is no room, and `onRoom` will tell. */
  addMessage(bytes: number): boolean {
    if (this.#messages >= this.#limits.inboxLimit || !this.#hasRoom(bytes)) return this.#wait()
    this.#messages++
    this.#bytes += bytes
    return true
  }

  removeMessage(bytes: number): void {
    this.#messages--
    this.#remove(bytes)
  }

  addRequest(bytes: number): boolean {
    if (this.#requests >= this.#limits.requestLimit || !this.#hasRoom(bytes)) return this.#wait()
    this.#requests++
    this.#bytes += bytes
    return true
  }

  removeRequest(bytes: number): void {
    this.#requests--
    this.#remove(bytes)
  }

  // One thing alone always has room: what is longer than the limit would never come in else.
  #hasRoom(bytes: number): boolean {
    return (
      this.#bytes === 0 || this.#bytes + this.#part + bytes <= this.#limits.holdLimitBytes || this.#wait()
    )
  }

  #wait(): false {
    this.#isWaitedFor = true
    return false
  }

  #remove(bytes: number): void {
    this.#bytes -= bytes
    if (!this.#isWaitedFor) return
    this.#isWaitedFor = false
    this.onRoom()
  }
}

/** What a frame takes while it waits as the bytes that it is. */
export function costAsBytes(frame: Frame): number {
  return FRAME_COST + HEADER_BYTES + frame.end - frame.start
}

/** What the value of a frame takes in memory, at most. */
export function costAsValue(frame: Frame): number {
  const { encoding, body, start, end } = frame
  const length = end - start
  const bare = encoding & ~(EXTENDED | NAMED)
  if ((encoding & EXTENDED) !== 0) {
    // Its head is JSON, and may ask for as many buffers as it has commas.
    return FRAME_COST + costOfJson(body, start, end) + commas(body, start, end) * BUFFER_COST
  }
  if (bare === ENCODING_NONE || bare === ENCODING_BYTES) return FRAME_COST + length
  if (bare === ENCODING_TEXT) return FRAME_COST + length * TEXT_FACTOR
  return FRAME_COST + (length <= SHORT_BYTES ? length * JSON_FACTOR : costOfJson(body, start, end))
}

export function costOfRequest(frame: Frame): number {
  return REQUEST_COST + costAsValue(frame)
}

// Counts what stands in strings, too: an upper bound needs no parser.
function costOfJson(body: Buffer, start: number, end: number): number {
  let cost = (end - start) * TEXT_FACTOR
  for (let at = start; at < end; at++) {
    const byte = body[at]
    if (byte === 0x7b) cost += BRACE_COST
    else if (byte === 0x5b) cost += BRACKET_COST
    else if (byte === 0x2c) cost += COMMA_COST
  }
  return cost
}

function commas(body: Buffer, start: number, end: number): number {
  let count = 0
  const headEnd = Math.min(end, start + MOST_NAME_BYTES + MOST_HEAD_BYTES)
  for (let at = start; at < headEnd; at++) if (body[at] === 0x2c) count++
  return count
}
