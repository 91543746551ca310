// The time of a memory network: the host's, but that nothing of the network is late for it. A time-out comes after all that
// had happened on the network by then, however long the process was busy. It knows no network.
import type { Clock, Timer } from '@x/core/transport'
import { clearTimeout, hostNowMs, setImmediate, setTimeout } from '../host'
import { loop } from './loop-turns'

class MemoryTimer implements Timer {
  readonly #timer: NodeJS.Timeout
  #isCleared = false
  #fires = 0

  constructor(callback: () => void, ms: number) {
    this.#timer = setTimeout(() => {
      const fires = ++this.#fires
      // Behind the turns that the network has asked for already.
      setImmediate(() => {
        if (this.#isCleared || fires !== this.#fires) return
        loop.beginTimers()
        callback()
      })
    }, ms)
  }

  clear(): void {
    this.#isCleared = true
    clearTimeout(this.#timer)
  }

  refresh(): void {
    this.#fires++
    this.#timer.refresh()
  }

  ref(): void {
    this.#timer.ref()
  }

  unref(): void {
    this.#timer.unref()
  }
}

/** The clock of all memory networks. */
export const memoryClock: Clock = {
  now: hostNowMs,
  setTimeout: (callback, ms) => new MemoryTimer(callback, ms),
  clearTimeout: timer => (timer as MemoryTimer).clear(),
}
