import { once } from 'node:events'
import { inherits } from 'node:util'
import { freePort } from '@x/presets/free-port'
import { describe, expect, it, onTestFinished } from 'vitest'
import { BlockList, connect, createConnection, Socket, Stream } from '../../src'
import { UV_ENOTSUP } from '../../src/errors/errno'
import type { Lookup, Transport } from '../../src/transport/contract'
import { pair, readAll, serve, temporaryPath, transports, uncaughtErrors } from '../bed'

/** Whether the host's node:net has no type of service (Node before 24.15). */
function lacksTypeOfService(transport: Transport): boolean {
  const stream = transport.stream('tcp')
  const answer = stream.getOption('typeOfService')
  stream.close()
  return answer === UV_ENOTSUP
}

/** Answers every name with these addresses. */
function lookupOf(...addresses: string[]): Lookup {
  const all = addresses.map(address => ({ address, family: address.includes(':') ? 6 : 4 }))
  return (_hostname, options, callback) => {
    if (options.all) process.nextTick(callback, null, all)
    else process.nextTick(callback, null, all[0]!.address, all[0]!.family)
  }
}

/** The events of a socket up to 'close', in their order. */
async function eventsOf(socket: Socket): Promise<string[]> {
  const names: string[] = []
  const told = [
    'lookup',
    'connectionAttempt',
    'connectionAttemptFailed',
    'connect',
    'ready',
    'end',
    'error',
    'close',
  ]
  for (const name of told) socket.on(name, () => names.push(name))
  await new Promise(resolve => socket.on('close', resolve))
  return names
}

