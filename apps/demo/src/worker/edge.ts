// What this worker lets the open network do: whose connections it takes, how many and how fast, and by whom it is told of the client
// behind a proxy. Each worker holds its share of what all may take. It opens nothing.
import type { ServerOpts } from '@x/core'
import type { Clients } from '../client/clients'
import { peerNetwork } from '../client/peer-network'
import type { Session } from '../client/session'
import type { BlockList } from '../net'
import { networksOf } from '../networks'
import type { Options } from '../options'

export class Edge {
  readonly #options: Options
  readonly #clients: Clients
  readonly #trusted: BlockList | null

  constructor(options: Options, clients: Clients) {
    this.#options = options
    this.#clients = clients
    this.#trusted = options.trustedProxies.length > 0 ? networksOf(options.trustedProxies) : null
  }

  /** For the server that listens on TCP. */
  get serverOptions(): ServerOpts {
    const { acceptRate, addressRate, firstByteSeconds, maxSilent } = this.#options.edge
    const rate = (perSecond: number) => ({
      perSecond: perSecond / this.#options.workers,
      burst: this.#share(perSecond) * 2,
    })
    return {
      noDelay: true,
      ...(this.#trusted !== null && { proxyProtocol: { trusted: this.#trusted } }),
      admission: {
        ...(acceptRate > 0 && { acceptRate: rate(acceptRate) }),
        ...(addressRate > 0 && { addressRate: rate(addressRate) }),
        ...(firstByteSeconds > 0 && { firstByteMs: firstByteSeconds * 1000 }),
        ...(maxSilent > 0 && { maxSilent: this.#share(maxSilent) }),
        // A proxy checks us by connections of its own, often.
        ...(this.#trusted !== null && { exempt: this.#trusted }),
      },
    }
  }

  /**
   * Whether one more of this address may come in. Counted here and not by the server, which does not know the clients that were
   * moved here from other workers.
   */
  hasRoomFor(address: string | undefined): boolean {
    const { maxPerAddress } = this.#options.edge
    const network = maxPerAddress > 0 ? peerNetwork(address) : null
    if (network === null || this.#isProxy(address!)) return true
    return this.#clients.countOf(network) < this.#share(maxPerAddress)
  }

  /**
   * Whether a client of the network has been silent from its first moment for too long. The server sees those that came to it
   * itself.
   */
  isSilentTooLong(
    { isLocal, isSilent, connectedMs }: Pick<Session, 'isLocal' | 'isSilent' | 'connectedMs'>,
    nowMs: number,
  ): boolean {
    const { firstByteSeconds } = this.#options.edge
    if (firstByteSeconds === 0 || isLocal || !isSilent) return false
    return nowMs - connectedMs > (firstByteSeconds + 1) * 1000
  }

  #isProxy(address: string): boolean {
    return this.#trusted?.check(address, address.includes(':') ? 'ipv6' : 'ipv4') ?? false
  }

  #share(most: number): number {
    return Math.max(1, Math.ceil(most / this.#options.workers))
  }
}
