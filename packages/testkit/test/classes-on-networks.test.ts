// The real Server and Socket on the in-memory and on the simulated network.
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { faults, memoryNetwork, simulate } from '../src'
import { closed, dial, portOf, serve, textOf } from './classes'

describe('classes on the in-memory network', () => {
  it('[T2] serve an echo, over TCP and a path', async () => {
    const transport = memoryNetwork()
    for (const where of [{ port: 80, host: '127.0.0.1' }, { path: '/run/echo' }]) {
      const server = await serve(socket => socket.pipe(socket), where, transport)
      const client = await dial(where, transport)
      client.end('hello')
      expect(await textOf(client)).toBe('hello')
      await closed(server)
    }
    expect(transport.openHandles).toBe(0)
  })

  it('[T2] carry 8 MB each way at once, with back-pressure', async () => {
    const transport = memoryNetwork({ capacityBytes: 10_000 })
    const data = Buffer.alloc(8 << 20, 'abcdefg')
    const server = await serve(socket => socket.pipe(socket), undefined, transport)
    const client = await dial({ port: portOf(server), host: '127.0.0.1' }, transport)
    client.end(data)
    const chunks: Buffer[] = []
    for await (const chunk of client) chunks.push(chunk as Buffer)
    expect(Buffer.concat(chunks).equals(data)).toBe(true)
    await closed(server)
  })

  it('[T2] emit EADDRINUSE, ECONNREFUSED and ENOTFOUND with Node’s fields', async () => {
    const transport = memoryNetwork()
    const server = await serve(() => {}, { port: 80, host: '127.0.0.1' }, transport)
    await expect(serve(() => {}, { port: 80, host: '127.0.0.1' }, transport)).rejects.toMatchObject({
      code: 'EADDRINUSE',
      syscall: 'listen',
      address: '127.0.0.1',
      port: 80,
    })
    await expect(dial({ port: 81, host: '127.0.0.1' }, transport)).rejects.toMatchObject({
      code: 'ECONNREFUSED',
      syscall: 'connect',
      port: 81,
    })
    await expect(dial({ port: 81, host: 'nowhere' }, transport)).rejects.toMatchObject({ code: 'ENOTFOUND' })
    await closed(server)
  })
})

describe('classes on the simulated network', () => {
  it('[T3] are on their host’s network without being told, and find names', async () => {
    const report = await simulate(
      { seed: 3, link: [faults.latency({ ms: 10 })] },
      async ({ host, clock }) => {
        const server = host('server', () => serve(socket => socket.pipe(socket), { port: 80 }))
        const client = host('client')
        await clock.sleep(1)
        return client.run(async () => {
          const socket = await dial({ port: 80, host: 'server' })
          expect(socket.remoteAddress).toBe(server.address)
          socket.end('hello')
          return textOf(socket)
        })
      },
    )
    expect(report.value).toBe('hello')
    expect(report.virtualMs).toBe(41)
  })

  it('[T3] see their peer’s host crash as a reset once it is up again', async () => {
    await simulate({}, async ({ host, clock }) => {
      const server = host('server', () => serve(() => {}, { port: 80 }))
      await clock.sleep(1)
      const socket = await dial({ port: 80, host: 'server' })
      server.crash()
      socket.write('lost')
      const failing = once(socket, 'close').catch(error => error)
      const errors: Error[] = []
      socket.on('error', error => errors.push(error))
      await clock.sleep(10_000)
      expect(socket.destroyed).toBe(false)
      server.restart()
      await failing
      expect(errors).toMatchObject([{ code: 'ECONNRESET' }])
    })
  })

  it('[T3] time out in virtual time', async () => {
    const { value } = await simulate({}, async ({ host, network, clock }) => {
      const server = host('server', () => serve(() => {}, { port: 80 }))
      await clock.sleep(1)
      network.isolate(server)
      await expect(dial({ port: 80, host: 'server' })).rejects.toMatchObject({ code: 'ETIMEDOUT' })
      return clock.nowMs
    })
    expect(value).toBe(127_001)
  })
})
