// The process's time and chance, as code of a simulation sees them: virtual and seeded. Code outside of the simulation,
// a test beside it for one, goes on with the process's own: each call asks its async context. It knows which functions
// tell time, and leaves the time itself to the clock.
import { createRequire, syncBuiltinESMExports } from 'node:module'
import type timers from 'node:timers'
import type timerPromises from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Random } from './random'
import type { VirtualClock } from './virtual-clock'
import { virtualTimerPromises } from './virtual-timer-promises'
import { bindToLife, currentWorld, isLate, type World } from './world'

type AnyFunction = (...args: never[]) => unknown

/** The modules as objects that may be written to: their ES faces are brought up to date afterwards. */
const require = createRequire(__filename)
const timersModule = require('node:timers') as typeof timers
const promisesModule = require('node:timers/promises') as typeof timerPromises

/** A timer that was asked for by what is over: it never fires. */
const DEAD_TIMER_MS = 2 ** 31 - 1

/**
 * Puts the clock and the chance before code of `world`. Returns what takes them off. What is named and does not belong
 * to the simulation runs as before.
 */
export function installVirtualGlobals(world: World, clock: VirtualClock, random: Random): () => void {
  const restores: (() => void)[] = []
  const isInside = () => currentWorld() === world
  const replace = <T extends object, K extends keyof T>(owner: T, name: K, make: (real: T[K]) => T[K]) => {
    const descriptor = Object.getOwnPropertyDescriptor(owner, name)
    Object.defineProperty(owner, name, {
      value: make(owner[name]),
      configurable: true,
      writable: true,
      enumerable: descriptor?.enumerable ?? true,
    })
    restores.unshift(() => {
      if (descriptor) Object.defineProperty(owner, name, descriptor)
      else Reflect.deleteProperty(owner, name)
    })
  }
  /** The virtual function for code of the simulation, the real one for all other. */
  const either = <F extends AnyFunction>(virtual: F): ((real: F) => F) => {
    return real => withProperties(real, ((...args: never[]) => (isInside() ? virtual : real)(...args)) as F)
  }

  const promises = virtualTimerPromises(clock)
  for (const owner of [globalThis, timersModule]) {
    replaceTimers(owner as Pick<typeof globalThis, TimerName>, clock, { replace, either, promises })
  }
  replace(promisesModule, 'setTimeout', either(promises.setTimeout as typeof timerPromises.setTimeout))
  replace(promisesModule, 'setInterval', either(promises.setInterval as typeof timerPromises.setInterval))
  replace(
    promisesModule,
    'scheduler',
    real =>
      Object.create(real, {
        wait: { value: either(promises.wait as typeof real.wait)(real.wait.bind(real)), writable: true },
      }) as typeof real,
  )
  replace(globalThis, 'queueMicrotask', real => either(guarded(real, world))(real))
  replace(globalThis, 'Date', real => virtualDate(real, () => (isInside() ? clock.dateMs : null)))
  replace(
    globalThis.performance,
    'now',
    either(() => clock.nowMs),
  )
  replace(process, 'hrtime', real => virtualHrtime(real, () => (isInside() ? clock.nowMs : null)))
  replace(
    Math,
    'random',
    either(() => random.next()),
  )
  replace(
    AbortSignal,
    'timeout',
    either((ms: number) => virtualAbortTimeout(clock, ms)),
  )
  syncBuiltinESMExports()
  return () => {
    for (const restore of restores) restore()
    syncBuiltinESMExports()
  }
}

type TimerName = 'setTimeout' | 'clearTimeout' | 'setInterval' | 'clearInterval' | 'setImmediate'

interface Replacing {
  replace<T extends object, K extends keyof T>(owner: T, name: K, make: (real: T[K]) => T[K]): void
  either<F extends AnyFunction>(virtual: F): (real: F) => F
  readonly promises: ReturnType<typeof virtualTimerPromises>
}

