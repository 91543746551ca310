// Functions in the place of others while a simulation runs, for its code alone, and taken off afterwards. It knows whose
// code calls, and nothing of what the functions do.
import { currentWorld, type World } from './world'

export type AnyFunction = (...args: never[]) => unknown

/** What stands in the place of something else for one simulation. */
export class Replacements {
  /** The simulation that they are for. */
  readonly world: World
  readonly #restores: (() => void)[] = []

  constructor(world: World) {
    this.world = world
  }

  /** True for code of the simulation. */
  get isInside(): boolean {
    return currentWorld() === this.world
  }

  /** Puts something in the place of a property; what is there is given to `make`. */
  replace<T extends object, K extends keyof T>(owner: T, name: K, make: (real: T[K]) => T[K]): void {
    const descriptor = Object.getOwnPropertyDescriptor(owner, name)
    Object.defineProperty(owner, name, {
      value: make(owner[name]),
      configurable: true,
      writable: true,
      enumerable: descriptor?.enumerable ?? true,
    })
    this.#restores.push(() => {
      if (descriptor) Object.defineProperty(owner, name, descriptor)
      else Reflect.deleteProperty(owner, name)
    })
  }

  /** A virtual function for code of the simulation; all other code has the real one, with its `this`. */
  either<F extends AnyFunction>(virtual: F): (real: F) => F {
    const isInside = () => this.isInside
    return real => {
      const both = function (this: unknown, ...args: never[]) {
        return Reflect.apply(isInside() ? virtual : real, this, args)
      }
      return withProperties(real, both as F)
    }
  }

  /** Everything is as it was before. */
  restore(): void {
    for (const restore of this.#restores.splice(0).reverse()) restore()
  }
}

/** A function that looks like another. */
export function withProperties<F extends AnyFunction>(real: F, replacement: F): F {
  for (const key of Reflect.ownKeys(real)) {
    if (key === 'prototype') continue
    const descriptor = Object.getOwnPropertyDescriptor(real, key) as PropertyDescriptor
    Object.defineProperty(replacement, key, { ...descriptor, configurable: true })
  }
  return replacement
}
