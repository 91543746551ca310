// The writes that one turn of the loop makes on a socket go out together at its end, as one write of the transport.
// It decides when; Writable keeps the writes and their callbacks, in order. It knows no transport.
import { Writable } from 'node:stream'
import type { Socket } from './socket'
import { kState, type SocketState } from './state'

const { cork, uncork } = Writable.prototype

/** Sockets that hold writes back, in the order of their first; the first `waitingCount` places are in use. */
let waiting: (Socket | null)[] = []
let waitingCount = 0
/** The list of the turn before, to be used again. */
let spare: (Socket | null)[] = []
let isScheduled = false

/**
 * Called before each write of a connected socket that could go out at once: starts to hold back, or lets go first
 * where what is held would make `write` answer false sooner than without it.
 */
export function holdBack(socket: Socket, state: SocketState, length: number): void {
  if (!state.isHolding) {
    if (length >= socket.writableHighWaterMark) return
    hold(socket, state)
    state.heldLength = length
    return
  }
  state.heldLength += length
  if (state.heldLength < socket.writableHighWaterMark) return
  release(socket, state)
  if (length >= socket.writableHighWaterMark) return
  hold(socket, state)
  state.heldLength = length
}

function hold(socket: Socket, state: SocketState): void {
  cork.call(socket)
  awaitTurn(socket, state)
}

/** Takes over a cork of the caller's own instead of a cork of ours. */
export function awaitTurn(socket: Socket, state: SocketState): void {
  state.isHolding = true
  state.heldLength = 0
  if (state.isInTurn) return
  state.isInTurn = true
  waiting[waitingCount++] = socket
  if (isScheduled) return
  isScheduled = true
  process.nextTick(endTurn)
}

/** Lets go of what is held back, now. Callbacks come in a later tick, as after any write. */
export function release(socket: Socket, state: SocketState): void {
  if (!state.isHolding) return
  state.isHolding = false
  uncork.call(socket)
}

function endTurn(): void {
  const sockets = waiting
  const count = waitingCount
  isScheduled = false
  waiting = spare
  waitingCount = 0
  let done = 0
  try {
    while (done < count) {
      const socket = sockets[done]!
      sockets[done++] = null
      const state = socket[kState]
      state.isInTurn = false
      if (state.isHolding) endTurnOf(socket, state)
    }
  } finally {
    if (done < count) postpone(sockets, done, count)
    spare = sockets
  }
}

/** A callback threw: the others' turn is not lost by it. */
function postpone(sockets: (Socket | null)[], from: number, to: number): void {
  for (let i = from; i < to; i++) {
    waiting[waitingCount++] = sockets[i]!
    sockets[i] = null
  }
  if (!isScheduled) process.nextTick(endTurn)
  isScheduled = true
}

function endTurnOf(socket: Socket, state: SocketState): void {
  state.isTurnOver = true
  release(socket, state)
  state.isTurnOver = false
  const { settled } = state
  if (settled === null) return
  state.settled = null
  settled()
}

// `write()` and then `process.exit()`: node:net has given the bytes to the system by then.
process.on('exit', () => {
  for (const socket of waiting) if (socket !== null) release(socket, socket[kState])
})
