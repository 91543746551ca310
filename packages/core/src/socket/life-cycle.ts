// How a socket goes from phase to phase: made, connecting, connected, closed. It knows the socket as a Duplex with a
// state, and not the class.
import type { AsyncResource } from 'node:async_hooks'
import { channel } from 'node:diagnostics_channel'
import { addAbortSignal, type Duplex } from 'node:stream'
import { readBlockList, readConnectQuery } from '../connect/query'
import { codedError } from '../errors/codes'
import { UV_EBADF, UV_EINVAL, UV_ENOTSOCK } from '../errors/errno'
import { systemError } from '../errors/system-error'
import { validateAbortSignal, validateInt32 } from '../errors/validate'
import { nextTick } from '../host'
import { adoptAsStream, isBoundSocket } from '../listen/bound-socket'
import { defaultTransport } from '../process-state'
import { readPreamble } from '../proxy-protocol/encode'
import { applyOptions, checkSupport } from '../socket-options/access'
import { readSocketOptionSet, type SocketOptions } from '../socket-options/names'
import type { Status, StreamHandle } from '../transport/contract'
import { Connecting, type WaitingWrite } from './connecting'
import { BufferConnection, Connection, type ConnectionStream } from './connection'
import { debug } from './debug'
import { encodeWrites, type GatheredWrite } from './gathered'
import { applySettings, type OnReadOptions, readSocketOptions, type SocketConstructorOpts } from './options'
import { idle, kState, type Phase, SocketState } from './state'
import { deferCallbacks, type WriteCallback } from './ticket'

const clientSocketChannel = channel('net.client.socket')

/** A socket as this file sees it. */
export interface StatefulDuplex extends Duplex {
  [kState]: SocketState
  server: unknown
}

