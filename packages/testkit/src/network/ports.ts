// Which port numbers of one host are taken, and by whom they may be shared. It knows addresses and no handles.
import { type BindFlags, errno, type Status, type TcpAddress } from '@x/core/transport'
import { isWildcard, unmapIp } from './ip-address'

/** IANA's dynamic ports (RFC 6335 6). */
const FIRST_EPHEMERAL = 49152
const LAST_EPHEMERAL = 65535

/** A bound address. */
export interface PortClaim {
  readonly at: TcpAddress
  readonly flags: BindFlags
  /** Set by a listener once it listens. */
  isListening: boolean
  release(): void
}

/** The table of bound ports of a host. */
export class PortTable {
  readonly #claims = new Map<number, PortClaim[]>()
  #next = FIRST_EPHEMERAL

  /** Binds; port 0 takes the next free dynamic port, in turn, so that a run repeats. */
  claim(at: TcpAddress, flags: BindFlags): PortClaim | Status {
    const port = at.port === 0 ? this.#free(at, flags) : at.port
    if (port < 0) return port
    const bound = { family: at.family, address: at.address, port }
    const wanted: PortClaim = {
      at: bound,
      flags,
      isListening: false,
      release: () => this.#release(wanted),
    }
    const claims = this.#claims.get(port) ?? []
    if (claims.some(other => overlaps(other, wanted) && !mayShare(other, wanted))) return errno('EADDRINUSE')
    claims.push(wanted)
    this.#claims.set(port, claims)
    return wanted
  }

  /** Two sockets may be bound alike with `SO_REUSEADDR`; one of them listens (socket(7)). */
  listen(claim: PortClaim): Status {
    const claims = this.#claims.get(claim.at.port) ?? []
    for (const other of claims) {
      if (other === claim || !other.isListening || !overlaps(other, claim)) continue
      if (!(other.flags.reusePort && claim.flags.reusePort)) return errno('EADDRINUSE')
    }
    claim.isListening = true
    return 0
  }

  /** Listening claims for an address, the most exact first; several only where they share the port. */
  find(address: string, family: 'IPv4' | 'IPv6', port: number): PortClaim[] {
    const claims = (this.#claims.get(port) ?? []).filter(claim => claim.isListening)
    const exact = claims.filter(claim => plain(claim.at.address) === address)
    if (exact.length > 0) return exact
    const wild = claims.filter(claim => claim.at.family === family && isWildcard(claim.at.address))
    if (wild.length > 0 || family === 'IPv6') return wild
    return claims.filter(claim => claim.at.address === '::' && !claim.flags.ipv6Only)
  }

  clear(): void {
    this.#claims.clear()
  }

  #free(at: TcpAddress, flags: BindFlags): number {
    const wanted = { at, flags }
    for (let tried = FIRST_EPHEMERAL; tried <= LAST_EPHEMERAL; tried++) {
      const port = this.#next
      this.#next = port === LAST_EPHEMERAL ? FIRST_EPHEMERAL : port + 1
      if (!(this.#claims.get(port) ?? []).some(other => overlaps(other, wanted))) return port
    }
    return errno('EADDRINUSE')
  }

  #release(claim: PortClaim): void {
    const claims = this.#claims.get(claim.at.port)
    const index = claims?.indexOf(claim) ?? -1
    if (!claims || index < 0) return
    claims.splice(index, 1)
    if (claims.length === 0) this.#claims.delete(claim.at.port)
  }
}

type Bound = Pick<PortClaim, 'at' | 'flags'>

function overlaps(a: Bound, b: Bound): boolean {
  const [one, other] = [plain(a.at.address), plain(b.at.address)]
  if (one.includes(':') === other.includes(':')) {
    return one === other || isWildcard(one) || isWildcard(other)
  }
  const v6 = one.includes(':') ? a : b
  return v6.at.address === '::' && !v6.flags.ipv6Only
}

/** An IPv4 address that is bound in its IPv6 form is that IPv4 address. */
function plain(address: string): string {
  return unmapIp(address) ?? address
}

function mayShare(a: PortClaim, b: PortClaim): boolean {
  if (a.flags.reusePort && b.flags.reusePort) return true
  return a.flags.reuseAddress !== false && b.flags.reuseAddress !== false && !a.isListening && !b.isListening
}
