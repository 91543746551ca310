// The process's time and chance, as code of a simulation sees them: virtual and seeded. Code outside of the simulation,
// a test beside it for one, goes on with the process's own: each call asks its async context. It knows which functions
// tell time, and leaves the time itself to the clock.
import { createRequire, syncBuiltinESMExports } from 'node:module'
import path from 'node:path'
import type timers from 'node:timers'
import type timerPromises from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Lookup } from '@x/core/transport'
import { packageFolder } from '../package-folder'
import type { OutsideWork } from './outside-work'
import type { Random } from './random'
import { type AnyFunction, Replacements, withProperties } from './replacements'
import type { VirtualClock } from './virtual-clock'
import { replaceCrypto } from './virtual-crypto'
import { replaceDateHeaders } from './virtual-dates'
import { replaceLookups } from './virtual-lookups'
import { virtualTimerPromises } from './virtual-timer-promises'
import { bindToLife, isLate, type World } from './world'

/** The modules as objects that may be written to: their ES faces are brought up to date afterwards. */
const require = createRequire(path.join(packageFolder, 'index.js'))
const timersModule = require('node:timers') as typeof timers
const promisesModule = require('node:timers/promises') as typeof timerPromises

/** A timer that was asked for by what is over: it never fires. */
const DEAD_TIMER_MS = 2 ** 31 - 1

/** What code of a simulation has in the place of the process's own. */
export interface VirtualGlobals {
  readonly world: World
  readonly clock: VirtualClock
  readonly lookup: Lookup
  readonly outside: OutsideWork
  /** A line of numbers, by its name. */
  chance(name: string): Random
}

/**
 * Puts time, chance and names before code of the simulation. Returns what takes them off. What is replaced and is called by
 * other code runs as before.
 */
export function installVirtualGlobals({ world, clock, lookup, outside, chance }: VirtualGlobals): () => void {
  const replacements = new Replacements(world)
  const promises = virtualTimerPromises(clock)
  for (const owner of [globalThis, timersModule]) {
    replaceTimers(owner as Pick<typeof globalThis, TimerName>, clock, replacements, promises)
  }
  replacePromises(replacements, promises)
  replacements.replace(globalThis, 'queueMicrotask', real => replacements.either(guarded(real, world))(real))
  replaceTime(replacements, clock)
  const random = chance('Math.random')
  replacements.replace(
    Math,
    'random',
    replacements.either(() => random.next()),
  )
  replaceCrypto(replacements, chance('crypto'), () => clock.dateMs)
  replaceLookups(replacements, lookup)
  replaceDateHeaders(replacements, () => clock.dateMs)
  replaceCompiling(replacements, outside)
  syncBuiltinESMExports()
  return () => {
    replacements.restore()
    syncBuiltinESMExports()
  }
}

type AsyncFunction = (...args: never[]) => Promise<unknown>

/** Compiles in threads of V8, of which no resource tells. */
function replaceCompiling(replacements: Replacements, outside: OutsideWork): void {
  const { WebAssembly: owner = {} } = globalThis as { WebAssembly?: Record<string, AsyncFunction> }
  for (const name of ['compile', 'instantiate', 'compileStreaming', 'instantiateStreaming']) {
    if (typeof owner[name] !== 'function') continue
    replacements.replace(owner, name, real => {
      const awaited = (...args: never[]) => outside.until(name, real(...args))
      return replacements.either(awaited)(real)
    })
  }
}

type VirtualPromises = ReturnType<typeof virtualTimerPromises>

function replacePromises(replacements: Replacements, promises: VirtualPromises): void {
  const { setTimeout, setInterval, wait } = promises
  replacements.replace(
    promisesModule,
    'setTimeout',
    replacements.either(setTimeout as typeof timerPromises.setTimeout),
  )
  replacements.replace(
    promisesModule,
    'setInterval',
    replacements.either(setInterval as typeof timerPromises.setInterval),
  )
  replacements.replace(
    promisesModule,
    'scheduler',
    real =>
      Object.create(real, {
        wait: { value: replacements.either(wait as typeof real.wait)(real.wait.bind(real)), writable: true },
      }) as typeof real,
  )
}