describe.each(transports)('a socket on the $name transport', transport => {
  it('[K1] is made with and without new, by a subclass, and by a constructor that inherits', () => {
    expect(Socket()).toBeInstanceOf(Socket)
    expect(Stream).toBe(Socket)
    class Sub extends Socket {
      readonly mine = true
    }
    expect(new Sub()).toBeInstanceOf(Socket)
    expect(new Sub().mine).toBe(true)
    function Old(this: Socket) {
      ;(Socket as unknown as (this: Socket) => void).call(this)
    }
    inherits(Old, Socket)
    const old = new (Old as unknown as new () => Socket)()
    expect(old).toBeInstanceOf(Socket)
    expect(old.pending).toBe(true)
  })

  it('[K1] reads into the caller’s buffer with onread', async () => {
    const { dial, accepted } = await serve({ transport })
    const buffer = Buffer.alloc(4)
    const seen: string[] = []
    const onread = {
      buffer,
      callback: (bytes: number, into: Uint8Array) => {
        seen.push(Buffer.from(into.subarray(0, bytes)).toString())
        return true
      },
    }
    const client = dial({ onread })
    const [socket] = await Promise.all([accepted(), once(client, 'connect')])
    socket.end('hello world')
    await once(client, 'end')
    expect(seen.join('')).toBe('hello world')
    expect(Math.max(...seen.map(part => part.length))).toBeLessThanOrEqual(4)
  })

  it('[K1] is destroyed with an AbortError by its signal', async () => {
    const controller = new AbortController()
    const { dial } = await serve({ transport })
    const client = dial({ signal: controller.signal })
    await once(client, 'connect')
    controller.abort()
    await expect(once(client, 'close')).rejects.toMatchObject({ name: 'AbortError', code: 'ABORT_ERR' })
  })

  it.each(['lookup', 'connectionAttempt', 'connectionAttemptFailed'])(
    '[K2] connects though a listener of %s throws',
    async event => {
      const thrown = uncaughtErrors()
      const { port } = await serve({ transport })
      for (const autoSelectFamilyOverlap of [false, true]) {
        const socket = new Socket({ transport })
        onTestFinished(() => void socket.destroy())
        socket.once(event, () => {
          throw new Error(event)
        })
        const lookup = lookupOf('127.0.0.2', '127.0.0.1')
        socket.connect({ port, host: 'two.example', lookup, autoSelectFamily: true, autoSelectFamilyOverlap })
        await once(socket, 'connect')
      }
      expect(thrown.map(({ message }) => message)).toEqual([event, event])
    },
  )

  it('[K2] connects by port, by port and host, by options and by path', async () => {
    const tcp = await serve({ transport })
    const path = temporaryPath()
    await serve({ transport }, { path })
    const { port } = tcp
    const sockets = [
      connect(port, '127.0.0.1'),
      createConnection({ port, host: '127.0.0.1', family: 4 }),
      connect({ path, transport }),
      new Socket({ transport }).connect(path),
      new Socket({ transport }).connect(port, '127.0.0.1'),
      connect({ port, host: 'some.name', lookup: lookupOf('127.0.0.1'), transport }),
    ]
    for (const socket of sockets) {
      if (socket.connecting) await once(socket, 'connect')
      expect(socket.readyState).toBe('open')
      socket.destroy()
      await once(socket, 'close')
    }
  })

  it('[K2] connects from the local address and port that it is told', async () => {
    const localPort = await freePort()
    const { dial, accepted } = await serve({ transport })
    const client = dial({ localAddress: '127.0.0.1', localPort })
    const [socket] = await Promise.all([accepted(), once(client, 'connect')])
    expect(socket.remotePort).toBe(localPort)
  })

  it('[K2] refuses an address on its block list', async () => {
    const blockList = new BlockList()
    blockList.addAddress('127.0.0.1')
    const { dial } = await serve({ transport })
    await expect(once(dial({ blockList }), 'connect')).rejects.toMatchObject({ code: 'ERR_IP_BLOCKED' })
  })

  it('[K2] connects again after it has closed', async () => {
    const { dial, port } = await serve({ transport, listener: socket => void socket.end('x') })
    const client = dial()
    for (let round = 0; round < 3; round++) {
      if (round > 0) client.connect(port, '127.0.0.1')
      const [data] = await once(client, 'data')
      expect(String(data)).toBe('x')
      await once(client, 'close')
      expect(client.destroyed).toBe(true)
    }
  })

  it('[K3] tells its events in order', async () => {
    const { port } = await serve({ transport, listener: socket => void socket.end() })
    const client = connect({ port, host: 'some.name', lookup: lookupOf('127.0.0.1'), transport })
    client.resume()
    expect(await eventsOf(client)).toEqual([
      'lookup',
      'connectionAttempt',
      'connect',
      'ready',
      'end',
      'close',
    ])
    const refused = connect({ port: await freePort(), host: '127.0.0.1', transport })
    expect(await eventsOf(refused)).toEqual([
      'connectionAttempt',
      'connectionAttemptFailed',
      'error',
      'close',
    ])
  })

  it('[K7] tries the addresses of a name in turn, and says what it tried', async () => {
    const { port } = await serve({ transport })
    const client = connect({ port, host: 'two.names', lookup: lookupOf('::1', '127.0.0.1'), transport })
    await once(client, 'connect')
    expect(client.remoteAddress).toBe('127.0.0.1')
    expect(client.autoSelectFamilyAttemptedAddresses).toEqual([`::1:${port}`, `127.0.0.1:${port}`])
    client.destroy()
    await once(client, 'close')
  })

  it('[K7] fails with all errors in one where every address failed', async () => {
    const port = await freePort()
    const client = connect({ port, host: 'two.names', lookup: lookupOf('127.0.0.1', '::1'), transport })
    const [error] = (await once(client, 'error').catch(failed => [failed])) as [
      AggregateError & { code: string },
    ]
    expect(error).toBeInstanceOf(AggregateError)
    expect(error.code).toBe('ECONNREFUSED')
    expect(error.errors.map((each: Error) => each.message)).toEqual([
      `connect ECONNREFUSED 127.0.0.1:${port}`,
      `connect ECONNREFUSED ::1:${port}`,
    ])
  })

  it('[K8] throws for a wrong call, and emits what the system refuses', async () => {
    const wrong: [() => unknown, string][] = [
      [() => connect({ port: 65_536, transport }), 'ERR_SOCKET_BAD_PORT'],
      [() => connect({} as never), 'ERR_MISSING_ARGS'],
      [() => connect({ port: 1, host: 5 as never, transport }), 'ERR_INVALID_ARG_TYPE'],
      [() => connect({ port: 1, localAddress: 'nowhere', transport }), 'ERR_INVALID_IP_ADDRESS'],
      [() => new Socket({ objectMode: true }), 'ERR_INVALID_ARG_VALUE'],
      [() => new Socket().setTimeout(-1), 'ERR_OUT_OF_RANGE'],
    ]
    for (const [call, code] of wrong) expect(call).toThrow(expect.objectContaining({ code }))
    const port = await freePort()
    const failed = once(connect({ port, host: '127.0.0.1', transport }), 'connect')
    await expect(failed).rejects.toMatchObject({
      code: 'ECONNREFUSED',
      syscall: 'connect',
      address: '127.0.0.1',
      port,
    })
    const path = temporaryPath('none')
    const missing = once(connect({ path, transport }), 'connect')
    await expect(missing).rejects.toMatchObject({ code: 'ENOENT', syscall: 'connect', address: path })
  })

  it('[K5] tells both ends, and counts its bytes', async () => {
    const { near, far, port } = await pair({ transport })
    expect(near).toMatchObject({ remoteAddress: '127.0.0.1', remotePort: port, remoteFamily: 'IPv4' })
    expect(far).toMatchObject({ localPort: port, remotePort: near.localPort, localFamily: 'IPv4' })
    expect(near.address()).toEqual({ address: '127.0.0.1', family: 'IPv4', port: near.localPort })
    near.write('héllo')
    expect(near.bytesWritten).toBe(6)
    expect(near.writableLength).toBe(0)
    await once(far, 'data')
    expect(far.bytesRead).toBe(6)
    expect(near).toMatchObject({ pending: false, connecting: false, readyState: 'open', timeout: undefined })
    near.destroy()
    await once(near, 'close')
    expect(near).toMatchObject({ pending: true, readyState: 'closed', bytesWritten: 6 })
  })

  it('[K6] emits timeout after a time without activity, and not once it is turned off', async () => {
    const { near } = await pair({ transport })
    near.setTimeout(20)
    await once(near, 'timeout')
    expect(near.timeout).toBe(20)
    expect(near.destroyed).toBe(false)
    near.setTimeout(0)
    expect(near.timeout).toBe(0)
  })

  it('[K6] takes its settings before and after it is connected', async () => {
    const { dial, accepted } = await serve({
      transport,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 1000,
    })
    const client = dial({ noDelay: true, keepAlive: true })
    expect(client.setNoDelay(false).setKeepAlive(true, 1000, 1000, 3).setTimeout(10_000)).toBe(client)
    await Promise.all([accepted(), once(client, 'connect')])
    expect(client.setNoDelay().setKeepAlive({ enable: true, initialDelay: 2000 })).toBe(client)
    expect(client.ref().unref().ref()).toBe(client)
    expect(client.setEncoding('utf8').pause().resume()).toBe(client)
  })

  it.skipIf(lacksTypeOfService(transport))('[K6] sets and reads the type of service', async () => {
    const { near } = await pair({ transport })
    near.setTypeOfService(0x10)
    expect(near.getTypeOfService() & 0xfc).toBe(0x10)
    expect(() => near.setTypeOfService(256)).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }))
  })
})

