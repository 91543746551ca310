// The rows K1 to K8 and N4, N6 of the feature table, each on every transport.
import { AsyncLocalStorage } from 'node:async_hooks'
import { once } from 'node:events'
import http from 'node:http'
import { Duplex } from 'node:stream'
import { connect, createConnection, createServer, Socket } from '@x/core'
import { expect, it } from 'vitest'
import { freshPath, listening, onEachTransport, own, textOf, thrown } from '../spec/subjects'

const host = '127.0.0.1'

onEachTransport('socket', transport => {
  it('[K1] is a Duplex that users create, with and without new', async () => {
    const server = await listening({}, socket => void socket.end('hello'))
    const sockets = [new Socket(), (Socket as unknown as () => Socket)(), new Socket({ allowHalfOpen: true })]
    for (const socket of sockets) {
      expect(own(socket)).toBeInstanceOf(Duplex)
      expect([socket.pending, socket.connecting, socket.readyState]).toEqual([true, false, 'open'])
    }
    expect(await textOf(sockets[0]!.connect(server.port, host))).toBe('hello')
  })

  it('[K2] connects by port, path and options', async () => {
    const server = await listening({}, socket => void socket.end('tcp'))
    const path = freshPath()
    const local = own(createServer(socket => own(socket).end('local'))).listen(path)
    await once(local, 'listening')
    const connected = await Promise.all([
      textOf(own(connect(server.port, host))),
      textOf(own(createConnection({ port: server.port, host, noDelay: true, keepAlive: true }))),
      textOf(own(new Socket().connect({ port: server.port, host, family: 4, timeout: 60_000 }))),
      textOf(own(connect(path))),
      textOf(own(connect({ path }))),
    ])
    expect(connected).toEqual(['tcp', 'tcp', 'tcp', 'local', 'local'])
  })

  it("[K3] emits its events in Node's order", async () => {
    const server = await listening({}, socket => void socket.end('x'))
    const events: string[] = []
    const socket = own(connect({ port: server.port, host: 'localhost', family: 4, lookup: toHost as never }))
    for (const event of ['lookup', 'connect', 'ready', 'data', 'end', 'close']) {
      socket.on(event, () => events.push(event))
    }
    await once(socket, 'close')
    expect(events).toEqual(['lookup', 'connect', 'ready', 'data', 'end', 'close'])
  })

  it('[K4] writes with back-pressure, in order, and calls back for each', async () => {
    const server = await listening({ pauseOnConnect: true })
    const connected = once(server, 'connection')
    const client = own(connect(server.port, host))
    const [socket] = (await connected) as [Socket]
    const chunk = Buffer.alloc(1 << 20, 'a')
    let sent = 0
    let calledBack = 0
    while (client.write(chunk, () => calledBack++) || sent < 8) sent++
    sent++
    const drained = once(client, 'drain')
    let received = 0
    socket.on('data', data => {
      received += data.length
    })
    socket.resume()
    await drained
    client.end('z')
    await once(socket, 'end')
    expect(received).toBe(sent * chunk.length + 1)
    expect(calledBack).toBe(sent)
  })

  it('[K4] resets the connection by resetAndDestroy', async () => {
    const server = await listening()
    const connected = once(server, 'connection')
    const client = own(connect(server.port, host))
    const [socket] = (await connected) as [Socket]
    const failed = once(socket.resume(), 'error')
    client.resetAndDestroy()
    expect((await failed)[0]).toMatchObject({ code: 'ECONNRESET', syscall: 'read' })
  })

  it('[K5] tells its ends, its counts and its state', async () => {
    const server = await listening({}, socket => void socket.pipe(socket))
    const client = own(connect(server.port, host))
    expect([client.connecting, client.readyState]).toEqual([true, 'opening'])
    await once(client, 'connect')
    expect(client).toMatchObject({
      connecting: false,
      pending: false,
      readyState: 'open',
      remoteAddress: host,
      remotePort: server.port,
      remoteFamily: 'IPv4',
      localAddress: host,
      localFamily: 'IPv4',
      localPort: expect.any(Number),
    })
    expect(client.address()).toEqual({ address: host, family: 'IPv4', port: client.localPort })
    client.end('12345')
    await textOf(client)
    expect([client.bytesWritten, client.bytesRead]).toEqual([5, 5])
    if (!client.closed) await once(client, 'close')
    expect([client.destroyed, client.readyState]).toEqual([true, 'closed'])
  })

  it('[K6] has its settings, each of which returns the socket', async () => {
    const server = await listening({}, socket => void socket.write('quiet'))
    const client = own(connect(server.port, host))
    const settings = [
      client.setNoDelay(true),
      client.setKeepAlive(true, 1000),
      client.setEncoding('utf8'),
      client.unref(),
      client.ref(),
      client.pause(),
      client.resume(),
    ]
    expect(settings.every(answer => answer === client)).toBe(true)
    expect((await once(client, 'data'))[0]).toBe('quiet')
    client.setTimeout(20)
    expect(client.timeout).toBe(20)
    await once(client, 'timeout')
    expect(client.destroyed).toBe(false)
  })

  it('[K7] tries the next address where one refuses, and tells all failures where all do', async () => {
    const server = await listening({}, socket => void socket.end('found'))
    const nobody = await listening()
    nobody.close()
    await once(nobody, 'close')
    const lookup = (_name: string, _options: unknown, done: (error: null, found: object[]) => void) =>
      done(null, [
        { address: '::1', family: 6 },
        { address: host, family: 4 },
      ])
    const where = { host: 'somewhere', lookup: lookup as never, autoSelectFamily: true }
    expect(await textOf(own(connect({ ...where, port: server.port })))).toBe('found')
    const [error] = await once(own(connect({ ...where, port: nobody.port })), 'error')
    expect(error).toBeInstanceOf(AggregateError)
    expect(error.errors).toHaveLength(2)
  })

  it('[K8] throws for a mistake at once, and emits what the system refuses', async () => {
    expect(thrown(() => connect(65_536))).toEqual({ name: 'RangeError', code: 'ERR_SOCKET_BAD_PORT' })
    expect(thrown(() => connect({} as never))).toEqual({ name: 'TypeError', code: 'ERR_MISSING_ARGS' })
    const nobody = await listening()
    nobody.close()
    await once(nobody, 'close')
    const [error] = await once(own(connect(nobody.port, host)), 'error')
    expect(error).toMatchObject({
      code: 'ECONNREFUSED',
      syscall: 'connect',
      address: host,
      port: nobody.port,
      message: `connect ECONNREFUSED ${host}:${nobody.port}`,
    })
  })

  it('[N4] runs its listeners in the async context that they belong to, and ends by a signal', async () => {
    const server = await listening({}, socket => void socket.write('x'))
    const storage = new AsyncLocalStorage<string>()
    const stores = await storage.run('mine', () => {
      const client = own(connect(server.port, host))
      return Promise.all(
        ['connect', 'data'].map(
          event => new Promise(resolve => client.on(event, () => resolve(storage.getStore()))),
        ),
      )
    })
    expect(stores).toEqual(['mine', 'mine'])
    const abort = new AbortController()
    const client = own(new Socket({ signal: abort.signal })).connect(server.port, host)
    await once(client, 'connect')
    const failed = once(client, 'error')
    abort.abort()
    expect((await failed)[0]).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR' })
  })

  it("[N6] carries Node's http, served and asked over it", async () => {
    const web = http.createServer((request, response) => response.end(`you asked for ${request.url}`))
    const server = await listening({}, socket => void web.emit('connection', socket))
    const text = await new Promise((resolve, reject) => {
      const createConnection = () => own(connect(server.port, host)) as never
      http
        .get({ path: '/this', createConnection }, async response => resolve(await textOf(response as never)))
        .on('error', reject)
    })
    expect(text).toBe('you asked for /this')
    expect(transport.name).not.toBe('')
  })
})

function toHost(_name: string, _options: object, done: (...answer: unknown[]) => void): void {
  setImmediate(done, null, host, 4)
}
