// How many descriptors of each peer are open in this process, over all its channels and beyond their ends. It knows no
// limit: each channel has its own.
import type { StreamHandle } from '@x/core/transport'
import type { Allowance } from '../wire/wire'

/** By peer; those that have nothing open are not in it. */
const counts = new Map<string, number>()

class SharedAllowance implements Allowance {
  readonly #key: string

  constructor(key: string) {
    this.#key = key
  }

  get count(): number {
    return counts.get(this.#key) ?? 0
  }

  set count(count: number) {
    if (count > 0) counts.set(this.#key, count)
    else counts.delete(this.#key)
  }
}

/**
 * That of the process at the other end. Processes of another user count as one: who can start one can start many. Where the
 * transport does not tell who is there, each stream has its own.
 */
export function allowanceOf(stream: StreamHandle | null): Allowance {
  const peer = stream?.peerCredentials?.()
  if (peer === undefined || typeof peer === 'number') return { count: 0 }
  const isOurs = peer.uid === process.geteuid?.()
  const key = isOurs ? `process ${peer.pid}` : `user ${peer.uid}`
  return new SharedAllowance(key)
}
