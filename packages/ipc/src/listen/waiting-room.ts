// Peers that have connected and are being checked, before anybody sees their connections: how many there may be, how long
// each may take, and that one which has gone is noticed. It knows no listener.
import { abortError } from '@x/core/internal'
import type { StreamHandle } from '@x/core/transport'
import { clearTimeout, nextTick, setTimeout, throwLater } from '../host'

/** Decides about a peer; the signal is aborted once nobody waits for the answer. */
export type Admit = (stream: StreamHandle, signal: AbortSignal) => boolean | Promise<boolean>

export interface WaitingRoomOptions {
  readonly admit: Admit
  /** Milliseconds for a decision; 0: for ever. */
  readonly timeoutMs: number
  /** Whether the server would take one more beside those that are waiting. */
  hasRoom(waiting: number): boolean
  /** A peer was turned away, for want of room. */
  dropped(): void
  /** There is no room for more, or there is again. */
  full(isFull: boolean): void
}

/** Beyond it peers wait in the backlog of the system. */
const MOST_WAITING = 128
/** How often those that wait are looked at. */
const LOOK_MS = 200

const NOTHING: readonly Uint8Array[] = [Buffer.alloc(0)]

interface Guest {
  readonly stream: StreamHandle
  readonly controller: AbortController
  readonly accept: () => void
  timer: NodeJS.Timeout | null
}

export class WaitingRoom {
  readonly #options: WaitingRoomOptions
  readonly #guests = new Set<Guest>()
  #look: NodeJS.Timeout | null = null
  #isClosed = false

  constructor(options: WaitingRoomOptions) {
    this.#options = options
  }

  /** Checks a peer; `accept` where it is let in. Else its stream is closed here. */
  enter(stream: StreamHandle, accept: () => void): void {
    if (this.#isClosed || !this.#options.hasRoom(this.#guests.size)) {
      stream.close()
      if (!this.#isClosed) this.#options.dropped()
      return
    }
    const guest: Guest = { stream, controller: new AbortController(), accept, timer: null }
    const { timeoutMs } = this.#options
    if (timeoutMs > 0) guest.timer = setTimeout(() => this.#turnAway(guest), timeoutMs)
    guest.timer?.unref()
    this.#guests.add(guest)
    if (this.#guests.size === MOST_WAITING) this.#options.full(true)
    this.#look ??= this.#lookLater()
    void this.#check(guest)
  }

  async #check(guest: Guest): Promise<void> {
    let isAdmitted = false
    try {
      isAdmitted = (await this.#options.admit(guest.stream, guest.controller.signal)) === true
    } catch (error) {
      // A check that fails lets nobody in; that it failed is not to be overheard, unless nobody waits for it any more.
      if (this.#guests.has(guest)) throwLater(error)
    }
    if (!this.#leave(guest)) return
    if (!isAdmitted || hasHungUp(guest.stream)) {
      guest.stream.close()
      return
    }
    // The listener may be closed in between: then nobody accepts any more.
    nextTick(() => (this.#isClosed ? guest.stream.close() : guest.accept()))
  }

  /** False where it has left before. */
  #leave(guest: Guest): boolean {
    if (!this.#guests.delete(guest)) return false
    if (guest.timer !== null) clearTimeout(guest.timer)
    if (this.#guests.size === MOST_WAITING - 1) this.#options.full(false)
    return true
  }

  #turnAway(guest: Guest): void {
    if (!this.#leave(guest)) return
    guest.stream.close()
    guest.controller.abort(abortError())
  }

  #lookLater(): NodeJS.Timeout {
    const timer = setTimeout(() => {
      for (const guest of this.#guests) if (hasHungUp(guest.stream)) this.#turnAway(guest)
      this.#look = this.#guests.size > 0 ? this.#lookLater() : null
    }, LOOK_MS)
    timer.unref()
    return timer
  }

  /** Turns all away. */
  close(): void {
    this.#isClosed = true
    for (const guest of this.#guests) this.#turnAway(guest)
  }
}

// Nothing may be read of a peer that is not let in yet. Nothing, written to a local stream, fails where the other end is
// closed (unix(7): EPIPE), and does nothing else.
function hasHungUp(stream: StreamHandle): boolean {
  return stream.write(NOTHING, () => {}) < 0
}
