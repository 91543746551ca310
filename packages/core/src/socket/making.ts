// How a socket begins: from the options of its constructor to its first phase. It knows the socket as a Duplex with a state.
import { fstatSync } from 'node:fs'
import { addAbortSignal } from 'node:stream'
import { codedError } from '../errors/codes'
import { UV_EBADF, UV_EINVAL, UV_ENOTSOCK } from '../errors/errno'
import { systemError } from '../errors/system-error'
import { validateAbortSignal, validateInt32 } from '../errors/validate'
import { nextTick } from '../host'
import { adoptAsStream, isBoundSocket } from '../listen/bound-socket'
import { checkSupport } from '../socket-options/access'
import type { StreamHandle } from '../transport/contract'
import { applySocketOptions, linkUp } from './life-cycle'
import {
  kRead,
  type OnReadOptions,
  type PreparedOptions,
  readSocketOptions,
  type SocketConstructorOpts,
} from './options'
import { kState, SocketState, type StatefulDuplex } from './state'

/** Completes what Duplex's constructor has begun. */
export function initSocket(socket: StatefulDuplex, options: PreparedOptions): void {
  const settings = options[kRead]?.settings ?? readSocketOptions(options)
  const state = new SocketState(options.transport ?? null, settings, readOnRead(options))
  // Assigned: `Object.defineProperty` is a slow way of V8, 4 % of what a short connection takes in user space.
  socket[kState] = state
  socket.server = null
  socket.on('end', onPeerEnd)
  const { signal, fd, handle } = options
  if (signal) {
    validateAbortSignal(signal, 'signal')
    // One that is aborted already destroys the socket once its maker has had it.
    if (signal.aborted) nextTick(addAbortSignal, signal, socket)
    else addAbortSignal(signal, socket)
  }
  const { socketOptions } = state.settings
  if (socketOptions !== undefined) checkSupport(state.transport, socketOptions)
  if (isBoundSocket(handle)) state.phase = { kind: 'idle', prepared: adoptAsStream(handle) }
  else if (isStreamHandle(handle)) {
    // To ask for a descriptor is a call into the system's side.
    const status = socketOptions === undefined ? 0 : applySocketOptions(state, handle.fd)
    if (status < 0) throw systemError(status, 'setsockopt')
    takeHandle(socket, handle, options)
  } else if (handle) {
    throw codedError('ERR_INVALID_ARG_TYPE', 'options.handle', ['StreamHandle', 'BoundSocket'], handle)
  } else if (fd !== undefined) takeHandle(socket, adoptDescriptor(state, fd), options)
}

function onPeerEnd(this: StatefulDuplex): void {
  if (!this.allowHalfOpen) this[kState].isWriteOver = true
}

function readOnRead({ onread }: SocketConstructorOpts): OnReadOptions | null {
  if (onread === null || typeof onread !== 'object' || typeof onread.callback !== 'function') return null
  const { buffer } = onread
  return typeof buffer === 'function' || buffer instanceof Uint8Array ? onread : null
}

function isStreamHandle(handle: unknown): handle is StreamHandle {
  return typeof handle === 'object' && handle !== null && 'readStart' in handle && 'shutdown' in handle
}

function takeHandle(socket: StatefulDuplex, handle: StreamHandle, options: SocketConstructorOpts): void {
  linkUp(socket, handle, null)
  if (options.pauseOnCreate) {
    // As Node has it: nobody has called `pause()`.
    ;(socket as { readableFlowing: boolean | null }).readableFlowing = false
    return
  }
  // Reads ahead of the first listener, and hears of the peer's end without one.
  if (socket.readable && !options.manualStart) socket.read(0)
}

function adoptDescriptor(state: SocketState, fd: unknown): StreamHandle {
  validateInt32(fd, 'fd', 0)
  const { transport } = state
  // First: a descriptor that is refused stays the caller's. What is no socket at all is told by `adopt`.
  const status = applySocketOptions(state, fd)
  if (status < 0 && status !== UV_EBADF && status !== UV_ENOTSOCK) throw systemError(status, 'setsockopt')
  const adopted = transport.adopt(fd, 'stream')
  if (typeof adopted !== 'number') return adopted
  if (adopted === UV_EINVAL || adopted === UV_ENOTSOCK) throw codedError('ERR_INVALID_FD_TYPE', typeOf(fd))
  if (adopted === UV_EBADF) throw codedError('ERR_INVALID_FD_TYPE', 'UNKNOWN')
  throw systemError(adopted, 'open')
}

/** What an open descriptor is that is no stream, in Node's words, but for terminals: to ask, Node loads its `net`. */
function typeOf(fd: number): string {
  const facts = fstatSync(fd)
  if (facts.isFile() || facts.isCharacterDevice()) return 'FILE'
  return facts.isSocket() ? 'UDP' : 'UNKNOWN'
}
