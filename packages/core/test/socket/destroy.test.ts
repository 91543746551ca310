// What `destroy` is called with reaches the stream below, as with a socket of node:net.
import { once } from 'node:events'
import net from 'node:net'
import { describe, expect, it } from 'vitest'
import { connect, createServer, Socket } from '../../src'

type Told = [name: string, message: unknown]

/** `destroy` with a callback, twice: what comes, and in which order. */
async function destroyed(socket: net.Socket): Promise<Told[]> {
  const told: Told[] = []
  const destroy = socket.destroy.bind(socket) as (
    error: Error | null,
    callback: (error?: Error) => void,
  ) => void
  socket.on('error', error => told.push(['error', error.message]))
  const closed = new Promise<void>(resolve => {
    socket.on('close', () => {
      told.push(['close', undefined])
      resolve()
    })
  })
  destroy(new Error('first'), error => told.push(['callback', error?.message]))
  destroy(null, error => told.push(['second callback', error?.message]))
  await closed
  return told
}

describe('destroy(error, callback)', () => {
  it('[K4] calls back as net does, on a socket without a connection', async () => {
    const ours = await destroyed(new Socket() as unknown as net.Socket)
    expect(ours).toEqual(await destroyed(new net.Socket()))
    expect(ours.map(([name]) => name)).toContain('callback')
  })

  it('[K4] calls back as net does, on a connected socket', async () => {
    const server = createServer(socket => socket.on('error', () => {}))
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as net.AddressInfo
    const found: Told[][] = []
    for (const dial of [connect, net.connect] as (typeof net.connect)[]) {
      const socket = dial(port, '127.0.0.1')
      await once(socket, 'connect')
      found.push(await destroyed(socket))
    }
    expect(found[0]).toEqual(found[1])
    expect(found[0]?.map(([name]) => name)).toContain('callback')
    server.close()
    await once(server, 'close')
  })
})
