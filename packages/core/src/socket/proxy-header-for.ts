// What a proxy tells of a client: from a socket to the header for the connection behind it.
import type { ProxyEnd, ProxyHeaderInit } from '../proxy-protocol/header'
import type { Socket } from './index'

/**
 * The PROXY header with which a proxy passes on its client's address: `connect({ port, proxyHeader: proxyHeaderFor(client) })`.
 * If the client came through another proxy, the addresses from that proxy's header are used. A local client, or one that has
 * disconnected, is reported as unknown. `more` adds a version or TLVs.
 */
export function proxyHeaderFor(client: Socket, more: ProxyHeaderInit = {}): ProxyHeaderInit {
  const { remoteAddress, remotePort, localAddress, localPort } = client
  const source = endOf(remoteAddress, remotePort)
  const destination = endOf(localAddress, localPort)
  return source === null || destination === null ? { ...more } : { source, destination, ...more }
}

function endOf(address: string | undefined, port: number | undefined): ProxyEnd | null {
  return address === undefined || port === undefined ? null : { address, port }
}
