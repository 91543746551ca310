// Replaces the timers and ticks of this process, as fake timers do, by functions that never call back. It knows their names.

const names = ['setImmediate', 'setTimeout', 'setInterval', 'queueMicrotask'] as const

/** Replaced functions, until they are put back. */
export interface ReplacedGlobals {
  /** Whether `process.nextTick` is the replaced one now, as it has to be in each callback. */
  areReplaced(): boolean
  putBack(): void
}

export function replaceGlobals(): ReplacedGlobals {
  const never = () => ({ ref() {}, unref() {}, refresh() {}, hasRef: () => false })
  const scope = globalThis as unknown as Record<string, unknown>
  const before = new Map<string, unknown>(names.map(name => [name, scope[name]]))
  const { nextTick } = process
  for (const name of names) scope[name] = never
  process.nextTick = never
  return {
    areReplaced: () => process.nextTick === never,
    putBack() {
      process.nextTick = nextTick
      for (const [name, value] of before) scope[name] = value
    },
  }
}
