// Calls a list of callbacks so that one which throws costs the others nothing (law 11 of the contract).
import { setImmediate } from '../host'

/** Calls each in order. What one throws goes to `uncaughtException` in a turn of its own. */
export function callEach(calls: ReadonlyArray<() => void>): void {
  for (const call of calls) {
    try {
      call()
    } catch (error) {
      setImmediate(rethrow, error)
    }
  }
}

/** As `callEach`, but what the last one throws is thrown: for a caller with whom the turn ends. */
export function callEachOrThrow(calls: ReadonlyArray<() => void>): void {
  if (calls.length > 1) callEach(calls.slice(0, -1))
  calls[calls.length - 1]?.()
}

function rethrow(error: unknown): never {
  throw error
}
