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

/** Hears of chunks before the socket's buffer has them. */
export interface SocketOwner {
  /** True where it took the chunk. */
  takes(chunk: Buffer): boolean
}

/** A socket of node:net that has an owner. */
export interface InnerSocket extends Socket {
  [kOwner]?: SocketOwner | undefined
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

/** Gives it an owner, and puts the methods of this file in front of its own. */
export function prepare(socket: InnerSocket, owner: SocketOwner): void {
  socket[kOwner] = owner
  socket.push = push
  if (!isNode) return
  socket.read = read
  socket.destroy = destroy
  socket._write = write
  socket._writev = writev
  socket._final = final
}

/** Takes owner and methods away again. */
export function restore(socket: InnerSocket): void {
  const own = socket as Partial<InnerSocket>
  for (const name of ['push', 'read', 'destroy', '_write', '_writev', '_final'] as const) delete own[name]
  delete own[kOwner]
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

function destroy(this: InnerSocket, error?: Error): InnerSocket {
  return withHostTicks(() => base().destroy.call(this, error)) as InnerSocket
}

type Written = (error?: Error | null) => void

function write(this: InnerSocket, chunk: unknown, encoding: BufferEncoding, done: Written): void {
  base()._write.call(this, chunk, encoding, error => withHostTicks(() => done(error)))
}

function writev(
  this: InnerSocket,
  chunks: { chunk: unknown; encoding: BufferEncoding }[],
  done: Written,
): void {
  base()._writev.call(this, chunks, error => withHostTicks(() => done(error)))
}

function final(this: InnerSocket, done: Written): void {
  withHostTicks(() => base()._final.call(this, error => withHostTicks(() => done(error))))
}
