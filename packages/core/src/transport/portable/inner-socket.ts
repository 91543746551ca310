// The socket of node:net under a stream, made so that it goes on while a test tool has replaced `process.nextTick`, which
// node:net and its streams look up at each use. It knows where they do, and no stream of the contract.
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { hasHostTicks, withHostTicks } from '../../host'
import { hideFromDiagnostics } from './diagnostics'
import { isNode } from './host'
import { nodeNet } from './node-net'

/** The key of whose socket it is, so that one set of functions serves all sockets and none is a closure. */
export const kOwner: unique symbol = Symbol('owner')

const kIsHalted: unique symbol = Symbol('halted')

/** What the socket asks of whose it is. */
export interface SocketOwner {
  /** It closes the socket, or has. */
  readonly isClosing: boolean
  /** A chunk before the socket's buffer has it; true where it took it. */
  takes(chunk: Buffer): boolean
  heardConnect(): void
  heardData(chunk: Buffer): void
  heardEnd(): void
  heardError(error: Error): void
  /** A write is over, after it began to close. */
  heardCut(): void
  heardClose(): void
}

/** A socket of node:net that has an owner. */
export interface InnerSocket extends Socket {
  [kOwner]?: SocketOwner | undefined
  /** True while `stopReading` has stopped the handle behind node:net's back. */
  [kIsHalted]?: boolean
}

/** What is used of node:net's own handle. It is undocumented, and absent on other hosts. */
interface HostHandle {
  reading: boolean
  readStart(): number
  readStop(): number
}

/** What a descriptor can do: a pipe's end does one of the two. */
export interface Sides {
  readonly readable: boolean
  readonly writable: boolean
}

/** What node:net calls on a socket from inside, where it goes on to look ticks up. */
type Internals = Pick<Socket, 'read' | 'destroy' | '_write' | '_final'> & {
  _writev: NonNullable<Socket['_writev']>
}

/** A socket that can connect. */
export function newSocket(): InnerSocket {
  const socket = new (nodeNet().Socket)({ allowHalfOpen: true })
  hideFromDiagnostics(socket)
  return socket
}

/** A socket over a descriptor, which reads nothing until it is resumed. */
export function socketOver(fd: number, sides: Sides): InnerSocket {
  // `manualStart` is how node:net leaves out the read that it begins with.
  const options = { fd, ...sides, allowHalfOpen: true, manualStart: true }
  return new (nodeNet().Socket)(options)
}

/** Gives it an owner, who hears of it, and puts the methods of this file in front of its own. It is paused. */
export function prepare(socket: InnerSocket, owner: SocketOwner): void {
  socket[kOwner] = owner
  socket.push = push
  socket.pause()
  socket.on('data', onData)
  socket.on('end', onEnd)
  socket.on('error', onError)
  socket.on('close', onClose)
  if (!isNode) return
  socket.read = read
  socket.destroy = destroy
  socket._write = write
  socket._writev = writev
  socket._final = final
}

/**
 * Nothing more is read from the system. `pause` alone goes on until node:net's own buffer is full: then the peer would count
 * those bytes as read, and a close would not tell it otherwise.
 */
export function stopReading(socket: InnerSocket): void {
  socket.pause()
  const handle = hostHandle(socket)
  if (!handle?.reading) return
  handle.reading = false
  handle.readStop()
  socket[kIsHalted] = true
}

/** Reads again after `stopReading`, or for the first time. */
export function resumeReading(socket: InnerSocket): void {
  endHalt(socket)
  socket.resume()
}

// node:net's stream takes it that the read that it asked for is still under way, and would not ask again.
function endHalt(socket: InnerSocket): void {
  if (!socket[kIsHalted]) return
  socket[kIsHalted] = false
  const handle = hostHandle(socket)
  if (handle === null || handle.reading) return
  handle.reading = true
  handle.readStart()
}

function hostHandle(socket: InnerSocket): HostHandle | null {
  return isNode ? (socket as unknown as { readonly _handle: HostHandle | null })._handle : null
}

/** Its owner hears once of a connection that it makes. */
export function hearConnect(socket: InnerSocket): void {
  socket.once('connect', onConnect)
}

/**
 * Gives a new socket a handle, which is closed as others are: `destroy` in this turn. `connect` makes one at once, and
 * begins to connect a tick later.
 */
export function openHandle(socket: InnerSocket): void {
  socket.connect({ host: '127.0.0.1', port: 1, autoSelectFamily: false })
}

function onConnect(this: InnerSocket): void {
  this[kOwner]?.heardConnect()
}
function onData(this: InnerSocket, chunk: Buffer): void {
  this[kOwner]?.heardData(chunk)
}
function onEnd(this: InnerSocket): void {
  this[kOwner]?.heardEnd()
}
function onError(this: InnerSocket, error: Error): void {
  this[kOwner]?.heardError(error)
}
function onClose(this: InnerSocket): void {
  this[kOwner]?.heardClose()
}

/** Closes it by a reset; `isEnding` while its end is on its way. */
export function closeByReset(socket: InnerSocket, isEnding: boolean): void {
  if (!isEnding) socket.resetAndDestroy()
  // libuv refuses to reset a socket whose end is still on its way out, and node:net then never closes it: the end comes
  // first, which takes a turn, or is given up where bytes wait before it.
  else if (socket.writableLength === 0) socket.once('finish', socket.resetAndDestroy)
  else socket.destroy()
}

/** Takes owner and methods away again. */
export function restore(socket: InnerSocket): void {
  socket.off('data', onData).off('end', onEnd).off('error', onError).off('close', onClose)
  endHalt(socket)
  const own = socket as Partial<InnerSocket>
  for (const name of ['push', 'read', 'destroy', '_write', '_writev', '_final'] as const) delete own[name]
  delete own[kOwner]
  delete own[kIsHalted]
}

function base(): Internals {
  return nodeNet().Socket.prototype as unknown as Internals
}

/** In the place of `Readable.push` (https://nodejs.org/api/stream.html#readablepushchunk-encoding). */
function push(this: InnerSocket, chunk: unknown, encoding?: BufferEncoding): boolean {
  if (chunk instanceof Uint8Array && chunk.length > 0 && this[kOwner]?.takes(chunk as Buffer)) return true
  return withHostTicks(() => Readable.prototype.push.call(this, chunk, encoding))
}

function read(this: InnerSocket, size?: number): unknown {
  return hasHostTicks() ? base().read.call(this, size) : withHostTicks(() => base().read.call(this, size))
}

// After both ends a stream destroys itself: the descriptor stays open until its owner closes it, as with other transports.
function destroy(this: InnerSocket, error?: Error): InnerSocket {
  if (!error && this[kOwner]?.isClosing === false) return this
  return withHostTicks(() => base().destroy.call(this, error)) as InnerSocket
}

type Written = (error?: Error | null) => void

function write(this: InnerSocket, chunk: unknown, encoding: BufferEncoding, done: Written): void {
  base()._write.call(this, chunk, encoding, error => written(this, done, error))
}

function written(socket: InnerSocket, done: Written, error?: Error | null): void {
  const owner = socket[kOwner]
  try {
    if (owner?.isClosing) owner.heardCut()
  } finally {
    withHostTicks(() => done(error))
  }
}

function writev(
  this: InnerSocket,
  chunks: { chunk: unknown; encoding: BufferEncoding }[],
  done: Written,
): void {
  base()._writev.call(this, chunks, error => written(this, done, error))
}

function final(this: InnerSocket, done: Written): void {
  withHostTicks(() => base()._final.call(this, error => withHostTicks(() => done(error))))
}
