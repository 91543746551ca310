// Drives a socket of Node's node:net by the methods that streams are implemented with (`_read`, `_write`, `_final`, `_destroy`),
// as a class derived from it would: what it reads does not go through its own buffer, what it sends not through its own queue,
// and it costs one event. It goes on while a test tool has replaced `process.nextTick`, which node:net looks up at each use.
// Source: https://nodejs.org/api/stream.html#api-for-stream-implementers
import type { Socket } from 'node:net'
import { hasHostTicks, nextTick, withHostTicks, withoutFirstTick } from '../../host'
import type { Status } from '../contract'
import { type Driver, type InnerSocket, kOwner, type SocketOwner } from './inner-socket'
import { nodeNet } from './node-net'
import { statusOf } from './status'

/** What the class of node:net implements of its streams. */
type Base = Pick<Socket, 'emit' | 'push' | 'destroy' | '_read' | '_write' | '_final' | '_destroy'> & {
  _writev: NonNullable<Socket['_writev']>
}

/** What is used of node:net's own handle. It is undocumented: without it a socket stops with the next chunk. */
interface HostHandle {
  reading: boolean
  readStop(): number
}

const kSent: unique symbol = Symbol('sent')

interface NodeSocket extends InnerSocket {
  /** What each write calls back. */
  [kSent]?: ((error?: Error | null) => void) | undefined
}

/** The write that is within its call, and what has become of it. */
const within: { socket: NodeSocket | null; status: Status } = { socket: null, status: 0 }

export const nodeDriver: Driver = {
  prepare(socket, owner) {
    socket[kOwner] = owner
    socket.push = push
    socket.emit = emit
    socket.read = readNothing
    socket.destroy = destroy
  },

  restore(socket, unread) {
    const own = socket as Partial<NodeSocket>
    for (const name of ['push', 'emit', 'read', 'destroy'] as const) delete own[name]
    delete own[kOwner]
    delete own[kSent]
    withHostTicks(() => {
      for (const chunk of unread) socket.push(chunk)
    })
  },

  // Paused, it does not begin to read once it is connected. node:net begins to connect over TCP a tick later, in which the
  // peer would not hear of a connection that is closed in this one.
  connect(socket, options) {
    const begin = () => socket.connect(options)
    socket.pause()
    if ('path' in options) withHostTicks(begin)
    else withoutFirstTick(begin)
  },

  startReading(socket) {
    base()._read.call(socket, 0)
  },

  // `pause` would go on until node:net's own buffer is full: the peer would count those bytes as read, and a close would
  // not tell it otherwise. Within a read, the answer of `push` stops it as well.
  stopReading(socket) {
    const handle = (socket as unknown as { readonly _handle: HostHandle | null })._handle
    if (!handle?.reading) return
    handle.reading = false
    handle.readStop()
  },

  send(socket: NodeSocket, chunks) {
    // Bound: a closure that its own object holds is kept by each collection of young objects (V8 14), with all that it reaches.
    socket[kSent] ??= heardSent.bind(undefined, socket)
    const before = within.socket
    within.socket = socket
    within.status = 0
    try {
      if (chunks.length === 1)
        base()._write.call(socket, chunks[0], 'buffer' as BufferEncoding, socket[kSent])
      else base()._writev.call(socket, chunks.map(asWrite), socket[kSent])
      return within.status
    } finally {
      within.socket = before
    }
  },

  end(socket) {
    let isWithin = true
    base()._final.call(socket, error => {
      if (isWithin) nextTick(heardEnded, socket, error)
      else heardEnded(socket, error)
    })
    isWithin = false
  },

  close(socket) {
    if (socket.connecting) withHostTicks(() => base().destroy.call(socket))
    else closeHandle(socket)
  },

  reset(socket) {
    socket.resetAndDestroy()
  },
}

function base(): Base {
  return nodeNet().Socket.prototype as unknown as Base
}

function asWrite(chunk: Uint8Array): { chunk: Uint8Array; encoding: BufferEncoding } {
  return { chunk, encoding: 'buffer' as BufferEncoding }
}

function heardSent(socket: NodeSocket, error: Error | null | undefined): void {
  if (within.socket === socket) within.status = error ? statusOf(error) : 1
  else socket[kOwner]?.heardSent(error)
}

function heardEnded(socket: InnerSocket, error: Error | null | undefined): void {
  socket[kOwner]?.heardEnded(error)
}

function closeHandle(socket: InnerSocket): void {
  if (hasHostTicks()) base()._destroy.call(socket, null, ignore)
  else withHostTicks(() => base()._destroy.call(socket, null, ignore))
}

function ignore(): void {}

/** In the place of `Readable.push` (https://nodejs.org/api/stream.html#readablepushchunk-encoding). */
function push(this: InnerSocket, chunk: Buffer | null): boolean {
  const owner = this[kOwner] as SocketOwner
  if (chunk === null) {
    owner.heardEnd()
    return false
  }
  owner.heardData(chunk)
  return owner.isReading
}

// At the end node:net asks for what is in its buffer, and would start to read again.
function readNothing(): null {
  return null
}

/** In the place of listeners, of which each connection would have three. No event of a socket has more than four values. */
function emit(
  this: InnerSocket,
  event: string | symbol,
  first?: unknown,
  second?: unknown,
  third?: unknown,
  fourth?: unknown,
): boolean {
  const owner = this[kOwner] as SocketOwner
  if (event === 'close') owner.heardClose()
  else if (event === 'error') owner.heardError(first as Error)
  else {
    base().emit.call(this, event, first, second, third, fourth)
    if (event === 'connect') owner.heardConnect()
  }
  return true
}

// What node:net calls where a stream is over. The descriptor stays open until its owner closes it, as with other transports.
function destroy(this: InnerSocket, error?: NodeJS.ErrnoException): InnerSocket {
  const owner = this[kOwner] as SocketOwner
  if (owner.isClosing) closeHandle(this)
  else if (error?.syscall === 'read') owner.heardError(error)
  else if (error) withHostTicks(() => base().destroy.call(this, error))
  return this
}
