// The end of a server without the loss of a connection: accepting stops, what is idle is ended, and what is left at the
// deadline is reset. It knows the server by the face below.
import { abortError } from '../errors/codes'
import { setImmediate } from '../host'
import type { Socket } from '../socket/index'
import { dropSocket } from '../socket/life-cycle'
import type { StatefulDuplex } from '../socket/state'
import { callEach } from '../transport/call-each'
import type { Clock, Timer } from '../transport/contract'
import type { DrainProgress, DrainReport, DrainTimes } from './options'
import { QuietWatch } from './quiet-watch'

/** A server as its drain sees it. */
export interface Drainable {
  readonly clock: Clock
  /** The open connections that the program has, the oldest first. */
  sockets(): Socket[]
  /** Drops connections that the program does not have yet: their PROXY header has not come. */
  abandonWaiting(): void
  /** How many connections are open, those that wait with them. */
  readonly open: number
  /** How many connections there have been. */
  readonly accepted: number
  /** Lets in what waits in the backlog, whatever holds the listener back. */
  acceptAll(): void
  /** Whether accepting waits for descriptors. */
  isShort(): boolean
  /** Closes the listener; nothing happens where there is none. */
  stopAccepting(): void
  /** Tells the program how far the drain is, if it listens. */
  tell(progress: () => DrainProgress): void
  /** The drain is over, or was given up. */
  over(): void
}

interface Caller {
  resolve(report: DrainReport): void
  reject(error: Error): void
  leave(): void
}

/**
 * Connections that wait in the backlog would be reset with the listener, so they are accepted first, until a turn of the
 * event loop brings none. Linux lets so many wait (`net.core.somaxconn`); more than that is a flood, and is cut off.
 */
const MOST_LAST = 4096
const LONGEST_TIMER_MS = 2 ** 31 - 1
/** Longer than the listener waits between two tries. */
const SHORTAGE_LOOK_MS = 250

export class Drain {
  readonly #server: Drainable
  readonly #startedAt: number
  readonly #callers = new Set<Caller>()
  readonly #ended = new Set<Socket>()
  readonly #quiet: QuietWatch
  #phase: 'accepting' | 'waiting' | 'forcing' | 'over' = 'accepting'
  #deadlineAt = Number.POSITIVE_INFINITY
  #deadline: Timer | null = null
  #look: Timer | null = null
  #shortageLook: Timer | null = null
  #finished = 0
  #idle = 0
  #forced = 0
  #isTelling = false

  constructor(server: Drainable, idleMs: number) {
    this.#server = server
    this.#startedAt = server.clock.now()
    this.#quiet = new QuietWatch(idleMs)
    const { accepted } = server
    callEach([() => server.acceptAll()])
    this.#acceptLast(accepted + MOST_LAST, -1)
    if (idleMs !== Number.POSITIVE_INFINITY) this.#lookForIdle()
    this.#tell()
  }

  /** One more caller waits for the end. Its deadline counts where it is earlier than those before. */
  join({ deadlineMs, signal }: DrainTimes): Promise<DrainReport> {
    this.#setDeadline(this.#server.clock.now() + deadlineMs)
    return new Promise((resolve, reject) => {
      const abort = () => this.#giveUp(caller, signal?.reason)
      const leave = () => signal?.removeEventListener('abort', abort)
      const caller: Caller = { resolve, reject, leave }
      this.#callers.add(caller)
      signal?.addEventListener('abort', abort, { once: true })
    })
  }

