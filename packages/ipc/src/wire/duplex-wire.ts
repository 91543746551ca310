// Any Duplex of bytes as a wire: a socket of `@x/core` or `node:net`, a TLS socket, a pair in memory. It knows no frames.
import type { Duplex } from 'node:stream'
import { Socket } from '@x/core'
import { clearTimeout, nextTick, setTimeout } from '../host'
import { LAST_WORDS_MS, WIRE_BYTES, type Wire, type WireSink } from './wire'

export class DuplexWire implements Wire {
  readonly transport = null
  readonly allowance = null
  readonly #duplex: Duplex
  #state: 'open' | 'destroyed' | 'closed' = 'open'
  #error: Error | null = null

  constructor(duplex: Duplex) {
    this.#duplex = duplex
  }

  start(sink: WireSink): void {
    const duplex = this.#duplex
    const isOpen = () => this.#state === 'open'
    const close = () => {
      if (this.#state === 'closed') return
      this.#state = 'closed'
      sink.onClose(this.#error)
    }
    duplex.on('data', (chunk: Buffer) => isOpen() && sink.onData(chunk, null))
    duplex.on('drain', () => isOpen() && sink.onDrain())
    duplex.on('end', () => isOpen() && sink.onEnd())
    duplex.on('error', error => {
      this.#error ??= error
    })
    duplex.on('close', close)
    if (duplex.destroyed) nextTick(close)
  }

  write(chunks: readonly Buffer[]): boolean {
    const duplex = this.#duplex
    if (!duplex.writable) return true
    if (chunks.length === 1) return duplex.write(chunks[0]) || this.#hasRoom()
    let isRoomLeft = true
    duplex.cork()
    for (const chunk of chunks) isRoomLeft = duplex.write(chunk)
    duplex.uncork()
    return isRoomLeft || this.#hasRoom()
  }

  // Streams say "full" at 16 KiB, which is less than one turn's frames. 'drain' comes all the same, once all is out.
  #hasRoom(): boolean {
    return this.#duplex.writableLength < WIRE_BYTES
  }

  /** A wire without descriptors is never asked for them. */
  writeHandles(_data: Buffer, _descriptors: unknown, dropped: () => void): boolean {
    dropped()
    return true
  }

  get backlog(): number {
    return this.#duplex.writableLength
  }

  // Other streams may keep what was written: a pair in memory gives it to its reader as it is.
  get isDone(): boolean {
    return this.#duplex instanceof Socket && this.#duplex.writableLength === 0
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

  destroy(lastWords: Buffer | null): void {
    const duplex = this.#duplex
    if (this.#state === 'open') this.#state = 'destroyed'
    if (lastWords === null || !duplex.writable || duplex.writableLength >= WIRE_BYTES) {
      duplex.destroy()
      return
    }
    const late = setTimeout(() => duplex.destroy(), LAST_WORDS_MS)
    duplex.write(lastWords, () => {
      clearTimeout(late)
      duplex.destroy()
    })
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
