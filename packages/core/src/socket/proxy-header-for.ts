// What a proxy tells of a client: from a socket to the header for the connection behind it.
import type { ProxyEnd, ProxyHeaderInit } from '../proxy-protocol/header'
import type { Socket } from './index'

/**
 * The PROXY header by which a proxy passes on who its client is: `connect({ port, proxyHeader: proxyHeaderFor(client) })`.
 * Where the client came through a proxy itself, what that one told is passed on. A local client, and one that has gone,
 * is told as unknown. `more` is added: a version, vectors.
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
