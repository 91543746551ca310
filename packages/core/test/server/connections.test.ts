import { once } from 'node:events'
import { freePort } from '@x/presets/free-port'
import { describe, expect, it } from 'vitest'
import type { Socket } from '../../src'
import { connections, connect as dialPromise, listen } from '../../src/promises'
import { canPause, pair, readAll, serve, transports } from '../bed'

describe.each(transports)('connections of a server on the $name transport', transport => {
  it('[S2] are ended by themselves when the peer ends', async () => {
    const { near, far } = await pair({ transport })
    far.resume()
    near.resume()
    near.end('bye')
    await Promise.all([once(near, 'close'), once(far, 'close')])
    expect(far.writableFinished).toBe(true)
  })

  it('[S2] may be written to after the peer ended, with allowHalfOpen', async () => {
    const { near, far } = await pair({ transport, allowHalfOpen: true })
    near.end('question')
    expect(String(await readAll(far))).toBe('question')
    far.end('answer')
    expect(String(await readAll(near))).toBe('answer')
  })

  it('[S3] are not read before resume, with pauseOnConnect', async () => {
    const { near, far } = await pair({ transport, pauseOnConnect: true })
    await new Promise(resolve => near.write('early', resolve))
    expect(far.isPaused()).toBe(true)
    expect(far.bytesRead).toBe(0)
    far.resume()
    const [data] = await once(far, 'data')
    expect(String(data)).toBe('early')
  })

  it('[S13] are counted', async () => {
    const { server, near, far } = await pair({ transport })
    const count = () => new Promise(resolve => server.getConnections((_, n) => resolve(n)))
    expect(await count()).toBe(1)
    expect(server.connections).toBe(1)
    near.destroy()
    await once(far.resume(), 'close')
    expect(await count()).toBe(0)
  })

  it('[S14] are dropped beyond maxConnections, and drop tells whose', async () => {
    const { server, dial, accepted } = await serve({ transport })
    server.maxConnections = 1
    const first = dial()
    await Promise.all([accepted(), once(first, 'connect')])
    const second = dial()
    second.on('error', () => {})
    const [drop] = await Promise.all([once(server, 'drop'), once(second, 'close')])
    expect(drop[0]).toMatchObject({
      localAddress: '127.0.0.1',
      remoteAddress: '127.0.0.1',
      remoteFamily: 'IPv4',
    })
    expect(server.connections).toBe(1)
  })

  it('[S14] are all dropped with maxConnections 0', async () => {
    const { server, dial } = await serve({ transport })
    server.maxConnections = 0
    let heard = 0
    server.on('connection', () => heard++)
    const client = dial()
    client.on('error', () => {})
    await Promise.all([once(server, 'drop'), once(client, 'close')])
    expect(heard).toBe(0)
  })

  it.each([Number.NaN, 'many', {}])('[S14] are not limited by a maxConnections of %o', async limit => {
    const { server, dial, accepted } = await serve({ transport })
    server.maxConnections = limit as number
    dial()
    await accepted()
  })

  it('[S15] go on when the server closes, which waits for them', async () => {
    const { server, near, far } = await pair({ transport })
    let isClosed = false
    const closed = new Promise<Error | undefined>(resolve =>
      server.close(error => {
        isClosed = true
        resolve(error)
      }),
    )
    near.write('still here')
    await once(far, 'data')
    expect(isClosed).toBe(false)
    near.end()
    near.resume()
    expect(await closed).toBe(undefined)
  })

  it('[S15] a server that does not run says so when it is closed, and is disposed of in silence', async () => {
    const { server } = await serve({ transport })
    await server[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
    const error = await new Promise<Error | undefined>(resolve => server.close(resolve))
    expect(error).toMatchObject({ code: 'ERR_SERVER_NOT_RUNNING' })
  })

  it('[S16] ref and unref return the server, before and while it listens', async () => {
    const { server } = await serve({ transport })
    expect(server.unref().unref()).toBe(server)
    expect(server.ref().ref()).toBe(server)
  })

  it('[N2] are iterated over until the server closes', async () => {
    const server = await listen({ port: 0, host: '127.0.0.1', transport })
    const { port } = server.address() as { port: number }
    const seen: string[] = []
    const iterated = (async () => {
      for await (const socket of server) {
        seen.push(String(await readAll(socket)))
        if (seen.length === 3) server.close()
      }
    })()
    for (const word of ['a', 'b', 'c']) {
      const socket = await dialPromise({ port, host: '127.0.0.1', transport })
      socket.resume().end(word)
    }
    await iterated
    expect(seen.sort()).toEqual(['a', 'b', 'c'])
  })

  it('[N2] wait to be taken up to a bound', async () => {
    const { server, dial } = await serve({ transport })
    const iterator = connections(server, { limit: 2 })
    const clients: Socket[] = []
    let answered = 0
    for (let i = 0; i < 5; i++) {
      const client = dial().on('error', () => {})
      client.on('close', () => answered++)
      clients.push(client)
    }
    if (canPause(transport)) {
      // None is lost: the others wait in the backlog.
      for (let i = 0; i < 5; i++) expect((await iterator.next()).done).toBe(false)
      expect(answered).toBe(0)
    } else {
      for (let i = 0; i < 3; i++) await once(server, 'drop')
      expect((await iterator.next()).done).toBe(false)
      expect((await iterator.next()).done).toBe(false)
    }
    await iterator.return?.()
    expect(server.listening).toBe(false)
  })

  it('[N2] a promise of a connection rejects with the error, and with an abort', async () => {
    const port = await freePort()
    await expect(dialPromise({ port, host: '127.0.0.1', transport })).rejects.toMatchObject({
      code: 'ECONNREFUSED',
      syscall: 'connect',
      port,
    })
    const signal = AbortSignal.abort()
    await expect(dialPromise({ port, host: '127.0.0.1', signal })).rejects.toMatchObject({
      name: 'AbortError',
    })
    const { port: taken } = await serve({ transport })
    await expect(listen({ port: taken, host: '127.0.0.1', transport })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    })
  })

  it('[N4] a rejected promise of a listener costs its own connection, with captureRejections', async () => {
    const boom = new Error('boom')
    let tell: (error: Error) => void
    const told = new Promise<Error>(resolve => {
      tell = resolve
    })
    const { dial } = await serve({
      transport,
      captureRejections: true,
      listener: async socket => {
        socket.on('error', tell)
        throw boom
      },
    })
    dial().on('error', () => {})
    expect(await told).toBe(boom)
  })
})