function replaceTimers(
  owner: Pick<typeof globalThis, TimerName>,
  clock: VirtualClock,
  { replace, either, promises }: Replacing,
): void {
  const alive = (ms: number | undefined) => (isLate() ? DEAD_TIMER_MS : ms)
  replace(owner, 'setTimeout', real => {
    const virtual = (callback: () => void, ms?: number, ...args: unknown[]) =>
      clock.setTimeout(callback, alive(ms), ...args)
    const both = either(virtual as unknown as typeof real)(real)
    const promised = either(promises.setTimeout as AnyFunction)(Reflect.get(real, promisify.custom))
    Object.defineProperty(both, promisify.custom, { value: promised, configurable: true })
    return both
  })
  const virtualInterval = (callback: () => void, ms?: number, ...args: unknown[]) =>
    clock.setInterval(callback, alive(ms), ...args)
  replace(owner, 'setInterval', either(virtualInterval as unknown as typeof setInterval))
  // Who clears a timer may be another than who set it.
  for (const name of ['clearTimeout', 'clearInterval'] as const) {
    replace(owner, name, real =>
      withProperties(real, (timer =>
        clock.has(timer) ? clock.clearTimeout(timer as never) : real(timer)) as typeof real),
    )
  }
  replace(owner, 'setImmediate', real => {
    const virtual = (callback: (...args: unknown[]) => void, ...args: unknown[]) =>
      real(typeof callback === 'function' ? bindToLife(callback) : callback, ...args)
    return either(virtual as unknown as typeof real)(real)
  })
}

/** Before Node 24 what a microtask throws has no context: here it is still known whose it is. */
function guarded(real: typeof queueMicrotask, world: World): typeof queueMicrotask {
  return callback =>
    real(
      typeof callback !== 'function'
        ? callback
        : () => {
            try {
              callback()
            } catch (error) {
              if (!isLate()) world.fail(error)
            }
          },
    )
}

/** A function that looks like another. */
function withProperties<F extends AnyFunction>(real: F, replacement: F): F {
  for (const key of Reflect.ownKeys(real)) {
    if (key === 'prototype') continue
    const descriptor = Object.getOwnPropertyDescriptor(real, key) as PropertyDescriptor
    Object.defineProperty(replacement, key, { ...descriptor, configurable: true })
  }
  return replacement
}

/** `Date` as it is, but for the present moment. */
function virtualDate(real: DateConstructor, nowMs: () => number | null): DateConstructor {
  return new Proxy(real, {
    apply: (target, self, args) => {
      const now = nowMs()
      return now === null ? Reflect.apply(target, self, args) : new target(now).toString()
    },
    construct: (target, args, newTarget) => {
      const now = args.length === 0 ? nowMs() : null
      return Reflect.construct(target, now === null ? args : [now], newTarget as new () => object) as object
    },
    get: (target, name, receiver) => {
      if (name === 'now') return () => nowMs() ?? target.now()
      return Reflect.get(target, name, receiver) as unknown
    },
  })
}

function virtualHrtime(real: NodeJS.HRTime, nowMs: () => number | null): NodeJS.HRTime {
  const hrtime = (since?: [number, number]): [number, number] => {
    const now = nowMs()
    if (now === null) return real(since)
    const nanoseconds = Math.round(now * 1e6) - (since ? since[0] * 1e9 + since[1] : 0)
    return [Math.floor(nanoseconds / 1e9), nanoseconds % 1e9]
  }
  const bigint = () => {
    const now = nowMs()
    return now === null ? real.bigint() : BigInt(Math.round(now * 1e6))
  }
  return Object.assign(hrtime, { bigint })
}

function virtualAbortTimeout(clock: VirtualClock, ms: number): AbortSignal {
  const abort = new AbortController()
  const reason = () => new DOMException('The operation was aborted due to timeout', 'TimeoutError')
  clock.setTimeout(() => abort.abort(reason()), ms)
  return abort.signal
}
