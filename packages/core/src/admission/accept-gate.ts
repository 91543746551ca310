// Whether a server accepts: several may hold it back, and it accepts while none does. It knows the listener by `pause` and
// `resume`, and not who holds it back for what.
import type { ListenerHandle, Status } from '../transport/contract'

export class AcceptGate {
  readonly #holders = new Set<unknown>()
  #listener: ListenerHandle | null = null
  /** Nobody holds back the last connections before the listener closes. */
  #isForced = false

  /** The listener that this is the gate of from now on. Below 0 where it is to be held back and cannot be. */
  attach(listener: ListenerHandle): Status {
    this.#listener = listener
    this.#isForced = false
    return this.isHeld ? listener.pause() : 0
  }

  /** It is the gate of no listener; the one that it was of accepts. Who holds the gate holds the next one. */
  detach(): void {
    if (this.isHeld) this.#listener?.resume()
    this.#listener = null
    this.#isForced = false
  }

  /** Accepts, whoever holds it, until `detach`. */
  force(): void {
    if (this.isHeld) this.#listener?.resume()
    this.#isForced = true
  }

  get isHeld(): boolean {
    return this.#holders.size > 0 && !this.#isForced
  }

  /** Whether the listener can be held back at all: 0, or why not. */
  probe(): Status {
    const listener = this.#listener
    if (listener === null || this.isHeld) return 0
    const status = listener.pause()
    if (status >= 0) listener.resume()
    return status
  }

  /** Holds it back for `holder`. Below 0 where the listener cannot be held back; then `holder` does not hold it. */
  hold(holder: unknown): Status {
    const status = this.isHeld || this.#isForced ? 0 : (this.#listener?.pause() ?? 0)
    if (status >= 0) this.#holders.add(holder)
    return status
  }

  release(holder: unknown): void {
    if (this.#holders.delete(holder) && this.#holders.size === 0 && !this.#isForced) this.#listener?.resume()
  }
}
