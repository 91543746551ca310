// Servers and sockets as promises, for tests above the transports. It knows the classes' public face alone.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from '@x/core'
import type { Transport } from '@x/core/transport'

/** A server that listens, on a transport or on the default one. */
export async function serve(
  onConnection: (socket: Socket) => void,
  where: { port?: number; host?: string; path?: string } = { port: 0, host: '127.0.0.1' },
  transport?: Transport,
): Promise<Server> {
  const server = createServer(transport ? { transport } : {}, onConnection)
  server.listen(where)
  await once(server, 'listening')
  return server
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}

export async function dial(
  where: { port: number; host?: string } | { path: string },
  transport?: Transport,
): Promise<Socket> {
  const socket = connect({ ...where, ...(transport && { transport }) })
  await once(socket, 'connect')
  return socket
}

/** All that a socket sends, until it ends. */
export async function textOf(socket: Socket): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

export async function closed(server: Server): Promise<void> {
  server.close()
  await once(server, 'close')
}
