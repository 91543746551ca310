// Drives a socket of another host's node:net (Bun, Deno) by what is public of it: its events, `write`, `pause` and `resume`.
import { AsyncResource } from 'node:async_hooks'
import { setImmediate, withHostTicks } from '../../host'
import type { Status } from '../contract'
import { type Driver, type InnerSocket, kOwner } from './inner-socket'
import { statusOf } from './status'

const NOTHING = Buffer.alloc(0)

export const eventDriver: Driver = {
  prepare(socket, owner) {
    socket[kOwner] = owner
    socket.pause()
    socket.on('data', onData).on('end', onEnd).on('error', onError).on('close', onClose)
  },

  restore(socket, unread) {
    socket.off('data', onData).off('end', onEnd).off('error', onError).off('close', onClose)
    delete socket[kOwner]
    for (const chunk of [...unread].reverse()) socket.unshift(chunk)
  },

  connect(socket, options) {
    socket.connect(options)
    socket.once('connect', onConnect)
  },

  startReading(socket) {
    withHostTicks(() => socket.resume())
  },

  stopReading(socket) {
    socket.pause()
  },

  send(socket, chunks): Status {
    socket.cork()
    for (const chunk of chunks) socket.write(chunk)
    socket.uncork()
    if (socket.errored) return statusOf(socket.errored)
    if (socket.writableLength === 0) return 1
    // The host calls back in order, so the callback of nothing tells of all before it.
    socket.write(NOTHING, error => {
      const owner = socket[kOwner]
      // What a close cuts off fails once it is closed, after the 'error' of what closed it.
      if (owner && !(error && owner.isClosing)) owner.heardSent(error)
    })
    return 0
  },

  end(socket) {
    const heard = AsyncResource.bind((error?: Error | null) => socket[kOwner]?.heardEnded(error))
    socket.end((error?: Error | null) => heard(error))
  },

  close(socket) {
    withHostTicks(() => socket.destroy())
  },

  reset(socket) {
    withHostTicks(() => socket.resetAndDestroy())
  },
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
// These hosts tell of it in the tick of the error or of the call; on Node it comes at the end of the turn, after 'error'.
function onClose(this: InnerSocket): void {
  const owner = this[kOwner]
  if (owner) setImmediate(() => owner.heardClose())
}
