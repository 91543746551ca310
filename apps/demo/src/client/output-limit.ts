// How much may wait for a slow subscriber before it is dropped: Redis's `client-output-buffer-limit pubsub`. It knows
// no clock and no connection.
import { parseByteSize } from '../byte-size'

export interface OutputLimit {
  /** Dropped at once beyond this many bytes; 0 for never. */
  readonly hardBytes: number
  /** Dropped where it stays beyond this many bytes for `softSeconds`; 0 for never. */
  readonly softBytes: number
  readonly softSeconds: number
}

/** `32mb 8mb 60`: hard, soft, seconds; or the hard limit alone. Null where it is neither. */
export function parseOutputLimit(text: string): OutputLimit | null {
  const words = text.trim().split(/\s+/)
  if (words.length !== 1 && words.length !== 3) return null
  const [hardBytes, softBytes = 0] = words.slice(0, 2).map(parseByteSize)
  const softSeconds = words[2] ?? '0'
  if (hardBytes === null || hardBytes === undefined || softBytes === null) return null
  return /^\d{1,9}$/.test(softSeconds) ? { hardBytes, softBytes, softSeconds: Number(softSeconds) } : null
}

/** One subscriber's standing. */
export class OutputGauge {
  readonly #limit: OutputLimit
  #overSinceMs = 0

  constructor(limit: OutputLimit) {
    this.#limit = limit
  }

  /** Whether a subscriber with so much waiting has to go. `now` is asked only where the soft limit is passed. */
  isExceeded(waitingBytes: number, now: () => number): boolean {
    const { hardBytes, softBytes, softSeconds } = this.#limit
    if (hardBytes > 0 && waitingBytes > hardBytes) return true
    if (softBytes === 0 || waitingBytes <= softBytes) {
      this.#overSinceMs = 0
      return false
    }
    const nowMs = now()
    if (this.#overSinceMs === 0) this.#overSinceMs = nowMs
    return nowMs - this.#overSinceMs > softSeconds * 1000
  }
}
