// The host's functions that test tools replace (fake timers, for one), kept as they were when this package was loaded.
// All of the package takes them from here. It knows nothing of what they are used for.

/** `process.nextTick`. */
export const nextTick: typeof process.nextTick = process.nextTick.bind(process)

export const setTimeout: typeof globalThis.setTimeout = globalThis.setTimeout
export const clearTimeout: typeof globalThis.clearTimeout = globalThis.clearTimeout
export const setInterval: typeof globalThis.setInterval = globalThis.setInterval
export const clearInterval: typeof globalThis.clearInterval = globalThis.clearInterval
export const setImmediate: typeof globalThis.setImmediate = globalThis.setImmediate
export const clearImmediate: typeof globalThis.clearImmediate = globalThis.clearImmediate

/** Milliseconds that only ever grow. */
export const monotonicMs: () => number = performance.now.bind(performance)

const hrtime: () => bigint = process.hrtime.bigint.bind(process.hrtime)

/** Microseconds of the system's monotonic clock (CLOCK_MONOTONIC on Linux), as other processes see it. */
export function systemMicroseconds(): bigint {
  return hrtime() / 1000n
}

/** Done after so many milliseconds. */
export function delay(ms: number): Promise<void> {
  return new Promise(resolve => {
    setTimeout(resolve, ms)
  })
}

/** Throws the error in a turn of its own, where it reaches `uncaughtException` and costs nothing else. */
export function throwLater(error: unknown): void {
  nextTick(() => {
    throw error
  })
}
