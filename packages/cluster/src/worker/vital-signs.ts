// How this worker is: its memory, and how late its loop runs.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { VitalSigns } from '../both/messages'

const RESOLUTION_MS = 10

/** Begins to watch the loop; answers what tells of it since the last call. */
export function watchVitalSigns(): () => VitalSigns {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delay.enable()
  return () => {
    const lagMs = Math.max(0, delay.percentile(99) / 1e6 - RESOLUTION_MS)
    delay.reset()
    return {
      memory: memory(),
      lagMs: Number.isFinite(lagMs) ? Math.round(lagMs * 10) / 10 : 0,
    }
  }
}

let lastBytes = 0

/** It is read off a file: without a descriptor for that, as it was last. */
function memory(): number {
  try {
    lastBytes = process.memoryUsage.rss()
  } catch {
    // EMFILE, ENFILE: no reason for a worker to end.
  }
  return lastBytes
}
