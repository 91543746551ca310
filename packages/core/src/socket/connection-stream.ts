// What a connection asks of the stream above it, and reads of its state. It knows no connection.
import { Readable, Writable } from 'node:stream'

/** A socket's own method, for what it has read: it is piped into one other stream, and into no more. */
export const kPiped: unique symbol = Symbol('piped')

/** What a connection asks of the stream above it. */
export interface ConnectionStream {
  [kPiped](into: Writable): void
  readonly destroyed: boolean
  readonly writable: boolean
  readonly writableCorked: number
  readonly writableHighWaterMark: number
  readonly readableFlowing: boolean | null
  readonly readableLength: number
  readonly readableEncoding: BufferEncoding | null
  readonly readableDidRead: boolean
  push(chunk: Buffer | null): boolean
  read(size: number): unknown
  readonly writableNeedDrain: boolean
  /** Emits bytes directly, where that is equivalent to `push()`. */
  emit(event: 'data', chunk: Buffer): boolean
  /** Tells the program that it may write again. */
  emit(event: 'drain'): boolean
  destroy(error?: Error): unknown
}

/** Who hears that something moved: the idle timer. */
export interface Activity {
  touch(): void
}

/** The length of Writable's own queue; sockets answer `writableLength` in their own way. */
export const queuedLength: (this: unknown) => number = Object.getOwnPropertyDescriptor(
  Writable.prototype,
  'writableLength',
)!.get!

const { push } = Readable.prototype

/** Where a stream is piped to. */
export function pipesOf(stream: ConnectionStream): readonly Writable[] {
  return (stream as unknown as { _readableState: { pipes: readonly Writable[] } })._readableState.pipes
}

/** What Writable keeps to itself. */
export function writableStateOf(stream: ConnectionStream): WritableState {
  return (stream as unknown as { _writableState: WritableState })._writableState
}

interface WritableState {
  needDrain: boolean
  /** The writes that wait, empty ones too. */
  readonly bufferedRequestCount: number
}

/**
 * True if emitting 'data' directly is equivalent to `push()`, which costs more than all else that is done for a small
 * read: it schedules the next read in a later tick, and reading is on anyway.
 */
export function isFlowing(stream: ConnectionStream): boolean {
  return (
    stream.readableFlowing === true &&
    stream.readableLength === 0 &&
    stream.readableEncoding === null &&
    stream.readableDidRead &&
    !stream.destroyed &&
    stream.push === push &&
    hasDataListener(stream)
  )
}

/** As `listenerCount('data') > 0`, of which V8 makes a generic lookup of the name for each read. */
function hasDataListener(stream: ConnectionStream): boolean {
  return (stream as unknown as { _events: { data?: unknown } })._events.data !== undefined
}