describe.each(transports)('connecting anew on the $name transport', transport => {
  it('[K2] takes the first answer of a lookup that calls back twice', async () => {
    const { server, port, accepted } = await serve({ transport })
    const lookup = (_host: string, _options: object, callback: (...answer: unknown[]) => void) => {
      callback(null, '127.0.0.1', 4)
      callback(null, '127.0.0.1', 4)
    }
    const socket = new Socket({ transport })
    let connects = 0
    socket.on('connect', () => connects++)
    socket.connect({ port, host: 'h.test', autoSelectFamily: false, lookup: lookup as never })
    await Promise.all([once(socket, 'ready'), accepted()])
    socket.destroy()
    await once(socket, 'close')
    await new Promise(resolve => server.close(resolve))
    expect(connects).toBe(1)
  })

  it("[K2] a 'connect' listener may leave for another connection, and lose nothing of either", async () => {
    const texts: Promise<string>[] = []
    const { port } = await serve({ transport, listener: peer => texts.push(readAll(peer).then(String)) })
    const socket = new Socket({ transport })
    const called: unknown[] = []
    const connect = () => socket.connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      connect()
      socket.write('b', error => {
        called.push(error ?? 'b')
        socket.destroy()
      })
    })
    connect()
    socket.write('a', error => called.push(error ?? 'a'))
    await once(socket, 'close')
    await once(socket, 'close')
    await expect.poll(() => texts.length).toBe(2)
    expect(await Promise.all(texts)).toEqual(['a', 'b'])
    expect(called).toEqual(['a', 'b'])
  })

  describe.each([
    ['while it connects', async () => {}],
    ['once connected', (socket: Socket) => once(socket, 'connect')],
  ])('leaves the connection before to its writes and its end: %s', (_when, reached) => {
    it.each(['write', 'end', 'write end', 'write write', ''])('[K2] %s', async acts => {
      const texts: Promise<string>[] = []
      const listener = (peer: Socket) => texts.push(readAll(peer).then(String, () => ''))
      const { port } = await serve({ transport, listener, allowHalfOpen: true })
      const socket = new Socket({ transport, allowHalfOpen: true })
      const called: string[] = []
      const told = (name: string) => (error?: Error | null) =>
        void called.push(error ? `${name} fails` : name)
      socket.connect(port, '127.0.0.1')
      await reached(socket)
      // More than the system takes, so that it is under way.
      for (const act of acts.split(' ')) {
        if (act === 'write') socket.write(Buffer.alloc(20_000_000, 'a'), told('old'))
        if (act === 'end') socket.end(told('old'))
      }
      socket.destroy()
      socket.connect(port, '127.0.0.1')
      expect(called).toEqual([])
      socket.write('b', told('b'))
      await new Promise<void>(resolve => socket.once('connect', resolve))
      expect(socket.writable).toBe(true)
      socket.write('c', told('c'))
      socket.end('d', told('end'))
      await once(socket, 'finish')
      const failures = acts.split(' ').filter(Boolean)
      expect(called).toEqual([...failures.map(() => 'old fails'), 'b', 'c', 'end'])
      expect(await texts.at(-1)).toBe('bcd')
      socket.destroy()
    })
  })
})

describe('new Socket({ handle })', () => {
  it('refuses what is no handle of a transport', () => {
    for (const handle of [{}, 5, 'x', () => {}]) {
      expect(() => new Socket({ handle: handle as object })).toThrow(
        expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
      )
    }
    expect(new Socket({ handle: null as unknown as object }).pending).toBe(true)
  })
})
