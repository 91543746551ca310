// What callers see of a socket's Writable while writes are held: the same as without. It holds nothing itself.
import { Writable } from 'node:stream'
import { release } from './outbox'
import { Socket } from './socket'
import { kState } from './state'

const length = Object.getOwnPropertyDescriptor(Writable.prototype, 'writableLength')!.get!

Object.defineProperty(Socket.prototype, 'writableLength', {
  configurable: true,
  /** What the system takes at once was never in the queue: let it take it. */
  get(this: Socket): number {
    if (this[kState]) release(this, this[kState])
    return length.call(this)
  },
})
