// The socket of node:net under a stream, made so that it goes on while a test tool has replaced `process.nextTick`, which
// node:net and its streams look up at each use. It knows where they do, and no stream of the contract.
import { AsyncResource } from 'node:async_hooks'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { hasHostTicks, nextTick, withHostTicks, withUsersTicks } from '../../host'
import { hideFromDiagnostics } from './diagnostics'
import { isNode } from './host'
import { nodeNet } from './node-net'

/** The key of whose socket it is, so that one set of functions serves all sockets and none is a closure. */
export const kOwner: unique symbol = Symbol('owner')

const kIsHalted: unique symbol = Symbol('halted')

const kAfterEnd: unique symbol = Symbol('after end')

/** What the socket asks of whose it is. */
export interface SocketOwner {
  /** It closes the socket, or has. */
  readonly isClosing: boolean
  /** A chunk before the socket's buffer has it; true where it took it. */
  takes(chunk: Buffer): boolean
  /** The peer's end, as a chunk. */
  takesEnd(): boolean
  heardConnect(): void
  heardData(chunk: Buffer): void
  heardEnd(): void
  heardError(error: Error): void
  /** A write is over, after it began to close. */
  heardCut(): void
  /** A write has failed, and node:net is about to close the socket. */
  heardWriteError(): void
  heardClose(): void
}

/** A socket of node:net that has an owner. */
export interface InnerSocket extends Socket {
  [kOwner]?: SocketOwner | undefined
  /** True while `stopReading` has stopped the handle behind node:net's back. */
  [kIsHalted]?: boolean
  /** What follows the end of our side that `endWriting` has under way. */
  [kAfterEnd]?: (() => void) | undefined
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
type Internals = Pick<Socket, 'read' | 'destroy' | 'emit' | '_write' | '_final'> & {
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
  if (!isNode) {
    socket.on('data', onData)
    socket.on('end', onEnd)
    socket.on('error', onError)
    socket.on('close', onClose)
    return
  }
  socket.emit = emit
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

/**
 * Ends our side. Where nothing waits before the end, node:net need not tell its stream of it, which costs as much again:
 * nobody else writes to the socket.
 */
export function endWriting(socket: InnerSocket, ended: (error?: Error | null) => void): void {
  if (!isNode || socket.writableLength > 0) {
    // It comes in the context of now (law 12 of the contract), not in that of a write which it waits for.
    const context = new AsyncResource('SHUTDOWNWRAP')
    socket.end((error?: Error | null) => context.runInAsyncScope(ended, undefined, error))
    return
  }
  let isWithin = true
  base()._final.call(socket, error => {
    if (isWithin) nextTick(ended, error)
    else ended(error)
    socket[kAfterEnd]?.()
  })
  isWithin = false
}

/** Closes it by a reset; `isEnding` while its end is on its way. */
export function closeByReset(socket: InnerSocket, isEnding: boolean): void {
  if (!isEnding) socket.resetAndDestroy()
  // libuv refuses to reset a socket whose end is still on its way out, and node:net then never closes it: the end comes
  // first, which takes a turn, or is given up where bytes wait before it.
  else if (socket.writableLength > 0) socket.destroy()
  else if (socket.writableEnded) socket.once('finish', socket.resetAndDestroy)
  else socket[kAfterEnd] = socket.resetAndDestroy
}

/** Takes owner and methods away again. */
export function restore(socket: InnerSocket): void {
  if (!isNode) socket.off('data', onData).off('end', onEnd).off('error', onError).off('close', onClose)
  endHalt(socket)
  const own = socket as Partial<InnerSocket>
  for (const name of ['push', 'emit', 'read', 'destroy', '_write', '_writev', '_final'] as const)
    delete own[name]
  delete own[kOwner]
  delete own[kIsHalted]
  delete own[kAfterEnd]
}

function base(): Internals {
  return nodeNet().Socket.prototype as unknown as Internals
}

/** In the place of `Readable.push` (https://nodejs.org/api/stream.html#readablepushchunk-encoding). */
function push(this: InnerSocket, chunk: unknown, encoding?: BufferEncoding): boolean {
  const owner = this[kOwner]
  if (chunk instanceof Uint8Array && chunk.length > 0 && owner?.takes(chunk as Buffer)) return true
  if (chunk === null && isNode && owner?.takesEnd()) return false
  return withHostTicks(() => Readable.prototype.push.call(this, chunk, encoding))
}

/** In the place of listeners, of which each connection would have four. */
function emit(this: InnerSocket, event: string | symbol, ...args: unknown[]): boolean {
  const owner = this[kOwner]
  if (owner !== undefined) {
    if (event === 'data') owner.heardData(args[0] as Buffer)
    else if (event === 'error') owner.heardError(args[0] as Error)
    else if (event === 'end') owner.heardEnd()
    else if (event === 'close') owner.heardClose()
  }
  // An error that nobody listens to would be thrown.
  return event === 'error' || base().emit.call(this, event, ...args)
}

function read(this: InnerSocket, size?: number): unknown {
  return hasHostTicks() ? base().read.call(this, size) : withHostTicks(() => base().read.call(this, size))
}

// After both ends a stream destroys itself: the descriptor stays open until its owner closes it, as with other transports.
function destroy(this: InnerSocket, error?: Error): InnerSocket {
  const owner = this[kOwner]
  if (!error && owner?.isClosing === false) return this
  // A failed read is told as it comes. Of an error that a stream is destroyed with Node formats the stack, which nobody would see.
  if (owner?.isClosing === false && !this.destroyed && (error as NodeJS.ErrnoException).syscall === 'read') {
    try {
      withUsersTicks(() => owner.heardError(error as Error))
    } finally {
      withHostTicks(() => base().destroy.call(this))
    }
    return this
  }
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
    else if (error) owner?.heardWriteError()
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
