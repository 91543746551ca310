// Whom a server admits: by address, by network, by rate, and how long a connection may be silent or slow. It knows the
// server by the face below, and closes nothing itself.
import type { Socket } from '../socket/index'
import type { Clock, TcpAddress, Timer } from '../transport/contract'
import type { AcceptGate } from './accept-gate'
import type { AdmissionRules, DropReason } from './options'
import { type PeerKeys, peerKeys } from './peer-keys'
import { Peers } from './peers'
import { RateWatch } from './rate-watch'
import { type Dropper, SilentWatch } from './silent-watch'
import { TokenBucket } from './token-bucket'

/** A server as its admission sees it. */
export interface Admitting {
  readonly clock: Clock
  readonly gate: AcceptGate
  hasRoom(): boolean
  /** Ends a connection that was admitted, and tells it as 'drop'. */
  readonly drop: Dropper
}

/** A server that waits for room looks whether somebody has raised `maxConnections`, so often. */
const LOOK_MS = 1000

export class Admission {
  readonly #rules: AdmissionRules
  readonly #server: Admitting
  readonly #addresses: Peers
  readonly #networks: Peers
  readonly #bucket: TokenBucket | null
  readonly #silent: SilentWatch | null
  readonly #rates: RateWatch | null
  readonly #keys = new Map<Socket, PeerKeys>()
  #timer: Timer | null = null

  constructor(rules: AdmissionRules, server: Admitting) {
    const { clock, drop } = server
    const isBounded = (limit: number): boolean => limit !== Number.POSITIVE_INFINITY
    const { maxPerAddress, maxPerNetwork, addressRate, networkRate, acceptRate, maxRemembered } = rules
    this.#rules = rules
    this.#server = server
    this.#addresses = new Peers(maxPerAddress, addressRate, maxRemembered)
    this.#networks = new Peers(maxPerNetwork, networkRate, maxRemembered)
    this.#bucket = acceptRate && new TokenBucket(acceptRate, clock.now())
    const watchesSilence = isBounded(rules.firstByteMs) || isBounded(rules.maxSilent)
    this.#silent = watchesSilence ? new SilentWatch(clock, rules, drop) : null
    this.#rates = rules.leastBytes > 0 ? new RateWatch(clock, rules, drop) : null
  }

  /** Whether what is too much waits in the backlog. */
  get waits(): boolean {
    return this.#rules.waits
  }

  /** The addresses, or networks where there are more of them, that are remembered. */
  get remembered(): number {
    return Math.max(this.#addresses.size, this.#networks.size)
  }

  /** Why a connection is not admitted, or null. */
  refusal(keys: PeerKeys | null): DropReason | null {
    const nowMs = this.#server.clock.now()
    // The peer's own limits come first: what one peer is refused costs the others nothing of the rate.
    if (keys !== null) {
      if (this.#addresses.isFull(keys.address)) return 'address-limit'
      if (this.#networks.isFull(keys.network)) return 'network-limit'
      if (this.#addresses.isTooFast(keys.address, nowMs)) return 'address-rate'
      if (this.#networks.isTooFast(keys.network, nowMs)) return 'network-rate'
    }
    // Where what is too much waits, one that was accepted at the same moment is let in.
    return this.waits || (this.#bucket?.hasToken(nowMs) ?? true) ? null : 'accept-rate'
  }

  admitted(socket: Socket, keys: PeerKeys | null): void {
    const nowMs = this.#server.clock.now()
    if (keys !== null) {
      this.#keys.set(socket, keys)
      this.#addresses.opened(keys.address, nowMs)
      this.#networks.opened(keys.network, nowMs)
    }
    this.#bucket?.take(nowMs)
    this.#rates?.add(socket)
    this.#silent?.add(socket)
    this.settle()
  }

  connectionEnded(socket: Socket): void {
    const keys = this.#keys.get(socket)
    if (keys !== undefined) {
      this.#keys.delete(socket)
      this.#addresses.closed(keys.address)
      this.#networks.closed(keys.network)
    }
    this.#rates?.remove(socket)
    this.#silent?.remove(socket)
    this.settle()
  }

  /** Holds the listener back where there is no room, or no token; lets it go on where there is. */
  settle(): void {
    if (!this.waits) return
    const { clock, gate } = this.#server
    const hasRoom = this.#server.hasRoom()
    const tokenMs = this.#bucket?.waitMs(clock.now()) ?? 0
    if (hasRoom && tokenMs === 0) {
      gate.release(this)
      return
    }
    gate.hold(this)
    if (this.#timer !== null) return
    this.#timer = clock.setTimeout(
      () => {
        this.#timer = null
        this.settle()
      },
      Math.max(1, Math.min(hasRoom ? Math.ceil(tokenMs) : LOOK_MS, LOOK_MS)),
    )
    this.#timer.unref()
  }

  /** The server has closed its listener. */
  stop(): void {
    if (this.#timer !== null) this.#server.clock.clearTimeout(this.#timer)
    this.#timer = null
  }

  /** What a peer is counted by; null for one that is exempt, and for a local one. Throws what `exempt` throws. */
  keysOf(peer: TcpAddress | undefined): PeerKeys | null {
    if (peer === undefined) return null
    const { exempt, networkBits } = this.#rules
    if (exempt?.check(peer.address, peer.family === 'IPv6' ? 'ipv6' : 'ipv4')) return null
    return peerKeys(peer.address, networkBits)
  }
}
