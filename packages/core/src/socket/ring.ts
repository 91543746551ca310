// The sockets that a server has open, linked through their own states, so that to keep them costs a connection no object.
// It ends none.
import { kState, type SocketState } from './state'

/** A socket as a ring sees it. */
export interface RingMember {
  readonly [kState]: SocketState
}

export class SocketRing<Member extends RingMember> {
  /** How many there have been. */
  added = 0
  size = 0
  #newest: Member | null = null

  add(socket: Member): void {
    const newest = this.#newest
    socket[kState].older = newest
    if (newest !== null) newest[kState].newer = socket
    this.#newest = socket
    this.size++
    this.added++
  }

  remove(socket: Member): void {
    const state = socket[kState]
    const { older, newer } = state
    if (newer === null) this.#newest = older as Member | null
    else newer[kState].older = older
    if (older !== null) older[kState].newer = newer
    state.older = null
    state.newer = null
    this.size--
  }

  /** All of them, the oldest first. */
  list(): Member[] {
    const all: Member[] = []
    for (let each = this.#newest; each !== null; each = each[kState].older as Member | null) all.push(each)
    return all.reverse()
  }
}
