// What one socket holds until the end of the turn. Fields only; outbox fills and empties it.
import type { GatheredWrite } from './chunks'
import type { WriteCallback } from './state'

const noWrites: GatheredWrite[] = []

export class Outbox {
  isHolding = false
  /** Among the sockets whose turn is awaited. */
  isInTurn = false
  /** The first `count` entries are held; lists and entries are used again by whoever holds next. */
  writes: GatheredWrite[] = noWrites
  count = 0
  /** Characters and bytes of what is held. */
  length = 0
  /** The callbacks that the writes came with, in order. */
  callbacks: WriteCallback[] | null = null
  /** Writable's own callback, where what is held came from it; Writable gives no more until it is called. */
  writableCallback: WriteCallback | null = null
  /** The status of what was sent already, for the `_write` by which Writable learns of it. */
  dispatched: number | null = null
}
