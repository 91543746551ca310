// The options of a virtual stream: what was asked for, and Linux's defaults. It knows no connection.
import { errno, type HandleKind, type Status, type StreamOption } from '@x/core/transport'
import type { KeepAlive } from './fabric'

/** Linux's tcp_keepalive_time, tcp_keepalive_intvl and tcp_keepalive_probes (tcp(7)). */
const KEEP_ALIVE: KeepAlive = { idleMs: 7_200_000, intervalMs: 75_000, count: 9 }

/** What `setOption` of one stream has been told. */
export class StreamOptions {
  readonly #kind: HandleKind
  #typeOfService = 0
  #keepAlive: KeepAlive | null = null

  constructor(kind: HandleKind) {
    this.#kind = kind
  }

  /** When to ask the peer whether it is there; null: never. */
  get keepAlive(): KeepAlive | null {
    return this.#keepAlive
  }

  set(option: StreamOption): Status {
    if (this.#kind !== 'tcp') return errno('ENOTSUP')
    if (option.name === 'typeOfService') {
      if (!Number.isInteger(option.value) || option.value < 0 || option.value > 255) return errno('EINVAL')
      this.#typeOfService = option.value
    } else if (option.name === 'keepAlive') this.#keepAlive = option.enable ? keepAliveOf(option) : null
    return 0
  }

  get typeOfService(): number {
    return this.#kind === 'tcp' ? this.#typeOfService : errno('ENOTSUP')
  }
}

function keepAliveOf(option: Extract<StreamOption, { name: 'keepAlive' }>): KeepAlive {
  const orElse = (seconds: number, ms: number) => (seconds > 0 ? seconds * 1000 : ms)
  return {
    idleMs: orElse(option.delaySeconds, KEEP_ALIVE.idleMs),
    intervalMs: orElse(option.intervalSeconds, KEEP_ALIVE.intervalMs),
    count: option.count > 0 ? option.count : KEEP_ALIVE.count,
  }
}