  /** The server has one connection less. */
  connectionEnded(socket: Socket): void {
    this.#quiet.forget(socket)
    if (this.#phase === 'over') return
    if (this.#phase === 'forcing') this.#forced++
    else if (this.#ended.delete(socket)) this.#idle++
    else this.#finished++
    this.#tell()
    this.settleIfEmpty()
  }

  /** Closes the listener after a turn of the event loop that brought no connection. */
  #acceptLast(most: number, acceptedBefore: number): void {
    setImmediate(() => {
      if (this.#phase !== 'accepting') return
      const { accepted } = this.#server
      // Never in the first turn, of which a part has gone by.
      if (accepted !== acceptedBefore && accepted < most) return this.#acceptLast(most, accepted)
      if (accepted < most && this.#server.isShort()) {
        const look = () => this.#acceptLast(most, accepted)
        this.#shortageLook = this.#server.clock.setTimeout(look, SHORTAGE_LOOK_MS)
        return
      }
      this.#phase = 'waiting'
      callEach([() => this.#server.stopAccepting()])
      this.settleIfEmpty()
    })
  }

  #setDeadline(atMs: number): void {
    if (atMs >= this.#deadlineAt) return
    this.#deadlineAt = atMs
    this.#waitForDeadline()
  }

  #waitForDeadline(): void {
    const { clock } = this.#server
    if (this.#deadline !== null) clock.clearTimeout(this.#deadline)
    const leftMs = Math.max(0, this.#deadlineAt - clock.now())
    this.#deadline = clock.setTimeout(
      () => {
        if (leftMs > LONGEST_TIMER_MS) this.#waitForDeadline()
        else this.#force()
      },
      Math.min(leftMs, LONGEST_TIMER_MS),
    )
  }

  #lookForIdle(): void {
    if (this.#phase === 'over') return
    const nowMs = this.#server.clock.now()
    const idle = this.#server.sockets().filter(socket => !this.#ended.has(socket))
    const found = idle.filter(socket => this.#quiet.isIdle(socket, nowMs))
    for (const socket of found) this.#ended.add(socket)
    this.#look = this.#server.clock.setTimeout(() => this.#lookForIdle(), this.#quiet.intervalMs)
    // The socket of a subclass may throw.
    callEach(found.map(socket => () => void socket.end()))
  }

  /** Resets what is left. */
  #force(): void {
    if (this.#phase === 'over') return
    const wasAccepting = this.#phase === 'accepting'
    this.#phase = 'forcing'
    if (wasAccepting) callEach([() => this.#server.stopAccepting()])
    callEach([() => this.#server.abandonWaiting()])
    callEach(this.#server.sockets().map(socket => () => dropSocket(socket as unknown as StatefulDuplex)))
    // A socket whose `destroy` was replaced may still be there; it holds nobody up.
    setImmediate(() => this.#settle())
  }

  /** Ends where nothing is left to wait for. */
  settleIfEmpty(): void {
    if (this.#phase !== 'accepting' && this.#server.open === 0) this.#settle()
  }

  #settle(): void {
    if (this.#phase === 'over') return
    this.#forced += this.#phase === 'forcing' ? this.#server.open : 0
    this.#stop()
    const report: DrainReport = {
      finished: this.#finished,
      idle: this.#idle,
      forced: this.#forced,
      durationMs: Math.round(this.#server.clock.now() - this.#startedAt),
    }
    for (const caller of this.#callers) {
      caller.leave()
      caller.resolve(report)
    }
    this.#callers.clear()
  }

  #giveUp(caller: Caller, reason: unknown): void {
    this.#callers.delete(caller)
    caller.leave()
    caller.reject(abortError(reason))
    if (this.#callers.size > 0 || this.#phase === 'over') return
    const wasAccepting = this.#phase === 'accepting'
    this.#stop()
    if (wasAccepting) callEach([() => this.#server.stopAccepting()])
  }

  #stop(): void {
    const { clock } = this.#server
    this.#phase = 'over'
    if (this.#deadline !== null) clock.clearTimeout(this.#deadline)
    if (this.#look !== null) clock.clearTimeout(this.#look)
    if (this.#shortageLook !== null) clock.clearTimeout(this.#shortageLook)
    this.#server.over()
  }

  /** Once for each turn, however many connections end in it. */
  #tell(): void {
    if (this.#isTelling) return
    this.#isTelling = true
    setImmediate(() => {
      this.#isTelling = false
      this.#server.tell(() => this.#progress())
    })
  }

  #progress(): DrainProgress {
    return {
      open: this.#server.open,
      finished: this.#finished,
      idle: this.#idle,
      forced: this.#forced,
      remainingMs: Math.max(0, this.#deadlineAt - this.#server.clock.now()),
    }
  }
}
