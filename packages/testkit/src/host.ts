// The host's functions that test tools replace (fake timers, for one), kept as they were when this package was loaded.
// The testkit's own waiting goes by these, so that it goes on under a replaced clock. It knows nothing of their use.

export const setImmediate: typeof globalThis.setImmediate = globalThis.setImmediate
export const setTimeout: typeof globalThis.setTimeout = globalThis.setTimeout
export const clearTimeout: typeof globalThis.clearTimeout = globalThis.clearTimeout

/** The minor version of the host's libuv 1, whose ways virtual networks follow; the newest where the host has none. */
export const libuvMinor = Number(process.versions['uv']?.split('.')[1] ?? Number.POSITIVE_INFINITY)

const { hrtime } = process

/** Milliseconds of the host's own monotonic clock. */
export function hostNowMs(): number {
  return Number(hrtime.bigint()) / 1e6
}

/** A turn of the host's event loop. */
export function hostTurn(): Promise<void> {
  return new Promise(resolve => {
    setImmediate(resolve)
  })
}

/** That many milliseconds of the host's own time. */
export function hostSleep(ms: number): Promise<void> {
  return new Promise(resolve => {
    setTimeout(resolve, ms)
  })
}