/** Completes what Duplex's constructor has begun. */
export function initSocket(socket: StatefulDuplex, options: SocketConstructorOpts): void {
  const state = new SocketState(options.transport ?? null, readSocketOptions(options), readOnRead(options))
  Object.defineProperty(socket, kState, { value: state })
  socket.server = null
  socket.on('end', onPeerEnd)
  const { signal, fd, handle } = options
  validateAbortSignal(signal, 'signal')
  if (signal !== undefined) addAbortSignal(signal, socket)
  const { socketOptions } = state.settings
  if (socketOptions !== undefined) checkSupport(state.transport ?? defaultTransport(), socketOptions)
  if (isBoundSocket(handle)) state.phase = { kind: 'idle', prepared: adoptAsStream(handle) }
  else if (isStreamHandle(handle)) {
    const status = applySocketOptions(state, handle.fd)
    if (status < 0) throw systemError(status, 'setsockopt')
    takeHandle(socket, handle, options)
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

/** Sets the options of a socket that is connected already; below 0 where the system refuses one. */
function applySocketOptions({ settings, transport }: SocketState, fd: number): Status {
  const { socketOptions } = settings
  return socketOptions === undefined ? 0 : applyOptions(transport ?? defaultTransport(), fd, socketOptions)
}

function adoptDescriptor(state: SocketState, fd: unknown): StreamHandle {
  validateInt32(fd, 'fd', 0)
  const transport = state.transport ?? defaultTransport()
  // First: a descriptor that is refused stays the caller's. What is no socket at all is told by `adopt`.
  const status = applySocketOptions(state, fd)
  if (status < 0 && status !== UV_EBADF && status !== UV_ENOTSOCK) throw systemError(status, 'setsockopt')
  const adopted = transport.adopt(fd, 'stream')
  if (typeof adopted !== 'number') return adopted
  if (adopted === UV_EINVAL || adopted === UV_ENOTSOCK) throw codedError('ERR_INVALID_FD_TYPE', 'FILE')
  if (adopted === UV_EBADF) throw codedError('ERR_INVALID_FD_TYPE', 'UNKNOWN')
  throw systemError(adopted, 'open')
}

/**
 * Connects as `connect(options, callback)`. A socket that is connected asks the system to connect the same handle once
 * more, as Node does; one that has closed begins anew.
 *
 * @throws for wrong options; the socket is then as it was.
 */
export function startConnecting(
  socket: StatefulDuplex,
  options: Readonly<Record<string, unknown>>,
  callback: (() => void) | undefined,
): void {
  const query = readConnectQuery(options)
  const preamble = readPreamble(options['proxyHeader'])
  const state = socket[kState]
  const transport = state.transport ?? defaultTransport()
  const { socketOptions } = options
  if (socketOptions !== undefined) {
    const set = readSocketOptionSet(socketOptions as SocketOptions)
    checkSupport(transport, set)
    state.change({ socketOptions: set })
  }
  state.blockList = readBlockList(options['blockList']) ?? state.blockList
  if (hasNoHandle(state)) revive(socket)
  if (callback !== undefined) socket.once('connect', callback)
  const { phase } = state
  if (clientSocketChannel.hasSubscribers) clientSocketChannel.publish({ socket })
  state.touch()
  if (phase.kind === 'connecting') {
    phase.refuseAnother(query)
    return
  }
  const established = phase.kind === 'connected' ? phase : null
  established?.flush()
  const prepared = phase.kind === 'idle' ? phase.prepared : (established?.handle ?? null)
  state.attempted = undefined
  const connecting = new Connecting(socket, {
    transport,
    query,
    handle: prepared ?? transport.stream('path' in query ? 'pipe' : 'tcp'),
    established,
    blockList: state.blockList,
    socketOptions: state.settings.socketOptions,
    isRef: state.isRef,
    activity: state,
    attempting: attempted => {
      state.attempted = attempted
    },
    connected: (handle, context) => {
      if (handle === established?.handle) state.enter(established)
      else {
        // Ahead of all that the socket sends. What fails here fails for what follows, too, and is told there.
        if (preamble !== null) handle.write([preamble], ignore)
        linkUp(socket, handle, context)
        const status = handle.kind === 'pipe' ? applySocketOptions(state, handle.fd) : 0
        if (status < 0) return void socket.destroy(systemError(status, 'setsockopt'))
      }
      announceConnection(socket, state, connecting)
    },
  })
  state.enter(connecting)
  connecting.start()
}

function ignore(): void {}

function hasNoHandle({ phase }: SocketState): boolean {
  return phase.kind === 'closed' || (phase.kind === 'idle' && phase.prepared === null)
}

/** What Node's streams have for those that are used again; not among the documented members. */
interface Revivable {
  _undestroy?(): void
  readonly _readableState: LastWords
  readonly _writableState: LastWords
}

interface LastWords {
  closeEmitted: boolean
  errorEmitted: boolean
}

/**
 * Has the stream begin anew. What Writable has under way is over first: it is of the connection before, and neither fails
 * nor ends the one to come.
 */
function revive(socket: StatefulDuplex): void {
  const { phase } = socket[kState]
  const before = phase.kind === 'closed' ? phase.before : null
  if (before !== null) deferCallbacks(() => before.abandon(codedError('ERR_SOCKET_CLOSED')))
  const stream = socket as unknown as Revivable
  if (socket.destroyed) nextTick(forgetLastWords, socket)
  stream._undestroy?.()
  const state = socket[kState]
  state.enter(idle)
  state.isWriteOver = false
  state.proxied = null
}

/**
 * The tick that a `destroy()` of this turn has scheduled marks the stream as closed: a stream that told so never emits
 * 'finish'.
 */
function forgetLastWords(socket: StatefulDuplex): void {
  if (socket.destroyed) return
  const { _readableState, _writableState } = socket as unknown as Revivable
  for (const state of [_readableState, _writableState]) {
    state.closeEmitted = false
    state.errorEmitted = false
  }
}

/** Gives the socket its connection. Nothing is read before the socket asks. */
function linkUp(socket: StatefulDuplex, handle: StreamHandle, context: AsyncResource | null): Connection {
  const state = socket[kState]
  const { onread } = state
  const stream = socket as unknown as ConnectionStream
  const connection =
    onread === null
      ? new Connection(stream, state, handle, context)
      : new BufferConnection(stream, state, handle, context, onread)
  state.enter(connection)
  if (!state.isRef) handle.unref()
  applySettings(handle, state.settings)
  return connection
}

/**
 * Emits 'connect' and 'ready'. What was written before goes to the system first, whatever the listeners do; its callbacks
 * come where Node has them: at the place of the listener that `keepWrite` has added.
 */
function announceConnection(socket: StatefulDuplex, state: SocketState, connecting: Connecting): void {
  const connection = state.phase as Connection
  connecting.connection = connection
  if (connecting.waitingWrite !== null) {
    const { writableBuffer } = socket as unknown as { writableBuffer?: readonly GatheredWrite[] }
    const queued = socket.writableCorked === 0 ? encodeWrites(writableBuffer ?? []) : []
    connection.sendAhead(connecting.waitingWrite.chunks, queued)
  }
  if (state.isReadAsked) connection.read()
  state.isReadAsked = false
  state.touch()
  try {
    socket.emit('connect')
  } finally {
    // A listener threw: those after it were not called.
    if (connecting.waitingWrite !== null) nextTick(settleWaitingWrite, socket, connecting)
    if (connecting.waitingEnd !== null) nextTick(settleWaitingEnd, socket, connecting)
  }
  socket.emit('ready')
  // Reads ahead of the first listener, and hears of the peer's end without one.
  if (socket.readable && !socket.isPaused()) socket.read(0)
}

/** Keeps a write until the connection is made, or refuses it where the socket closes before. */
export function keepWrite(socket: StatefulDuplex, connecting: Connecting, write: WaitingWrite): void {
  connecting.waitingWrite = write
  const refuse = () => {
    // The end of the connection before this one.
    if (socket[kState].phase === connecting) return void socket.once('close', refuse)
    const waiting = connecting.waitingWrite
    connecting.waitingWrite = null
    waiting?.callback(codedError('ERR_SOCKET_CLOSED_BEFORE_CONNECTION'))
  }
  socket.once('connect', () => {
    socket.removeListener('close', refuse)
    settleWaitingWrite(socket, connecting)
  })
  socket.once('close', refuse)
}

function settleWaitingWrite(socket: StatefulDuplex, connecting: Connecting): void {
  const { phase } = socket[kState]
  const waiting = connecting.waitingWrite
  connecting.waitingWrite = null
  if (waiting === null) return
  const { connection } = connecting
  if (phase.kind === 'connected' && phase === connection) phase.send(waiting.chunks, true, waiting.callback)
  else if (phase.kind !== 'connecting') waiting.callback(codedError('ERR_SOCKET_CLOSED'))
  // A listener connects once more: the connection is the same, or its bytes have left with the one before.
  else if (phase.established === connection) keepWrite(socket, phase, waiting)
  else waiting.callback()
}

/** Keeps the end of our side until the connection is made. */
export function keepEnd(socket: StatefulDuplex, connecting: Connecting, callback: WriteCallback): void {
  connecting.waitingEnd = callback
  socket.once('connect', () => settleWaitingEnd(socket, connecting))
}

function settleWaitingEnd(socket: StatefulDuplex, connecting: Connecting): void {
  const { phase } = socket[kState]
  const { waitingEnd } = connecting
  connecting.waitingEnd = null
  if (waitingEnd === null) return
  const { connection } = connecting
  if (phase.kind === 'connected' && phase === connection) phase.shutDown(waitingEnd)
  // A listener connects the same handle once more.
  else if (phase.kind === 'connecting' && phase.established === connection) keepEnd(socket, phase, waitingEnd)
  else waitingEnd()
}

/** Closes what a socket that is being destroyed has open, and emits 'close' once it is closed. */
export function closeSocket(socket: StatefulDuplex, error: Error | null, destroyed: WriteCallback): void {
  debug('close')
  const state = socket[kState]
  const { phase } = state
  state.idleTimer?.stop()
  state.idleTimer = null
  const connection = phase.kind === 'connected' ? phase : null
  const handle = handleToClose(state)
  if (phase.kind !== 'closed') {
    state.enter({
      kind: 'closed',
      bytesRead: connection === null ? 0 : state.bytesReadOf(connection.handle),
      bytesWritten: connection?.bytesSent(0) ?? bytesWaiting(phase),
      queuedAhead: connection?.queuedAhead ?? 0,
      peer: connection?.peer,
      before: phase.kind === 'idle' ? null : phase,
    })
  }
  const emitClose = () => {
    if (phase.kind === 'connecting') phase.tellCancelled()
    socket.emit('close', error !== null)
  }
  if (handle === null) {
    // 'error' first. Of a socket that never was to connect Node tells no more than 'close'.
    destroyed(error)
    nextTick(phase.kind === 'idle' ? () => socket.emit('close') : emitClose)
  } else {
    const context = phase.kind === 'connected' || phase.kind === 'connecting' ? phase.context : null
    const closed = context === null ? emitClose : () => context.runInAsyncScope(emitClose)
    const isReset = state.isResetting && !connection?.isEnding && handle.reset(closed) >= 0
    // A RST cannot overtake the end of our side that is under way (as libuv has it).
    if (state.isResetting && connection?.isEnding) socket.emit('error', systemError(UV_EINVAL, 'reset'))
    state.isResetting = false
    if (!isReset) handle.close(closed)
    destroyed(error)
  }
  const { keeper } = state
  state.keeper = null
  keeper?.connectionEnded(socket)
}

/** Of a write that never left; Node counts them. */
function bytesWaiting(phase: Phase): number {
  return phase.kind === 'connecting' ? (phase.waitingWrite?.bytes ?? 0) : 0
}

function handleToClose({ phase }: SocketState): StreamHandle | null {
  switch (phase.kind) {
    case 'connected':
      return phase.handle
    case 'connecting':
      return phase.cancel()
    case 'idle':
      return phase.prepared
    default:
      return null
  }
}

/** Closes with a RST where there can be one, and tells no error: the end of our side may be under way. */
export function dropSocket(socket: StatefulDuplex): void {
  const { phase } = socket[kState]
  if (phase.kind === 'connected' && phase.isEnding) socket.destroy()
  else resetSocket(socket)
}

/** Closes with a RST. */
export function resetSocket(socket: StatefulDuplex): void {
  socket[kState].isResetting = true
  socket.destroy()
}

export function setRef(socket: StatefulDuplex, isRef: boolean): void {
  const state = socket[kState]
  const { phase } = state
  state.isRef = isRef
  if (phase.kind === 'connecting') {
    phase.setRef(isRef)
    return
  }
  const handle = phase.kind === 'connected' ? phase.handle : phase.kind === 'idle' ? phase.prepared : null
  if (isRef) handle?.ref()
  else handle?.unref()
}

/** A connection without its socket. */
export interface DetachedConnection {
  /** The caller's to use and to close. */
  readonly handle: StreamHandle
  /** What was read from the connection and not yet consumed, in order. */
  readonly unread: Buffer[]
}

/** Takes the connection away from the socket, which is closed then, and told so once it is destroyed. */
export function takeConnection(socket: StatefulDuplex): DetachedConnection | null {
  const state = socket[kState]
  const { phase } = state
  if (phase.kind !== 'connected') return null
  phase.flush()
  phase.stopReading()
  const unread: Buffer[] = []
  for (let chunk = socket.read(); chunk !== null; chunk = socket.read()) unread.push(chunk as Buffer)
  // `read` starts reading again where it finds nothing.
  phase.stopReading()
  const { handle, peer } = phase
  state.enter({
    kind: 'closed',
    bytesRead: state.bytesReadOf(handle),
    bytesWritten: handle.bytesWritten,
    queuedAhead: 0,
    peer,
    before: phase,
  })
  return { handle, unread }
}
