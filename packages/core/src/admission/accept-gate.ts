// Whether a server accepts: several may hold it back, and it accepts while none does. It knows the listener by `pause` and
// `resume`, and not who holds it back for what.
import type { ListenerHandle, Status } from '../transport/contract'

export class AcceptGate {
  readonly #holders = new Set<unknown>()
  #listener: ListenerHandle | null = null

  /** The listener that this is the gate of from now on. Below 0 where it is to be held back and cannot be. */
  attach(listener: ListenerHandle): Status {
    this.#listener = listener
    return this.isHeld ? listener.pause() : 0
  }

  /** The listener is closed. Who holds the gate holds the next one. */
  detach(): void {
    this.#listener = null
  }

  get isHeld(): boolean {
    return this.#holders.size > 0
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
    const status = this.isHeld ? 0 : (this.#listener?.pause() ?? 0)
    if (status >= 0) this.#holders.add(holder)
    return status
  }

  release(holder: unknown): void {
    if (this.#holders.delete(holder) && !this.isHeld) this.#listener?.resume()
  }
}
