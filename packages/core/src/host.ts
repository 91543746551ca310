// The functions of the host that test tools replace, as they were when this package was loaded. The only file of core that
// takes them: all else imports them from here, and so goes on under fake timers. It knows nothing of what they are for.

/** The line of Node that this runs on; 0 where it is another host. */
export const nodeMajor: number = Number.parseInt(process.versions.node ?? '0', 10)

/** `process.nextTick`. Source: https://nodejs.org/api/process.html#processnexttickcallback-args */
export const nextTick: typeof process.nextTick = process.nextTick.bind(process)

/** `queueMicrotask`. Source: https://nodejs.org/api/globals.html#queuemicrotaskcallback */
export const queueMicrotask: typeof globalThis.queueMicrotask = globalThis.queueMicrotask

/** The timers of the host. Source: https://nodejs.org/api/timers.html */
export const setImmediate: typeof globalThis.setImmediate = globalThis.setImmediate
export const clearImmediate: typeof globalThis.clearImmediate = globalThis.clearImmediate
export const setTimeout: typeof globalThis.setTimeout = globalThis.setTimeout
export const clearTimeout: typeof globalThis.clearTimeout = globalThis.clearTimeout

const { performance } = globalThis

/** Milliseconds of a clock that no change of the date moves. Source: https://nodejs.org/api/perf_hooks.html#performancenow */
export const monotonicNow: () => number = performance.now.bind(performance)

/** The timers of the host as the `Clock` of a transport that has no time of its own. */
export const hostClock = {
  setTimeout: (callback: () => void, ms: number): NodeJS.Timeout => setTimeout(callback, ms),
  clearTimeout: (timer: object): void => clearTimeout(timer as NodeJS.Timeout),
  now: monotonicNow,
}

const { nextTick: original } = process

/** Whether `process.nextTick` is the host's own now. */
export function hasHostTicks(): boolean {
  return process.nextTick === original
}

/** Runs what looks `process.nextTick` up itself, as node:net does, with the host's own in its place. No callback of a user runs in it. */
export function withHostTicks<T>(call: () => T): T {
  const users = process.nextTick
  if (users === original) return call()
  process.nextTick = original
  try {
    return call()
  } finally {
    process.nextTick = users
  }
}

/** Runs what puts off its work by `process.nextTick`, as node:net's `connect` does, and then that work, in the same turn. */
export function withoutFirstTick(call: () => void): void {
  const put: Array<() => void> = []
  const before = process.nextTick
  process.nextTick = (callback: (...args: unknown[]) => void, ...args: unknown[]): void => {
    put.push(() => callback(...args))
  }
  try {
    call()
  } finally {
    process.nextTick = before
  }
  withHostTicks(() => {
    for (const run of put) run()
  })
}

/** The system and processor that this runs on; tests of other code pretend others. */
export const { platform, arch } = process
