// What callers see of a socket's Writable while writes are held back: the same as without. It holds nothing back itself.
import { Writable } from 'node:stream'
import { release } from './outbox'
import { Socket } from './socket'
import { kState } from './state'

const corked = Object.getOwnPropertyDescriptor(Writable.prototype, 'writableCorked')!.get!
const length = Object.getOwnPropertyDescriptor(Writable.prototype, 'writableLength')!.get!

Object.defineProperties(Socket.prototype, {
  /** Our own cork is none of the caller's business. */
  writableCorked: {
    configurable: true,
    get(this: Socket): number {
      const count: number = corked.call(this)
      return this[kState]?.isHolding ? count - 1 : count
    },
  },
  /** What the system has taken at once was never in the queue: let it take it. */
  writableLength: {
    configurable: true,
    get(this: Socket): number {
      if (this[kState]?.isHolding) release(this, this[kState])
      return length.call(this)
    },
  },
})
