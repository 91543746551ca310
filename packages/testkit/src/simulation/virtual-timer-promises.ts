// `node:timers/promises` on a virtual clock. It knows the forms of Node's functions, and no simulation.
import { abortError } from '@x/core/internal'
import type { Timer } from '@x/core/transport'
import type { VirtualClock } from './virtual-clock'

interface Options {
  readonly signal?: AbortSignal
}

/** The functions of `node:timers/promises` that wait. */
export function virtualTimerPromises(clock: VirtualClock) {
  const wait = <T>(ms: number | undefined, value: T, { signal }: Options = {}): Promise<T> =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(abortError(signal.reason))
      let timer: Timer | null = null
      const onAbort = () => {
        if (timer) clock.clearTimeout(timer)
        reject(abortError(signal?.reason))
      }
      timer = clock.setTimeout(() => {
        signal?.removeEventListener('abort', onAbort)
        resolve(value)
      }, ms)
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  return {
    setTimeout: <T>(ms?: number, value?: T, options?: Options) => wait(ms, value, options),
    wait: (ms?: number, options?: Options) => wait(ms, undefined, options),
    /** Ticks that nobody was waiting for are given out one after the other, as Node does. */
    async *setInterval<T>(ms?: number, value?: T, { signal }: Options = {}): AsyncGenerator<T | undefined> {
      let ticks = 0
      let wake = () => {}
      const timer = clock.setInterval(() => {
        ticks++
        wake()
      }, ms)
      const onAbort = () => wake()
      signal?.addEventListener('abort', onAbort, { once: true })
      try {
        for (;;) {
          if (signal?.aborted) throw abortError(signal.reason)
          for (; ticks > 0; ticks--) yield value
          await new Promise<void>(resolve => {
            wake = resolve
          })
        }
      } finally {
        clock.clearTimeout(timer)
        signal?.removeEventListener('abort', onAbort)
      }
    },
  }
}
