// What a channel needs of the stream below it, and any Duplex in that form. It knows no frames.
import type { Duplex } from 'node:stream'
import type { Transport } from '@x/core/transport'

/** Hears of a wire. Nothing is called after `onClose`. */
export interface WireSink {
  /** Bytes, and the descriptors that came with them; those are the receiver's to close. */
  onData(chunk: Buffer, fds: readonly number[] | null): void
  onDrain(): void
  onEnd(): void
  onClose(error: Error | null): void
}

/** A stream of bytes, and perhaps descriptors, in both directions. */
export interface Wire {
  /** Whose descriptors it carries; absent where it carries none. */
  readonly transport?: Transport
  start(sink: WireSink): void
  /** False: hold back until `onDrain`. */
  write(chunks: readonly Buffer[]): boolean
  /** Sends descriptors with the first byte of the data. They stay the caller's. Absent where the wire has none. */
  writeHandles?(data: Buffer, fds: readonly number[]): boolean
  /** Bytes that were written and not taken by the system. */
  readonly backlog: number
  pause(): void
  resume(): void
  /** Ends our side once all is out. */
  end(): void
  destroy(): void
  ref(): void
  unref(): void
}

/** Bytes under way before a sender is held back. */
export const HIGH_WATER_BYTES = 256 * 1024

/** Any Duplex of bytes as a wire: a socket of `@x/core` or `node:net`, a TLS socket, a pair in memory. */
export class DuplexWire implements Wire {
  readonly #duplex: Duplex
  #error: Error | null = null

  constructor(duplex: Duplex) {
    this.#duplex = duplex
  }

  start(sink: WireSink): void {
    const duplex = this.#duplex
    let isClosed = false
    const close = () => {
      if (isClosed) return
      isClosed = true
      sink.onClose(this.#error)
    }
    duplex.on('data', (chunk: Buffer) => isClosed || sink.onData(chunk, null))
    duplex.on('drain', () => isClosed || sink.onDrain())
    duplex.on('end', () => isClosed || sink.onEnd())
    duplex.on('error', error => {
      this.#error ??= error
    })
    duplex.on('close', close)
    if (duplex.destroyed) process.nextTick(close)
  }

  write(chunks: readonly Buffer[]): boolean {
    const duplex = this.#duplex
    if (duplex.destroyed || duplex.writableEnded) return true
    if (chunks.length === 1) return duplex.write(chunks[0]) || this.#isRoomLeft()
    let isRoomLeft = true
    duplex.cork()
    for (const chunk of chunks) isRoomLeft = duplex.write(chunk)
    duplex.uncork()
    return isRoomLeft || this.#isRoomLeft()
  }

  // Streams say "full" at 16 KiB, which is less than one turn's frames. 'drain' comes all the same, once all is out.
  #isRoomLeft(): boolean {
    return this.#duplex.writableLength < HIGH_WATER_BYTES
  }

  get backlog(): number {
    return this.#duplex.writableLength
  }

  pause(): void {
    this.#duplex.pause()
  }

  resume(): void {
    this.#duplex.resume()
  }

  end(): void {
    if (!this.#duplex.destroyed) this.#duplex.end()
  }

  destroy(): void {
    this.#duplex.destroy()
  }

  ref(): void {
    refable(this.#duplex).ref?.()
  }

  unref(): void {
    refable(this.#duplex).unref?.()
  }
}

/** What sockets have beyond a Duplex. */
interface Refable {
  ref?(): unknown
  unref?(): unknown
}

function refable(duplex: Duplex): Refable {
  return duplex as Refable
}
