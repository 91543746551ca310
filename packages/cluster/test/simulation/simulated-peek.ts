// What of simulated connections has come, for a primary that looks at it: in pieces, at random times, or never. It checks that
// a look is over before its descriptor goes anywhere.
import { type Peek, type PeekSink, type Status, UV_ECONNRESET, UV_ENOMEM } from '@x/core/transport'
import type { DescriptorTable } from './descriptor-table'
import type { Scheduler } from './scheduler'
import type { Client } from './simulated-worker'

export interface SimulatedPeeksOptions {
  readonly scheduler: Scheduler
  readonly table: DescriptorTable
  /** Whether what goes wrong with this chance does so now. */
  readonly fails: (share: number) => boolean
}

export class SimulatedPeeks {
  readonly #options: SimulatedPeeksOptions
  readonly #watched = new Set<number>()

  constructor(options: SimulatedPeeksOptions) {
    this.#options = options
  }

  peek(fd: number, most: number, seen: PeekSink): Peek | Status {
    const { scheduler, table, fails } = this.#options
    const client = table.get(fd) as Client
    if (this.#watched.has(fd)) throw new Error(`descriptor ${fd} is looked at twice`)
    if (fails(0.02)) return UV_ENOMEM
    this.#watched.add(fd)
    let length = 0
    const look = (): void => {
      if (!this.#watched.has(fd)) return
      // It hangs up, and expects nothing any more.
      if (fails(0.05)) client.isEnded = true
      if (client.isEnded) return seen(UV_ECONNRESET, Buffer.alloc(length))
      length = Math.min(most, length + 1 + scheduler.upTo(8))
      const isOver = length === most || scheduler.chance(0.1)
      seen(isOver ? 0 : 1, Buffer.alloc(length, client.id))
      if (!isOver) scheduler.after(scheduler.upTo(80), look)
    }
    // A silent client says nothing for as long as the primary waits.
    if (!scheduler.chance(0.1)) scheduler.after(scheduler.upTo(80), look)
    return { stop: () => void this.#watched.delete(fd) }
  }

  /** Throws where one of them is still looked at. */
  checkFree(fds: readonly number[]): void {
    for (const fd of fds)
      if (this.#watched.has(fd)) throw new Error(`descriptor ${fd} is let go while it is looked at`)
  }
}
