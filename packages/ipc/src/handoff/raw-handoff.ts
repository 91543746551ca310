// Bytes and descriptors as other languages send them: no frames, no acknowledgement. It knows no message of its own.
import { EventEmitter } from 'node:events'
import type { Socket } from '@x/core'
import { codedError } from '@x/core/internal'
import { Descriptor } from '../descriptor/descriptor'
import { takeOver } from '../descriptor/take-over'
import { ipcError } from '../errors/codes'
import { nextTick, throwLater } from '../host'
import { DescriptorWire } from '../wire/descriptor-wire'
import { MOST_HANDLES } from '../wire/frame'

/** The events of a `RawHandoff`. */
export interface RawHandoffEvents {
  /**
   * Bytes of one receive, and the descriptors that came with them (often none). `isTruncated`: others came, and the system
   * had no room for them in this process (`MSG_CTRUNC`, recvmsg(2)): they are closed, and their sender is not told.
   */
  data: [bytes: Buffer, descriptors: Descriptor[], isTruncated: boolean]
  /** The system lacks descriptors or memory for now; it waits and continues. Emitted once for each shortage. */
  shortage: [error: Error]
  end: []
  close: [error: Error | null]
}

/** Made by `createRawHandoff`. */
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
      if (name === 'data') nextTick(() => this.#start())
    })
  }

  #start(): void {
    if (this.#isStarted || this.#isClosed) return
    this.#isStarted = true
    const emit = (act: () => void) => {
      try {
        act()
      } catch (error) {
        throwLater(error)
      }
    }
    this.#wire.start({
      onData: (bytes, received) => {
        const descriptors = (received?.fds ?? []).map(fd =>
          Descriptor.ofNumber(this.#wire.transport, fd, { isSole: true }),
        )
        emit(() => this.emit('data', bytes, descriptors, received?.isTruncated ?? false))
      },
      onDrain: () => {
        for (const resolve of this.#drained.splice(0)) resolve()
      },
      onShortage: error => emit(() => this.emit('shortage', error)),
      onEnd: () => emit(() => this.emit('end')),
      onClose: error => {
        this.#isClosed = true
        for (const resolve of this.#drained.splice(0)) resolve()
        emit(() => this.emit('close', error))
      },
    })
  }

  /**
   * Sends bytes with descriptors attached to their first (sendmsg(2), `SCM_RIGHTS`); 253 descriptors at most, and at
   * least one byte. They stay open and belong to the caller: there is no acknowledgement. Resolves once there is room
   * for more.
   *
   * @throws `ERR_INVALID_ARG_TYPE`, `ERR_OUT_OF_RANGE`. Rejects with `ERR_X_NOT_SENT` where it is closed.
   */
  send(bytes: Uint8Array, descriptors: readonly (Descriptor | number)[] = []): Promise<void> {
    if (!(bytes instanceof Uint8Array)) throw codedError('ERR_INVALID_ARG_TYPE', 'bytes', 'Uint8Array', bytes)
    if (bytes.length === 0) throw codedError('ERR_OUT_OF_RANGE', 'bytes.length', '>= 1', 0)
    if (!Array.isArray(descriptors)) {
      throw codedError('ERR_INVALID_ARG_TYPE', 'descriptors', 'Array', descriptors)
    }
    if (descriptors.length > MOST_HANDLES) {
      throw codedError('ERR_OUT_OF_RANGE', 'descriptors.length', `<= ${MOST_HANDLES}`, descriptors.length)
    }
    for (const each of descriptors) checkDescriptor(each)
    if (this.#isClosed) return Promise.reject(ipcError('ERR_X_NOT_SENT', 'the stream is closed'))
    this.#start()
    const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const numbers = () => {
      const fds = descriptors.map(each => (typeof each === 'number' ? each : each.fd))
      return fds.some(fd => fd < 0) ? null : fds
    }
    return new Promise((resolve, reject) => {
      const dropped = () => reject(ipcError('ERR_X_DESCRIPTOR_GONE', 'was closed before it was sent'))
      if (this.#wire.writeHandles(data, numbers, dropped)) resolve()
      else this.#drained.push(resolve)
    })
  }

  pause(): void {
    this.#wire.pause()
  }

  resume(): void {
    this.#wire.resume()
  }

  /** Sends the queue, and closes. */
  end(): void {
    this.#start()
    this.#wire.end()
  }

  destroy(): void {
    this.#start()
    this.#wire.destroy(null)
  }
}

function checkDescriptor(descriptor: Descriptor | number): void {
  const isFine =
    typeof descriptor === 'number'
      ? Number.isInteger(descriptor) && descriptor >= 0
      : descriptor instanceof Descriptor && descriptor.maySend(true)
  if (!isFine) {
    throw codedError(
      'ERR_INVALID_ARG_VALUE',
      'descriptors',
      descriptor,
      'must be open descriptors or numbers',
    )
  }
}

/**
 * Bytes and descriptors over a local socket, or the number of one, as `sendmsg` and `recvmsg` move them: for peers in other
 * languages (Python's `socket.send_fds`, C). The socket is taken over.
 *
 * @throws as `createChannel` with handles.
 */
export function createRawHandoff(stream: Socket | number): RawHandoff {
  return new RawHandoff(new DescriptorWire(takeOver(stream)))
}
