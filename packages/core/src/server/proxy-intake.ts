// Accepted streams whose PROXY header is still to come: a server does not see them before. It admits none itself.
import { HeaderReader } from '../proxy-protocol/header-reader'
import type { ProxyRules } from '../proxy-protocol/options'
import { Proxied } from '../proxy-protocol/proxied'
import { callEach } from '../transport/call-each'
import { type Address, type Clock, isTcpAddress, type StreamHandle } from '../transport/contract'

/** What became of a stream, for whoever admits it. */
export interface ProxyOutcomes {
  readonly clock: Clock
  /** The header is right; `rest` came behind it. The stream waits no more, nor one that is refused. */
  admit(stream: StreamHandle, proxied: Proxied, rest: Buffer): void
  refuse(stream: StreamHandle, isLate: boolean, problem: string): void
}

export class ProxyIntake {
  readonly #rules: ProxyRules
  readonly #outcomes: ProxyOutcomes
  readonly #readers = new Set<HeaderReader>()

  constructor(rules: ProxyRules, outcomes: ProxyOutcomes) {
    this.#rules = rules
    this.#outcomes = outcomes
  }

  /** How many streams wait for their header. */
  get size(): number {
    return this.#readers.size
  }

  /** Whether peers that are not trusted are dropped. */
  get dropsOthers(): boolean {
    return this.#rules.dropsOthers
  }

  /** Whether a stream from there begins with a header. */
  isTrusted(peer: Address): boolean {
    const { trusted, trustLocal } = this.#rules
    if (!isTcpAddress(peer)) return trustLocal
    return trusted.check(peer.address, peer.family === 'IPv6' ? 'ipv6' : 'ipv4')
  }

  /** `from`: the proxy, which a health check has left by the time that its header is read. */
  read(stream: StreamHandle, from: Address): void {
    const outcomes = this.#outcomes
    const reader = new HeaderReader(stream, outcomes.clock, this.#rules, outcome => {
      this.#readers.delete(reader)
      if ('problem' in outcome) outcomes.refuse(stream, outcome.isLate, outcome.problem)
      else outcomes.admit(stream, new Proxied(outcome.header, from), outcome.rest)
    })
    this.#readers.add(reader)
    if (reader.start() >= 0) return
    this.#readers.delete(reader)
    outcomes.refuse(stream, false, 'cannot be read')
  }

  /** Gives up all that wait. */
  cancel(): void {
    callEach([...this.#readers].map(reader => () => reader.cancel()))
  }
}
