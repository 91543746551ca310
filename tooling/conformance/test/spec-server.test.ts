// The rows S1 to S16 of the feature table, each on every transport.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, Server, type Socket } from '@x/core'
import { UV_ENOTSUP } from '@x/core/transport'
import { expect, it } from 'vitest'
import { freshPath, listening, onEachTransport, own, textOf, thrown } from '../spec/subjects'

const host = '127.0.0.1'

onEachTransport('server', transport => {
  it('[S1] is made by createServer, new Server and Server, with and without options and listener', async () => {
    const listener = () => {}
    const makers = [
      () => createServer(listener),
      () => createServer({ allowHalfOpen: true }, listener),
      () => createServer(false as never, listener),
      () => new Server(listener),
      () => (Server as unknown as (listener: () => void) => Server)(listener),
    ]
    for (const make of makers) {
      const server = make()
      expect(server).toBeInstanceOf(Server)
      expect(server.listeners('connection')).toEqual([listener])
    }
    expect(createServer().listenerCount('connection')).toBe(0)
    expect(thrown(() => createServer('no options' as never))).toEqual({
      name: 'TypeError',
      code: 'ERR_INVALID_ARG_TYPE',
    })
  })

  it("[S2] answers the peer's FIN by itself, or goes on writing where it is half-open", async () => {
    const closing = await listening({}, socket => void socket.resume())
    const client = own(connect(closing.port, host))
    client.end('x')
    expect(await textOf(client)).toBe('')
    const halfOpen = await listening({ allowHalfOpen: true }, socket => {
      socket.resume().on('end', () => {
        socket.write('still ')
        setImmediate(() => socket.end('here'))
      })
    })
    const other = own(connect(halfOpen.port, host))
    other.end('x')
    expect(await textOf(other)).toBe('still here')
  })

  it('[S3] reads not one byte of a paused connection until resume()', async () => {
    const server = await listening({ pauseOnConnect: true })
    const connected = once(server, 'connection')
    const client = own(connect(server.port, host))
    await new Promise<void>(resolve => client.write('hello', () => resolve()))
    const [socket] = (await connected) as [Socket]
    let data = ''
    socket.setEncoding('utf8').on('data', text => {
      data += text
    })
    socket.pause()
    await once(own(connect(server.port, host)), 'connect')
    expect([socket.isPaused(), socket.bytesRead, data]).toEqual([true, 0, ''])
    socket.resume()
    await once(socket, 'data')
    expect([socket.bytesRead, data]).toEqual([5, 'hello'])
  })

  it('[S4] takes port, host, backlog and callback in every documented order', async () => {
    const forms: ((server: Server, done: () => void) => Server)[] = [
      (server, done) => server.listen(0, host, 10, done),
      (server, done) => server.listen(0, host, done),
      (server, done) => server.listen(0, 10, done),
      (server, done) => server.listen(0, done),
      (server, done) => server.listen('0' as never, host, done),
      (server, done) => server.listen(undefined as never, done),
      (server, done) => server.listen(done),
    ]
    for (const form of forms) {
      const server = own(createServer())
      await new Promise<void>(resolve => expect(form(server, resolve)).toBe(server))
      expect((server.address() as AddressInfo).port).toBeGreaterThan(0)
      server.close()
    }
  })

  it('[S5] listens on a path', async () => {
    const path = freshPath()
    const server = own(createServer(socket => own(socket).end('local')))
    await new Promise<void>(resolve => server.listen(path, 5, () => resolve()))
    expect(server.address()).toBe(path)
    expect(await textOf(own(connect(path)))).toBe('local')
  })

  it('[S6] listens on the handle of another server', async context => {
    if (transport.adopt(-1, 'listener') === UV_ENOTSUP) context.skip(`${transport.name} has no descriptors`)
    const first = await listening()
    const second = own(createServer(socket => own(socket).end('second')))
    second.listen(first)
    await once(second, 'listening')
    expect((second.address() as AddressInfo).port).toBe(first.port)
  })

  it('[S7] takes options: port before path, a signal that closes it, and refuses what says nothing', async () => {
    const abort = new AbortController()
    const server = own(createServer())
    server.listen({ port: 0, host, path: '/nowhere/at/all', backlog: 3, signal: abort.signal })
    await once(server, 'listening')
    expect(typeof server.address()).toBe('object')
    abort.abort()
    await once(server, 'close')
    expect(thrown(() => createServer().listen({}))).toEqual({
      name: 'TypeError',
      code: 'ERR_INVALID_ARG_VALUE',
    })
  })

  it('[S8] never fires listening inside the call, and gives its listeners no arguments', async () => {
    const server = own(createServer())
    const told: unknown[][] = []
    server.on('listening', (...args: unknown[]) => told.push(args))
    const called = new Promise<unknown[]>(resolve =>
      server.listen(0, host, (...args: unknown[]) => resolve(args)),
    )
    expect(told).toEqual([])
    expect(await called).toEqual([])
    expect(told).toEqual([[]])
  })

  it('[S9] gives EADDRINUSE with its fields for a taken port, and the retry works', async () => {
    const first = await listening()
    const second = own(createServer())
    second.on('close', () => expect.unreachable('an error is no close'))
    second.listen(first.port, host)
    const [error] = await once(second, 'error')
    expect(error).toMatchObject({ code: 'EADDRINUSE', syscall: 'listen', address: host, port: first.port })
    expect(error.errno).toBeLessThan(0)
    expect(second.listening).toBe(false)
    second.removeAllListeners('close')
    first.close()
    await once(first, 'close')
    second.close()
    second.listen(first.port, host)
    await once(second, 'listening')
  })

  it('[S10] throws where it listens already, and listens again after close', async () => {
    const server = await listening()
    expect(thrown(() => server.listen(0))).toEqual({ name: 'Error', code: 'ERR_SERVER_ALREADY_LISTEN' })
    server.close()
    await once(server, 'close')
    server.listen(0, host)
    await once(server, 'listening')
  })

  it('[S11] takes a port again at once, though connections of it are hardly over', async () => {
    const first = await listening({}, socket => void socket.end('bye'))
    await textOf(own(connect(first.port, host)))
    first.close()
    await once(first, 'close')
    const second = own(createServer()).listen(first.port, host)
    await once(second, 'listening')
  })

  it('[S12] answers its address while it listens, and null before and after', async () => {
    const server = own(createServer())
    expect(server.address()).toBe(null)
    server.listen(0, host)
    await once(server, 'listening')
    expect(server.address()).toEqual({ address: host, family: 'IPv4', port: expect.any(Number) })
    server.close()
    expect(server.address()).toBe(null)
  })

  it('[S13] counts its connections, not inside the call', async () => {
    const server = await listening()
    const connected = once(server, 'connection')
    own(connect(server.port, host))
    await connected
    let isInside = true
    const count = await new Promise((resolve, reject) => {
      server.getConnections((error, told) =>
        error || isInside ? reject(error ?? new Error('inside')) : resolve(told),
      )
      isInside = false
    })
    expect(count).toBe(1)
  })

  it("[S14] closes what is beyond maxConnections, and tells whose it was by 'drop'", async () => {
    const server = await listening()
    server.maxConnections = 1
    const connected = once(server, 'connection')
    const first = own(connect(server.port, host))
    await connected
    const dropped = once(server, 'drop')
    const second = own(connect(server.port, host))
    second.on('error', () => {})
    const [drop] = await dropped
    expect(drop).toMatchObject({
      localPort: server.port,
      remoteAddress: host,
      remotePort: expect.any(Number),
    })
    await once(second, 'close')
    expect(first.destroyed).toBe(false)
  })

  it('[S15] close lets what stands go on, and is over when it has ended', async () => {
    const server = await listening({}, socket => void socket.pipe(socket))
    const client = own(connect(server.port, host))
    await once(server, 'connection')
    const events: string[] = []
    server.close(error => events.push(`callback ${error}`))
    server.on('close', () => events.push('close'))
    client.end('still served')
    expect(await textOf(client)).toBe('still served')
    if (!events.includes('close')) await once(server, 'close')
    expect(events).toEqual(['callback undefined', 'close'])
    const again = await new Promise<Error | undefined>(resolve => server.close(resolve))
    expect(again).toMatchObject({ code: 'ERR_SERVER_NOT_RUNNING' })
    const disposed = await listening()
    await disposed[Symbol.asyncDispose]()
    expect(disposed.listening).toBe(false)
  })

  it('[S16] says whether it listens; ref and unref return it, and may be called twice', async () => {
    const server = createServer()
    expect(server.listening).toBe(false)
    own(server).listen(0, host)
    await once(server, 'listening')
    expect(server.listening).toBe(true)
    expect(server.unref().unref().ref().ref()).toBe(server)
  })

  it('[S16] keeps the process while it listens, and no longer once it is unref', async context => {
    if (transport.name === 'memory') context.skip('the memory of another process is not ours')
    const program = (call: string) => `
      const server = require('@x/core').createServer().listen(0, '127.0.0.1', () => {
        console.log('listening')
        ${call}
      })
      process.on('SIGTERM', () => { console.log('kept'); process.exit() })
    `
    const run = async (call: string) => {
      const env = { ...process.env, X_NET_TRANSPORT: transport.name }
      const child = spawn(process.execPath, ['-e', program(call)], { cwd: import.meta.dirname, env })
      let said = ''
      for await (const text of child.stdout.setEncoding('utf8')) {
        said += text
        if (call === '') child.kill('SIGTERM')
      }
      return said
    }
    expect(await run('')).toBe('listening\nkept\n')
    expect(await run('server.unref()')).toBe('listening\n')
  })
})
