// The time of the code that asks: virtual in a simulation, else the host's own, which test tools do not replace. It knows
// no clock of its own.
import { clearTimeout as clearHostTimeout, setTimeout as setHostTimeout } from '../host'
import { currentWorld } from './world'

/** Calls back after that many milliseconds; Infinity: never. Returns what stops it. */
export function startTimer(ms: number, job: () => void): () => void {
  if (ms === Number.POSITIVE_INFINITY) return () => {}
  if (currentWorld()) {
    const timer = setTimeout(job, ms)
    return () => clearTimeout(timer)
  }
  const timer = setHostTimeout(job, ms)
  return () => clearHostTimeout(timer)
}
