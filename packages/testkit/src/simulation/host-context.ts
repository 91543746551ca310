// Which simulated host the running code belongs to. It knows lives, and nothing of what they run.
import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks'

/** One run of a host's software, from start to crash. */
export interface HostLife {
  isOver: boolean
  readonly host: object
}

const current = new AsyncLocalStorage<HostLife | undefined>()

/** The life that the running code belongs to, if any. */
export function currentLife(): HostLife | undefined {
  return current.getStore()
}

/** Runs code, and all that follows from it, as part of a life. */
export function runInLife<T>(life: HostLife | undefined, code: () => T): T {
  return current.run(life, code)
}

/** A callback that keeps the caller's context, and is silent once the caller's host has died. */
export function bindToLife<A extends unknown[]>(callback: (...args: A) => void): (...args: A) => void {
  const life = current.getStore()
  const resource = new AsyncResource('X_SIMULATED_TIMER')
  return (...args) => {
    if (!life?.isOver) resource.runInAsyncScope(callback, null, ...args)
  }
}
