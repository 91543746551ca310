// The host's functions that test tools replace (fake timers, for one), kept as they were when this package was loaded. All
// of the package takes them from here. It knows nothing of what they are used for.

export const nextTick: typeof process.nextTick = process.nextTick.bind(process)
export const setImmediate: typeof globalThis.setImmediate = globalThis.setImmediate
export const setTimeout: typeof globalThis.setTimeout = globalThis.setTimeout
export const clearTimeout: typeof globalThis.clearTimeout = globalThis.clearTimeout
export const setInterval: typeof globalThis.setInterval = globalThis.setInterval
export const clearInterval: typeof globalThis.clearInterval = globalThis.clearInterval
export const random: () => number = Math.random
/** Milliseconds of a clock that is never set back. */
export const now: () => number = performance.now.bind(performance)

/** The longest delay that a timer takes. Source: https://nodejs.org/api/timers.html#settimeoutcallback-delay-args */
export const MAX_DELAY_MS: number = 2 ** 31 - 1
