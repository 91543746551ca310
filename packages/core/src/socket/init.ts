// How a socket comes to be: its state from the options, and a descriptor or handle that it is given to take over.
import { AsyncResource } from 'node:async_hooks'
import { abortError, codedError } from '../errors/codes'
import { errno } from '../errors/errno'
import { systemError } from '../errors/system-error'
import { validateAbortSignal, validateInt32 } from '../errors/validate'
import { adoptAsStream, isBoundSocket } from '../listen/bound-socket'
import { defaultTransport } from '../process-state'
import type { StreamHandle } from '../transport/contract'
import { linkUp } from './connection'
import { type OnReadOptions, readSocketOptions, type SocketConstructorOpts } from './options'
import type { Socket } from './socket'
import { kState, SocketState } from './state'

/** Completes what Duplex's constructor has begun. */
export function initSocket(socket: Socket, options: SocketConstructorOpts): void {
  const { settings, blockList } = readSocketOptions(options)
  const { signal, fd, handle, transport } = options
  const state = new SocketState(transport ?? null, settings, blockList, readOnRead(options.onread))
  Object.defineProperty(socket, kState, { value: state })
  socket.server = null
  socket.on('end', markEnded)
  validateAbortSignal(signal, 'signal')
  if (signal !== undefined) watchSignal(socket, signal)
  if (isBoundSocket(handle)) state.prepared = adoptAsStream(handle)
  else if (isStreamHandle(handle)) takeHandle(socket, handle, options)
  else if (fd !== undefined) takeHandle(socket, adoptDescriptor(state, fd), options)
}

/** From here on a write is one after the peer's end. */
function markEnded(this: Socket): void {
  this[kState].peerEnded = true
}

function readOnRead(onread: OnReadOptions | null | undefined): OnReadOptions | null {
  if (onread === null || typeof onread !== 'object' || typeof onread.callback !== 'function') return null
  const { buffer } = onread
  return typeof buffer === 'function' || buffer instanceof Uint8Array ? onread : null
}

function isStreamHandle(handle: unknown): handle is StreamHandle {
  return typeof handle === 'object' && handle !== null && 'readStart' in handle && 'shutdown' in handle
}

function takeHandle(socket: Socket, handle: StreamHandle, options: SocketConstructorOpts): void {
  linkUp(socket, handle, new AsyncResource(handle.kind === 'tcp' ? 'TCPWRAP' : 'PIPEWRAP'))
  if (options.pauseOnCreate) {
    socket.pause()
    return
  }
  // Reads ahead of the first listener, and hears of the peer's end without one.
  if (socket.readable && !options['manualStart']) socket.read(0)
}

function adoptDescriptor(state: SocketState, fd: unknown): StreamHandle {
  validateInt32(fd, 'fd', 0)
  const transport = state.transport ?? defaultTransport()
  const adopted = transport.adopt(fd, 'stream')
  if (typeof adopted !== 'number') return adopted
  const isForeignKind =
    adopted === errno('EINVAL') || adopted === errno('ENOTSOCK') || adopted === errno('EBADF')
  if (isForeignKind) throw codedError('ERR_INVALID_FD_TYPE', adopted === errno('EBADF') ? 'UNKNOWN' : 'FILE')
  throw systemError(adopted, 'open')
}

function watchSignal(socket: Socket, signal: AbortSignal): void {
  const abort = () => socket.destroy(abortError(signal.reason))
  if (signal.aborted) {
    process.nextTick(abort)
    return
  }
  signal.addEventListener('abort', abort, { once: true })
  socket.once('close', () => signal.removeEventListener('abort', abort))
}
