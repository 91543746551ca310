// A connection of a socket: what exists only while connected. It moves bytes between the transport's stream and the
// Duplex, and tells the socket of ends and failures. Reads come in the context of the connection (law 12 of the transport).
// It knows nothing of connecting.
import type { AsyncResource } from 'node:async_hooks'
import { Readable } from 'node:stream'
import { systemError } from '../errors/system-error'
import type { ReadSink, Status, StreamHandle } from '../transport/contract'
import type { OnReadOptions } from './options'
import { emitData } from './outbox'
import type { Socket } from './socket'
import { kState, type SocketState, type WriteCallback } from './state'

const { push } = Readable.prototype

export class Link implements ReadSink {
  readonly handle: StreamHandle
  readonly socket: Socket
  readonly state: SocketState
  readonly context: AsyncResource
  isReading = false
  /** A write that the system has not taken in whole; Writable gives no other until it is over. */
  writeCallback: WriteCallback | null = null
  readonly written: (status: Status) => void

  constructor(socket: Socket, handle: StreamHandle, context: AsyncResource) {
    this.socket = socket
    this.handle = handle
    this.state = socket[kState]
    this.context = context
    this.written = status => this.context.runInAsyncScope(onWritten, this, status)
  }

  /** Starts reading, where it has not been started. */
  read(): void {
    if (this.isReading) return
    this.isReading = true
    const status = this.handle.readStart(this)
    if (status < 0) this.socket.destroy(systemError(status, 'read'))
  }

  stopReading(): void {
    if (!this.isReading) return
    this.isReading = false
    this.handle.readStop()
  }

  onData(chunk: Buffer): void {
    const { socket } = this
    this.state.idle?.refresh()
    if (isFlowing(socket)) emitData(socket, chunk)
    else if (!socket.push(chunk)) this.stopReading()
  }

  onEnd(): void {
    const { socket } = this
    this.isReading = false
    socket.push(null)
    // Ends a stream that nobody reads from, too.
    socket.read(0)
  }

  onError(status: Status): void {
    this.isReading = false
    this.socket.destroy(systemError(status, 'read'))
  }

  /** Sends; the callback comes within the call only where the system took or refused it at once. */
  send(chunks: readonly Uint8Array[], callback: WriteCallback): void {
    this.state.idle?.refresh()
    this.settle(this.handle.write(chunks, this.written), callback)
  }

  /** Calls back with the outcome of a write, or keeps the callback until there is one. */
  settle(status: Status, callback: WriteCallback): void {
    if (status > 0) callback()
    else if (status === 0) this.writeCallback = callback
    else callback(systemError(status, 'write'))
  }
}

/** A link whose reads land in the caller's buffers (`onread`). */
export class BufferLink extends Link {
  readonly #onread: OnReadOptions
  #buffer: Uint8Array

  constructor(socket: Socket, handle: StreamHandle, context: AsyncResource, onread: OnReadOptions) {
    super(socket, handle, context)
    this.#onread = onread
    this.#buffer = typeof onread.buffer === 'function' ? onread.buffer() : onread.buffer
  }

  into(): Uint8Array {
    return this.#buffer
  }

  override onData(chunk: Buffer): void {
    this.state.idle?.refresh()
    const { buffer, callback } = this.#onread
    const wantsMore = callback.call(this.socket, chunk.length, this.#buffer)
    // The next read's buffer is asked for now, as Node does it.
    if (typeof buffer === 'function') this.#buffer = buffer()
    if (wantsMore === false) {
      this.stopReading()
      this.socket.pause()
    }
  }
}

/**
 * Whether a chunk that is pushed would go straight to the listeners of 'data', as it has before. Pushing costs more than
 * all else that is done for a small read (it asks in a later tick for the next one, which is on anyway).
 */
function isFlowing(socket: Socket): boolean {
  return (
    socket.readableFlowing === true &&
    socket.readableLength === 0 &&
    socket.readableEncoding === null &&
    socket.readableDidRead &&
    !socket.destroyed &&
    socket.push === push &&
    socket.listenerCount('data') > 0
  )
}

function onWritten(this: Link, status: Status): void {
  const callback = this.writeCallback
  this.writeCallback = null
  if (callback === null) return
  if (this.socket.destroyed) return callback(null)
  this.state.idle?.refresh()
  callback(status < 0 ? systemError(status, 'write') : null)
}
