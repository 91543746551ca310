// The writes that one turn of the loop makes on a socket are held here and go out together at its end, as one write of
// the transport. What the system does not take at once goes the way of any Writable from there on. It knows no transport.
import { AsyncResource } from 'node:async_hooks'
import { Writable } from 'node:stream'
import { encodeWrites, type GatheredWrite, isJoinable } from './chunks'
import type { Outbox } from './held'
import type { Link } from './link'
import type { Socket } from './socket'
import { kState, type SocketState, type WriteCallback } from './state'

type Write = (
  this: Writable,
  chunk: Uint8Array,
  encoding: BufferEncoding | undefined,
  callback: WriteCallback | undefined,
) => boolean

const writableWrite = Writable.prototype.write as Write

/** Sockets that hold writes, in the order of their first; the first `waitingCount` places are in use. */
let waiting: (Socket | null)[] = []
let waitingCount = 0
/** The list of the turn before, to be used again. */
let spare: (Socket | null)[] = []
let isScheduled = false

/** Lists of writes to be used again, so that holding allocates nothing for each write. */
const lists: GatheredWrite[][] = []
const MOST_LISTS = 32
const LONGEST_LIST = 256

/**
 * Holds a write until the end of the turn. False where it is not to be held: Writable takes it then, as it does what is
 * too long, corked, in the way of another write, or wrong.
 */
export function hold(
  socket: Socket,
  state: SocketState,
  chunk: string | Uint8Array,
  encoding: BufferEncoding | undefined,
  callback: WriteCallback | undefined,
): boolean {
  const { outbox, link } = state
  if (link === null || link.writeCallback !== null || outbox.writableCallback !== null) return false
  const isText = typeof chunk === 'string'
  const textEncoding = encoding ?? state.defaultEncoding
  if (isText ? !isJoinable(textEncoding) : !(chunk instanceof Uint8Array && isEncodingOfBytes(encoding)))
    return false
  if (!socket.writable || socket.writableCorked > 0) return false
  const limit = socket.writableHighWaterMark
  const { length } = chunk
  if (length >= limit) return false
  if (outbox.length + length >= limit) {
    // More would make `write` answer false sooner than without holding.
    release(socket, state)
    if (link.writeCallback !== null || socket.destroyed) return false
  }
  if (!outbox.isHolding) awaitEndOfTurn(socket, outbox)
  if (length > 0) keep(outbox, chunk, isText ? textEncoding : 'buffer')
  outbox.length += length
  if (typeof callback === 'function') {
    outbox.callbacks ??= []
    outbox.callbacks.push(inContext(callback))
  }
  return true
}

/** Holds what Writable gave, after a caller's cork; `callback` is Writable's own. */
export function holdGathered(
  socket: Socket,
  { outbox }: SocketState,
  chunks: readonly Uint8Array[],
  callback: WriteCallback,
): void {
  if (!outbox.isHolding) awaitEndOfTurn(socket, outbox)
  for (const chunk of chunks) if (chunk.length > 0) keep(outbox, chunk, 'buffer')
  outbox.writableCallback = callback
}

/** Of bytes the encoding says nothing, but Writable refuses one that it does not know. */
function isEncodingOfBytes(encoding: unknown): boolean {
  return !encoding || encoding === 'buffer' || Buffer.isEncoding(encoding as string)
}

function keep(outbox: Outbox, chunk: string | Uint8Array, encoding: GatheredWrite['encoding']): void {
  const { writes } = outbox
  if (outbox.count < writes.length) {
    const entry = writes[outbox.count]!
    entry.chunk = chunk
    entry.encoding = encoding
  } else writes.push({ chunk, encoding })
  outbox.count++
}

/** The bytes of what is held, which is then held no more. */
function takeHeld(outbox: Outbox): Uint8Array[] {
  const { writes, count } = outbox
  const chunks = encodeWrites(writes, count)
  for (let i = 0; i < count; i++) writes[i]!.chunk = ''
  if (writes.length <= LONGEST_LIST && lists.length < MOST_LISTS) lists.push(writes)
  outbox.count = 0
  return chunks
}

