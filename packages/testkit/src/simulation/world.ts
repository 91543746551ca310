// To which simulation, and to which host of it, the running code belongs: its async context says so. It knows worlds and
// lives, and nothing of what they run.
import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks'

/** One simulation, from its start to its end. */
export interface World {
  isOver: boolean
  /** An error that no code of the simulation caught. */
  fail(error: unknown): void
}

/** One run of a host's software, from start to crash. */
export interface HostLife {
  isOver: boolean
  readonly host: object
}

interface Place {
  readonly world: World
  readonly life: HostLife | undefined
}

const current = new AsyncLocalStorage<Place | undefined>()

/** The simulation that the running code belongs to, over or not; undefined for code outside of any. */
export function currentWorld(): World | undefined {
  return current.getStore()?.world
}

/** The life that the running code belongs to, if any. */
export function currentLife(): HostLife | undefined {
  return current.getStore()?.life
}

/** True where the running code belongs to something that has ended. */
export function isLate(): boolean {
  const place = current.getStore()
  return place !== undefined && (place.world.isOver || place.life?.isOver === true)
}

/** Runs code, and all that follows from it, as part of a simulation, and of no host. */
export function runInWorld<T>(world: World, code: () => T): T {
  return current.run({ world, life: undefined }, code)
}

/** Runs code, and all that follows from it, as part of a life in the present simulation. */
export function runInLife<T>(life: HostLife | undefined, code: () => T): T {
  const world = currentWorld()
  return world ? current.run({ world, life }, code) : code()
}

/** Runs code as part of no simulation. */
export function runOutside<T>(code: () => T): T {
  return current.run(undefined, code)
}

/** A callback that keeps the caller's context, and is silent once the caller's host has died or its simulation is over. */
export function bindToLife<A extends unknown[]>(callback: (...args: A) => void): (...args: A) => void {
  const place = current.getStore()
  const resource = new AsyncResource('X_SIMULATED_TIMER')
  return (...args) => {
    if (!place?.life?.isOver && !place?.world.isOver) resource.runInAsyncScope(callback, null, ...args)
  }
}