function replaceTime(replacements: Replacements, clock: VirtualClock): void {
  const nowMs = () => (replacements.isInside ? clock.nowMs : null)
  const dateMs = () => (replacements.isInside ? clock.dateMs : null)
  replacements.replace(globalThis, 'Date', real => virtualDate(real, dateMs))
  replacements.replace(
    globalThis.performance,
    'now',
    replacements.either(() => clock.nowMs),
  )
  replacements.replace(process, 'hrtime', real => virtualHrtime(real, nowMs))
  replacements.replace(
    process,
    'uptime',
    replacements.either(() => clock.nowMs / 1000),
  )
  replacements.replace(
    AbortSignal,
    'timeout',
    replacements.either((ms: number) => virtualAbortTimeout(clock, ms)),
  )
  const { Temporal } = globalThis as { Temporal?: TemporalLike }
  if (Temporal) replaceTemporal(replacements, Temporal, clock)
}

type Zoned = (zone?: unknown) => unknown

interface TemporalLike {
  readonly Now: Record<string, Zoned>
  readonly Instant: {
    fromEpochMilliseconds(ms: number): { toZonedDateTimeISO(zone: unknown): Record<string, Zoned> }
  }
}

/** `Temporal.Now`, of Node 26 and later. */
function replaceTemporal(replacements: Replacements, Temporal: TemporalLike, clock: VirtualClock): void {
  const { Now, Instant } = Temporal
  const instant = () => Instant.fromEpochMilliseconds(clock.dateMs)
  const zoned = (zone?: unknown) => instant().toZonedDateTimeISO(zone ?? Now['timeZoneId']?.())
  const virtual: Readonly<Record<string, Zoned>> = {
    instant,
    zonedDateTimeISO: zoned,
    plainDateTimeISO: zone => zoned(zone)['toPlainDateTime']?.(),
    plainDateISO: zone => zoned(zone)['toPlainDate']?.(),
    plainTimeISO: zone => zoned(zone)['toPlainTime']?.(),
  }
  for (const [name, now] of Object.entries(virtual)) replacements.replace(Now, name, replacements.either(now))
}

type TimerName = 'setTimeout' | 'clearTimeout' | 'setInterval' | 'clearInterval' | 'setImmediate'

function replaceTimers(
  owner: Pick<typeof globalThis, TimerName>,
  clock: VirtualClock,
  replacements: Replacements,
  promises: VirtualPromises,
): void {
  const alive = (ms: number | undefined) => (isLate() ? DEAD_TIMER_MS : ms)
  replacements.replace(owner, 'setTimeout', real => {
    const virtual = (callback: () => void, ms?: number, ...args: unknown[]) =>
      clock.setTimeout(callback, alive(ms), ...args)
    const both = replacements.either(virtual as unknown as typeof real)(real)
    const promised = replacements.either(promises.setTimeout as AnyFunction)(
      Reflect.get(real, promisify.custom),
    )
    Object.defineProperty(both, promisify.custom, { value: promised, configurable: true })
    return both
  })
  const virtualInterval = (callback: () => void, ms?: number, ...args: unknown[]) =>
    clock.setInterval(callback, alive(ms), ...args)
  replacements.replace(
    owner,
    'setInterval',
    replacements.either(virtualInterval as unknown as typeof setInterval),
  )
  // Who clears a timer may be another than who set it.
  for (const name of ['clearTimeout', 'clearInterval'] as const) {
    replacements.replace(owner, name, real =>
      withProperties(real, (timer =>
        clock.has(timer) ? clock.clearTimeout(timer as never) : real(timer)) as typeof real),
    )
  }
  replacements.replace(owner, 'setImmediate', real => {
    const virtual = (callback: (...args: unknown[]) => void, ...args: unknown[]) =>
      real(typeof callback === 'function' ? bindToLife(callback) : callback, ...args)
    return replacements.either(virtual as unknown as typeof real)(real)
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