function awaitEndOfTurn(socket: Socket, outbox: Outbox): void {
  outbox.isHolding = true
  outbox.writes = lists.pop() ?? []
  if (outbox.isInTurn) return
  outbox.isInTurn = true
  waiting[waitingCount++] = socket
  if (isScheduled) return
  isScheduled = true
  process.nextTick(endTurn)
}

/** Sends what is held, now. Callbacks come in a later tick, as after any write. */
export function release(socket: Socket, state: SocketState): void {
  if (!state.outbox.isHolding) return
  const told = dispatch(socket, state)
  if (told !== null) process.nextTick(told)
}

/** Sends what is held; the callback to call where the system has taken all of it. */
function dispatch(socket: Socket, state: SocketState): (() => void) | null {
  const { outbox } = state
  const { callbacks, writableCallback } = outbox
  outbox.isHolding = false
  outbox.length = 0
  outbox.callbacks = null
  outbox.writableCallback = null
  const chunks = takeHeld(outbox)
  const link = state.link!
  if (state.idle !== null) state.idle.refresh()
  const status = chunks.length === 0 ? 1 : link.handle.write(chunks, link.written)
  if (status > 0) {
    if (writableCallback !== null) return writableCallback
    return callbacks === null ? null : () => callEach(callbacks, null)
  }
  if (writableCallback !== null) link.settle(status, writableCallback)
  else {
    // Writable takes over: it counts what is under way, tells callbacks and errors, and says 'drain'.
    outbox.dispatched = status
    const whole = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
    const tell = callbacks === null ? undefined : (error?: Error | null) => callEach(callbacks, error)
    writableWrite.call(socket, whole, undefined, tell)
  }
  return null
}

/** Takes the outcome of what was sent before Writable heard of it; false where `_write` is to send. */
export function settleDispatched({ outbox }: SocketState, link: Link, callback: WriteCallback): boolean {
  const { dispatched } = outbox
  if (dispatched === null) return false
  outbox.dispatched = null
  link.settle(dispatched, callback)
  return true
}

function callEach(callbacks: readonly WriteCallback[], error: Error | null | undefined, from = 0): void {
  let done = from
  try {
    while (done < callbacks.length) callbacks[done++]!(error)
  } finally {
    // One that throws costs the others nothing.
    if (done < callbacks.length) process.nextTick(callEach, callbacks, error, done)
  }
}

/** Callbacks are heard in the context of their own write, not of the turn's first. */
function inContext(callback: WriteCallback): WriteCallback {
  const resource = new AsyncResource('WRITEWRAP')
  return error => resource.runInAsyncScope(callback, undefined, error)
}

function endTurn(): void {
  isScheduled = false
  sendWaiting(told => told())
}

/** Sends what all sockets hold; `tell` has each hear that the system has taken it. */
function sendWaiting(tell: (told: () => void) => void): void {
  const sockets = waiting
  const count = waitingCount
  waiting = spare
  waitingCount = 0
  let done = 0
  try {
    while (done < count) {
      const socket = sockets[done]!
      sockets[done++] = null
      const state = socket[kState]
      state.outbox.isInTurn = false
      const told = state.outbox.isHolding ? dispatch(socket, state) : null
      if (told !== null) tell(told)
    }
  } finally {
    if (done < count) postpone(sockets, done, count)
    spare = sockets
  }
}

/**
 * Hands a read to the listeners of 'data', as a turn of its own: what they write goes out when they are done, with no tick to
 * wait for. That is the way of most requests and their replies.
 */
export function emitData(socket: Socket, chunk: Buffer): void {
  if (isScheduled) {
    socket.emit('data', chunk)
    return
  }
  isScheduled = true
  try {
    socket.emit('data', chunk)
  } finally {
    isScheduled = false
    if (waitingCount > 0) sendWaiting(process.nextTick)
  }
}

/** A callback threw: the others' turn is not lost by it. */
function postpone(sockets: (Socket | null)[], from: number, to: number): void {
  for (let i = from; i < to; i++) {
    waiting[waitingCount++] = sockets[i]!
    sockets[i] = null
  }
  if (!isScheduled) process.nextTick(endTurn)
  isScheduled = true
}

// `write()` and then `process.exit()`: node:net has given the bytes to the system by then.
process.on('exit', () => {
  for (const socket of waiting) if (socket !== null) release(socket, socket[kState])
})
