// What a server of the host gives away of its connections: bare handles, or sockets where the host has none to give.
import { EventEmitter, once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { type HostConnection, takeConnections } from '../src/primary/host-connections'

describe('connections of a server of the host', () => {
  it('are bare handles, which know their peer, on a host that has them', async () => {
    const server = createServer()
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const accepted = new Promise<HostConnection>(resolve => takeConnections(server, resolve))
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
    await once(client, 'connect')
    const connection = await accepted
    expect(connection.sendable).not.toBeInstanceOf(Socket)
    expect(connection.peer()).toEqual({ remoteAddress: '127.0.0.1', remotePort: client.localPort })
    connection.release()
    client.resume()
    await once(client, 'close')
    await once(server.close(), 'close')
  })

  it('are sockets on a host that has none', () => {
    const server = new EventEmitter()
    const accepted: HostConnection[] = []
    takeConnections(server as Server, connection => accepted.push(connection))
    const socket = new Socket()
    server.emit('connection', socket)
    const [connection] = accepted
    expect(connection?.sendable).toBe(socket)
    expect(connection?.isGone).toBe(false)
    connection?.release()
    expect(connection?.isGone).toBe(true)
  })
})
