// Subnets by prefix length: a lookup takes one step for each length in use, not for each subnet.
import { type IpValue, ipKey, maskIp } from './ip'

/** An IPv4 address is in the last 32 of the 128 bits. */
const IPV4_OFFSET = 96

/** A multiset of subnets: one that was added several times has to be removed as often. */
export class SubnetTable {
  readonly #byLength = new Map<number, Map<number | string, number>>()

  add(network: IpValue, prefix: number): void {
    const length = lengthOf(network, prefix)
    const key = ipKey(maskIp(network, length))
    const subnets = this.#byLength.get(length) ?? new Map<number | string, number>()
    subnets.set(key, (subnets.get(key) ?? 0) + 1)
    this.#byLength.set(length, subnets)
  }

  remove(network: IpValue, prefix: number): void {
    const length = lengthOf(network, prefix)
    const key = ipKey(maskIp(network, length))
    const subnets = this.#byLength.get(length)
    const count = subnets?.get(key) ?? 0
    if (count > 1) subnets!.set(key, count - 1)
    else subnets?.delete(key)
    if (subnets?.size === 0) this.#byLength.delete(length)
  }

  /** True if the address is in one of the subnets. */
  has(address: IpValue): boolean {
    for (const [length, subnets] of this.#byLength) {
      if (subnets.has(ipKey(maskIp(address, length)))) return true
    }
    return false
  }

  clear(): void {
    this.#byLength.clear()
  }
}

/** The length of a prefix in the space of IPv6. */
function lengthOf(network: IpValue, prefix: number): number {
  return network.isIPv4 ? IPV4_OFFSET + prefix : prefix
}
