// The host's functions that test tools replace (fake timers, for one), kept as they were when this package was loaded.
// All of core takes them from here. It knows nothing of what they are used for.

/** `process.nextTick`. */
export const nextTick: typeof process.nextTick = process.nextTick.bind(process)

export const queueMicrotask: typeof globalThis.queueMicrotask = globalThis.queueMicrotask

export const setImmediate: typeof globalThis.setImmediate = globalThis.setImmediate
export const clearImmediate: typeof globalThis.clearImmediate = globalThis.clearImmediate

export const setTimeout: typeof globalThis.setTimeout = globalThis.setTimeout
export const clearTimeout: typeof globalThis.clearTimeout = globalThis.clearTimeout
