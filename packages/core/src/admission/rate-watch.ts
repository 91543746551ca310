// Connections that move too few bytes, looked at once for each window. It drops none itself.
import { setImmediate } from '../host'
import type { Socket } from '../socket/index'
import { kState } from '../socket/state'
import type { Clock, Timer } from '../transport/contract'
import type { AdmissionRules } from './options'
import { type Dropper, isReading } from './silent-watch'

export class RateWatch {
  readonly #clock: Clock
  readonly #leastBytes: number
  readonly #windowMs: number
  readonly #drop: Dropper
  /** Bytes moved at the last look; undefined for those that came since. */
  readonly #moved = new Map<Socket, number | undefined>()
  #timer: Timer | null = null

  constructor(clock: Clock, { leastBytes, windowMs }: AdmissionRules, drop: Dropper) {
    this.#clock = clock
    this.#leastBytes = leastBytes
    this.#windowMs = windowMs
    this.#drop = drop
  }

  add(socket: Socket): void {
    this.#moved.set(socket, undefined)
    if (this.#timer === null) this.#openWindow()
  }

  remove(socket: Socket): void {
    this.#moved.delete(socket)
    if (this.#moved.size > 0 || this.#timer === null) return
    this.#clock.clearTimeout(this.#timer)
    this.#timer = null
  }

  #openWindow(): void {
    const endsAt = this.#clock.now() + this.#windowMs
    this.#timer = this.#clock.setTimeout(() => {
      // Of a process that was stopped, or busy, a window says nothing about its peers.
      const isMeaningful = this.#clock.now() < endsAt + this.#windowMs / 2
      setImmediate(() => this.#look(isMeaningful))
    }, this.#windowMs)
    this.#timer.unref()
  }

  #look(isMeaningful: boolean): void {
    this.#timer = null
    const slow: Socket[] = []
    for (const [socket, before] of this.#moved) {
      const { phase } = socket[kState]
      if (phase.kind !== 'connected') continue
      const { handle } = phase
      const moved = handle.bytesRead + handle.bytesWritten
      const isOurs = !isReading(socket) && handle.writeQueueSize === 0
      if (isMeaningful && !isOurs && before !== undefined && moved - before < this.#leastBytes)
        slow.push(socket)
      this.#moved.set(socket, moved)
    }
    if (this.#moved.size > 0) this.#openWindow()
    for (const socket of slow) this.#drop(socket, 'least-rate')
  }
}
