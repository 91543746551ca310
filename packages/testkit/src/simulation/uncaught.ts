// Errors that nobody catches, by the simulation that they belong to. It knows how Node tells of them, and no simulation's
// parts.
import { executionAsyncId } from 'node:async_hooks'
import { currentWorld, isLate, type World } from './world'

const EVENTS: ReadonlySet<unknown> = new Set(['uncaughtException', 'unhandledRejection'])

let running: World | null = null
let isWatching = false

/**
 * Errors of this simulation's code go to it from here on, and not to the process; those of what has ended go nowhere.
 * Errors of all other code take their usual way. Returns what ends it.
 */
export function catchErrorsOf(world: World): () => void {
  running = world
  watch()
  return () => {
    running = null
  }
}

/** Once and for good: what has ended may fail at any time, and must not fail its successors. */
function watch(): void {
  if (isWatching) return
  isWatching = true
  const { emit } = process
  const emitOrCatch = (event: string | symbol, ...args: unknown[]): boolean => {
    if (EVENTS.has(event) && isCaught(event, args[0])) return true
    return Reflect.apply(emit, process, [event, ...args]) as boolean
  }
  process.emit = emitOrCatch as typeof process.emit
}

function isCaught(event: string | symbol, error: unknown): boolean {
  // Before Node 24 an exception in a microtask has no context: it is the simulation's, while one runs.
  const isAnybodys = event === 'uncaughtException' && executionAsyncId() === 0
  const world = currentWorld() ?? (isAnybodys ? running : null)
  if (!world) return false
  if (!world.isOver && !isLate()) world.fail(error)
  return true
}
