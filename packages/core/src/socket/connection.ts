// From connected to closed: how a socket gets its link, sends over it, and loses it. It knows nothing of addresses.
import type { AsyncResource } from 'node:async_hooks'
import { codedError } from '../errors/codes'
import { UV_EBADF, UV_ENOTCONN } from '../errors/errno'
import { systemError } from '../errors/system-error'
import type { StreamHandle } from '../transport/contract'
import { byteLength } from './chunks'
import { debug } from './debug'
import { BufferLink, Link } from './link'
import { applySettings } from './options'
import { holdGathered, release, settleDispatched } from './outbox'
import type { Socket } from './socket'
import { kState, type SocketState, type WriteCallback } from './state'

/** Gives the socket its connection. Nothing is read before the socket asks. */
export function linkUp(socket: Socket, handle: StreamHandle, context: AsyncResource): Link {
  const state = socket[kState]
  const { onread } = state
  state.context = context
  const link =
    onread === null ? new Link(socket, handle, context) : new BufferLink(socket, handle, context, onread)
  state.link = link
  if (!state.isRef) handle.unref()
  applySettings(handle, state.settings)
  return link
}

/** What was asked of the socket while it was connecting. */
export function resumeWaiting(socket: Socket): void {
  const state = socket[kState]
  const { link, waitingWrite, waitingFinal, wantsRead } = state
  if (link === null) return
  state.waitingWrite = null
  state.waitingFinal = null
  state.wantsRead = false
  if (wantsRead) link.read()
  if (waitingWrite !== null) {
    socket.removeListener('close', refuseWaiting)
    link.send(waitingWrite.chunks, waitingWrite.callback)
  }
  if (waitingFinal !== null) shutDown(socket, waitingFinal)
}

/** Sends now, once connected, or calls back with why not. */
export function send(socket: Socket, chunks: readonly Uint8Array[], callback: WriteCallback): void {
  const state = socket[kState]
  const { link } = state
  if (link !== null) {
    if (settleDispatched(state, link, callback)) return
    if (state.isUncorking) holdGathered(socket, state, chunks, callback)
    else link.send(chunks, callback)
  } else if (state.isConnecting) {
    state.waitingWrite = { chunks, bytes: byteLength(chunks), callback }
    socket.once('close', refuseWaiting)
  } else callback(codedError('ERR_SOCKET_CLOSED'))
}

/** Of a write that waited for a connection which never came. */
function refuseWaiting(this: Socket): void {
  const state = this[kState]
  const { waitingWrite } = state
  state.waitingWrite = null
  waitingWrite?.callback(codedError('ERR_SOCKET_CLOSED_BEFORE_CONNECTION'))
}

/** Ends our side of the connection, now or once connected. */
export function shutDown(socket: Socket, callback: WriteCallback): void {
  const state = socket[kState]
  if (state.isConnecting) {
    state.waitingFinal = callback
    return
  }
  if (state.link === null) return callback()
  debug('shut the writable side down')
  const { link } = state
  const status = link.handle.shutdown(() => link.context.runInAsyncScope(callback))
  if (status >= 0) return
  // The peer has gone: there is nothing to end.
  const isGone = status === UV_ENOTCONN || status === UV_EBADF
  callback(isGone ? null : systemError(status, 'shutdown'))
}

/** Ends with a RST. */
export function reset(socket: Socket): void {
  socket[kState].isResetting = true
  socket.destroy()
}

/** Closes the link of a socket that is being destroyed, and emits 'close' once it is closed. */
export function closeConnection(
  socket: Socket,
  state: SocketState,
  error: Error | null,
  destroyed: WriteCallback,
): void {
  debug('close')
  const { link, race, prepared } = state
  state.idle?.stop()
  state.idle = null
  const wasUsed = state.isConnecting || state.context !== null
  state.isConnecting = false
  state.race = null
  state.link = null
  state.prepared = null
  const handle = link?.handle ?? race?.cancel() ?? prepared
  const emitClose = () => void socket.emit('close', error !== null)
  if (!handle) {
    // 'error' first. Of a socket that never was to connect Node tells no more than 'close'.
    destroyed(error)
    process.nextTick(wasUsed ? emitClose : () => void socket.emit('close'))
    return
  }
  state.bytesRead = handle.bytesRead
  state.bytesWritten = handle.bytesWritten + handle.writeQueueSize
  const closed = () => {
    if (state.context === null) emitClose()
    else state.context.runInAsyncScope(emitClose)
  }
  if (state.isResetting) {
    state.isResetting = false
    if (handle.reset(closed) < 0) handle.close(closed)
  } else handle.close(closed)
  destroyed(error)
}

/** The peer has ended and so have we: what Node answers to a write after that. */
export function refuseAfterEnd(socket: Socket, callback: WriteCallback | undefined): false {
  const message = 'This socket has been ended by the other party'
  const error = Object.assign(new Error(message), { code: 'EPIPE' })
  if (typeof callback === 'function') process.nextTick(callback, error)
  socket.destroy(error)
  return false
}

export function setRef<S extends Socket>(socket: S, isRef: boolean): S {
  const state = socket[kState]
  state.isRef = isRef
  const handle = state.link?.handle ?? state.prepared
  if (isRef) handle?.ref()
  else handle?.unref()
  state.race?.setRef(isRef)
  return socket
}

/**
 * Takes the connection away from the socket, which is then over: its handle and the bytes that were read and not yet
 * consumed.
 */
export function takeConnection(socket: Socket): { handle: StreamHandle; unread: Buffer[] } | null {
  const state = socket[kState]
  const { link } = state
  if (link === null) return null
  release(socket, state)
  link.stopReading()
  const unread: Buffer[] = []
  for (let chunk = socket.read(); chunk !== null; chunk = socket.read()) unread.push(chunk as Buffer)
  // `read` starts reading again where it finds nothing.
  link.stopReading()
  state.bytesRead = link.handle.bytesRead
  state.bytesWritten = link.handle.bytesWritten
  state.link = null
  return { handle: link.handle, unread }
}
