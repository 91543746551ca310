// The steps of a socket's writes that are no part of its Duplex: bytes that stay those of the call, what waits for a
// connection, what is refused. It knows the socket as a Duplex with a state.
import { codedError } from '../errors/codes'
import { nextTick } from '../host'
import { kState, type StatefulDuplex } from './state'
import type { WriteCallback } from './ticket'
import { keepWrite } from './waiting'

/** What `end` takes for no chunk. */
export function isNoChunk(chunk: unknown): boolean {
  return chunk === undefined || chunk === null
}

/** Up to this length the bytes of a write are copied, so that they are those of the call wherever they have to wait. */
const COPIED_BYTES = 16 * 1024

export function copyIfSmall<Given>(chunk: Given): Given {
  const isSmall = chunk instanceof Uint8Array && chunk.length > 0 && chunk.length <= COPIED_BYTES
  return isSmall ? (Buffer.from(chunk) as Given) : chunk
}

/** Whether a chunk is bytes that may be held. Of an empty array Writable finds out whether its buffer was taken away. */
export function isHoldable(chunk: unknown): chunk is Uint8Array {
  return chunk instanceof Uint8Array && (chunk.length > 0 || Buffer.isBuffer(chunk))
}

/** Of bytes the encoding says nothing, but Writable refuses one that it does not know. */
export function isEncodingOfBytes(encoding: unknown): boolean {
  return (
    !encoding ||
    encoding === 'buffer' ||
    typeof encoding === 'function' ||
    Buffer.isEncoding(encoding as string)
  )
}

/** Sends for Writable once connected. `bytes` are those that are counted meanwhile. */
export function sendLater(
  socket: StatefulDuplex,
  chunks: readonly Uint8Array[],
  bytes: number,
  callback: WriteCallback,
): void {
  const { phase } = socket[kState]
  if (phase.kind === 'connecting') keepWrite(socket, phase, { chunks, bytes, callback })
  else callback(codedError('ERR_SOCKET_CLOSED'))
}

/** The peer has ended and so have we: what Node answers to a write after that. */
export function refuseAfterEnd(socket: StatefulDuplex, callback: WriteCallback | undefined): false {
  const message = 'This socket has been ended by the other party'
  const error = Object.assign(new Error(message), { code: 'EPIPE' })
  if (typeof callback === 'function') nextTick(callback, error)
  socket.destroy(error)
  return false
}
