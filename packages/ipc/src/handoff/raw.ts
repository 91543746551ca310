// Bytes and descriptors as other languages send them: no frames, no acknowledgement. It knows no message of its own.
import { EventEmitter } from 'node:events'
import type { Socket } from '@x/core'
import { codedError } from '@x/core/transport'
import { ipcError } from '../errors/codes'
import { Descriptor } from './descriptor'
import { DescriptorWire } from './descriptor-wire'
import { takeOver } from './take-over'

/** The events of a `RawHandoff`. */
export interface RawHandoffEvents {
  /** Bytes of one receive, and the descriptors that came with them (often none). */
  data: [bytes: Buffer, descriptors: Descriptor[]]
  end: []
  close: [error: Error | null]
}

/** Made by `rawHandoff`. */
export class RawHandoff extends EventEmitter<RawHandoffEvents> {
  readonly #wire: DescriptorWire
  #isStarted = false
  #isClosed = false
  #drained: (() => void)[] = []

  /** @internal */
  constructor(wire: DescriptorWire) {
    super()
    this.#wire = wire
    // Nothing is received before somebody listens: what nobody asked for stays in the system, which closes it.
    this.on('newListener', name => {
      if (name === 'data') process.nextTick(() => this.#start())
    })
  }

  #start(): void {
    if (this.#isStarted || this.#isClosed) return
    this.#isStarted = true
    this.#wire.start({
      onData: (bytes, fds) => {
        const descriptors = (fds ?? []).map(fd =>
          Descriptor.ofNumber(this.#wire.transport, fd, { isSole: true }),
        )
        this.emit('data', bytes, descriptors)
      },
      onDrain: () => {
        for (const resolve of this.#drained.splice(0)) resolve()
      },
      onEnd: () => this.emit('end'),
      onClose: error => {
        this.#isClosed = true
        for (const resolve of this.#drained.splice(0)) resolve()
        this.emit('close', error)
      },
    })
  }

  /**
   * Sends bytes with descriptors attached to their first (sendmsg(2), `SCM_RIGHTS`); 253 descriptors at most, and at least
   * one byte. They stay open and the caller's: nothing tells when the receiver has them. Done once there is room for more.
   *
   * @throws `ERR_OUT_OF_RANGE`, `ERR_X_CHANNEL_CLOSED`.
   */
  send(bytes: Uint8Array, descriptors: readonly (Descriptor | number)[] = []): Promise<void> {
    if (this.#isClosed) throw ipcError('ERR_X_CHANNEL_CLOSED')
    const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    if (data.length === 0) throw codedError('ERR_OUT_OF_RANGE', 'bytes.length', '>= 1', 0)
    if (descriptors.length > 253) {
      throw codedError('ERR_OUT_OF_RANGE', 'descriptors.length', '<= 253', descriptors.length)
    }
    this.#start()
    const fds = descriptors.map(each => (typeof each === 'number' ? each : each.fd))
    if (this.#wire.writeHandles(data, fds)) return Promise.resolve()
    return new Promise(resolve => this.#drained.push(resolve))
  }

  pause(): void {
    this.#wire.pause()
  }

  resume(): void {
    this.#wire.resume()
  }

  /** Sends what is queued, and closes. */
  end(): void {
    this.#start()
    this.#wire.end()
  }

  destroy(): void {
    this.#start()
    this.#wire.destroy()
  }
}

/**
 * Bytes and descriptors over a local socket, or the number of one, as `sendmsg` and `recvmsg` move them: for peers in other
 * languages (Python's `socket.send_fds`, C). The socket is taken over.
 *
 * @throws as `channel` with handles.
 */
export function rawHandoff(stream: Socket | number): RawHandoff {
  const { transport, channel, unread } = takeOver(stream)
  return new RawHandoff(new DescriptorWire(transport, channel, unread))
}
