// How a socket goes from phase to phase: connecting, connected, closed, and made anew. It knows the socket as a Duplex with a
// state, and not the class.
import type { AsyncResource } from 'node:async_hooks'
import { channel } from 'node:diagnostics_channel'
import { readBlockList, readConnectQuery } from '../connect/query'
import { codedError } from '../errors/codes'
import { UV_EINVAL } from '../errors/errno'
import { systemError } from '../errors/system-error'
import { nextTick } from '../host'
import { readPreamble } from '../proxy-protocol/encode'
import { applyOptions, checkSupport } from '../socket-options/access'
import { readSocketOptionSet, type SocketOptions } from '../socket-options/names'
import type { Status, StreamHandle } from '../transport/contract'
import { BufferConnection } from './buffer-connection'
import { Connecting } from './connecting'
import { Connection } from './connection'
import type { ConnectionStream } from './connection-stream'
import { debug } from './debug'
import { encodeWrites, type GatheredWrite } from './gathered'
import { applySettings } from './options'
import { idle, kState, type Phase, type SocketState, type StatefulDuplex } from './state'
import { deferCallbacks, type WriteCallback } from './ticket'
import { settleWaitingEnd, settleWaitingWrite } from './waiting'

const clientSocketChannel = channel('net.client.socket')

/** Sets the options of a socket that is connected already; below 0 where the system refuses one. */
export function applySocketOptions(state: SocketState, fd: number): Status {
  const { socketOptions } = state.settings
  return socketOptions === undefined ? 0 : applyOptions(state.transport, fd, socketOptions)
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
  const { transport } = state
  const { socketOptions } = options
  if (socketOptions !== undefined) {
    const set = readSocketOptionSet(socketOptions as SocketOptions)
    checkSupport(transport, set)
    state.change({ socketOptions: set })
  }
  const blockList = readBlockList(options['blockList'])
  if (blockList !== undefined) state.keep({ blockList })
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
  if (state.seldom.attempted !== undefined) state.keep({ attempted: undefined })
  const connecting = new Connecting(socket, {
    transport,
    query,
    handle: prepared ?? transport.stream('path' in query ? 'pipe' : 'tcp'),
    established,
    blockList: state.seldom.blockList,
    socketOptions: state.settings.socketOptions,
    isRef: state.seldom.isRef,
    activity: state,
    attempting: attempted => state.keep({ attempted }),
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
  if (state.seldom.proxied !== null) state.keep({ proxied: null })
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
export function linkUp(
  socket: StatefulDuplex,
  handle: StreamHandle,
  context: AsyncResource | null,
): Connection {
  const state = socket[kState]
  const { onread, isRef } = state.seldom
  const stream = socket as unknown as ConnectionStream
  const connection =
    onread === null
      ? new Connection(stream, state, handle, context)
      : new BufferConnection(stream, state, handle, context, onread)
  state.enter(connection)
  if (!isRef) handle.unref()
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
    connection.sending.sendAhead(connecting.waitingWrite.chunks, queued)
  }
  const { isReadAsked } = state
  if (isReadAsked) connection.read()
  state.isReadAsked = false
  state.touch()
  try {
    socket.emit('connect')
  } finally {
    // A listener threw: those after it were not called.
    if (connecting.waitingWrite !== null) nextTick(settleWaitingWrite, socket, connecting)
    if (connecting.waitingEnd !== null) nextTick(settleWaitingEnd, socket, connecting)
  }
  // A listener has destroyed the connection: the next one is read from.
  if (isReadAsked && state.phase.kind === 'closed') state.isReadAsked = true
  socket.emit('ready')
  // Reads ahead of the first listener, and hears of the peer's end without one.
  if (socket.readable && !socket.isPaused()) socket.read(0)
}

/** Closes what a socket that is being destroyed has open, and emits 'close' once it is closed. */
export function closeSocket(socket: StatefulDuplex, error: Error | null, destroyed: WriteCallback): void {
  debug('close')
  const state = socket[kState]
  const { phase } = state
  state.stopIdleTimer()
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
    forgetConnection(state)
  }
  if (handle === null) {
    // 'error' first. Of a socket that never was to connect Node tells no more than 'close'.
    destroyed(error)
    nextTick(phase.kind === 'idle' ? () => socket.emit('close') : emitClose)
  } else {
    const context = contextOf(phase)
    const closed = context === null ? emitClose : () => context.runInAsyncScope(emitClose)
    const { isResetting } = state.seldom
    const isReset = isResetting && !connection?.isEnding && handle.reset(closed) >= 0
    // A RST cannot overtake the end of our side that is under way (as libuv has it).
    if (isResetting && connection?.isEnding) socket.emit('error', systemError(UV_EINVAL, 'reset'))
    if (isResetting) state.keep({ isResetting: false })
    if (!isReset) handle.close(closed)
    destroyed(error)
  }
  const { keeper } = state
  state.keeper = null
  keeper?.connectionEnded(socket)
}

/**
 * Lets go of a connection of which nothing is under way: what a closed socket reaches lives as long as the socket, and on
 * V8 14 that is until the whole heap is collected.
 */
function forgetConnection({ phase }: SocketState): void {
  if (phase.kind !== 'closed') return
  if (phase.before?.kind === 'connected' && phase.before.isQuiet) phase.before = null
}

/** The async context of a handle's events: that of its first `connect`. */
function contextOf(phase: Phase): AsyncResource | null {
  if (phase.kind === 'connected') return phase.context
  return phase.kind === 'connecting' ? (phase.established ?? phase).context : null
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
  socket[kState].keep({ isResetting: true })
  socket.destroy()
}

export function setRef(socket: StatefulDuplex, isRef: boolean): void {
  const state = socket[kState]
  const { phase } = state
  if (isRef !== state.seldom.isRef) state.keep({ isRef })
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
