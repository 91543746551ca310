// Connections that have not sent a byte: until when each has to, and how many there may be. It drops none itself.
import { setImmediate } from '../host'
import type { Socket } from '../socket/index'
import { kState } from '../socket/state'
import type { Clock, Timer } from '../transport/contract'
import type { AdmissionRules, DropReason } from './options'

/** What drops a connection, and why. */
export type Dropper = (socket: Socket, reason: DropReason) => void

export class SilentWatch {
  readonly #clock: Clock
  readonly #firstByteMs: number
  readonly #maxSilent: number
  readonly #drop: Dropper
  /** Until when each has to send, the soonest first. */
  readonly #silent = new Map<Socket, number>()
  #timer: Timer | null = null

  constructor(clock: Clock, { firstByteMs, maxSilent }: AdmissionRules, drop: Dropper) {
    this.#clock = clock
    this.#firstByteMs = firstByteMs
    this.#maxSilent = maxSilent
    this.#drop = drop
  }

  add(socket: Socket): void {
    this.#silent.set(socket, this.#clock.now() + this.#firstByteMs)
    if (this.#silent.size > this.#maxSilent) this.#makeRoom(socket)
    this.#wait()
  }

  remove(socket: Socket): void {
    this.#silent.delete(socket)
    if (this.#silent.size === 0) this.#stop()
  }

  /** Forgets one that has spoken meanwhile, else drops the oldest that the program reads from. */
  #makeRoom(newest: Socket): void {
    let oldest: Socket | null = null
    for (const socket of this.#silent.keys()) {
      if (socket.bytesRead > 0) {
        this.#silent.delete(socket)
        return
      }
      if (oldest === null && socket !== newest && isReading(socket)) oldest = socket
    }
    if (oldest === null) return
    this.#silent.delete(oldest)
    this.#drop(oldest, 'max-silent')
  }

  #wait(): void {
    const [first] = this.#silent.values()
    if (this.#timer !== null || first === undefined || first === Number.POSITIVE_INFINITY) return
    this.#timer = this.#clock.setTimeout(
      () => {
        this.#timer = null
        // What came while the process was stopped, or busy, is read first.
        setImmediate(() => this.#look())
      },
      Math.max(1, first - this.#clock.now()),
    )
    this.#timer.unref()
  }

  #look(): void {
    const nowMs = this.#clock.now()
    const late: Socket[] = []
    for (const [socket, untilMs] of this.#silent) {
      if (untilMs > nowMs) break
      this.#silent.delete(socket)
      if (socket.bytesRead > 0) continue
      if (isReading(socket)) late.push(socket)
      // The program does not read: nobody knows what has come.
      else this.#silent.set(socket, nowMs + this.#firstByteMs)
    }
    this.#wait()
    for (const socket of late) this.#drop(socket, 'first-byte')
  }

  #stop(): void {
    if (this.#timer !== null) this.#clock.clearTimeout(this.#timer)
    this.#timer = null
  }
}

/** Whether bytes that come are read. */
export function isReading(socket: Socket): boolean {
  const { phase } = socket[kState]
  return phase.kind === 'connected' && phase.isReading
}
