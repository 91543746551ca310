// A connection whose reads land in the caller's buffers: the option `onread` of a socket.
import type { AsyncResource } from 'node:async_hooks'
import type { StreamHandle } from '../transport/contract'
import { Connection } from './connection'
import type { Activity, ConnectionStream } from './connection-stream'
import type { OnReadOptions } from './options'

export class BufferConnection extends Connection {
  readonly #onread: OnReadOptions
  #buffer: Uint8Array

  constructor(
    stream: ConnectionStream,
    activity: Activity,
    handle: StreamHandle,
    context: AsyncResource | null,
    onread: OnReadOptions,
  ) {
    super(stream, activity, handle, context)
    this.#onread = onread
    this.#buffer = typeof onread.buffer === 'function' ? onread.buffer() : onread.buffer
  }

  into(): Uint8Array {
    return this.#buffer
  }

  override onData(chunk: Buffer): void {
    this.activity.touch()
    const { buffer, callback } = this.#onread
    const wantsMore = callback.call(this.stream, chunk.length, this.#buffer)
    // The next read's buffer is asked for now, as Node does it.
    if (typeof buffer === 'function') this.#buffer = buffer()
    if (wantsMore === false) this.stopReading()
  }
}
