// Options of the system's sockets, what TCP tells of a connection, and which options there are.
import { once } from 'node:events'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  connect,
  createServer,
  type Server,
  Socket,
  type SocketOptions,
  socketOptionSupport,
} from '../../src'
import { UV_EMFILE } from '../../src/errors/errno'
import type { Lookup } from '../../src/transport/contract'
import { loadNative } from '../../src/transport/native'
import { portable } from '../../src/transport/portable'
import { wrapTransport } from '../../src/transport/wrap-transport'
import { pair, serve, temporaryPath } from '../bed'

const native = loadNative().transport
const isLinux = process.platform === 'linux'
const SOL_SOCKET = 1
const SO_KEEPALIVE = 9
const SO_TYPE = 3

const unsupported = expect.objectContaining({ code: 'ERR_X_UNSUPPORTED' })

describe('socket options on the portable transport', () => {
  it('[E4] are refused, with the reason', async () => {
    expect(() => createServer({ transport: portable, socketOptions: { mark: 1 } })).toThrow(unsupported)
    expect(() => new Socket({ transport: portable, socketOptions: {} })).toThrow(unsupported)
    expect(() => new Socket({ transport: portable }).setSocketOption('mark', 1)).toThrow(unsupported)
    const { near, server } = await pair({ transport: portable })
    expect(() => near.tcpInfo()).toThrow(unsupported)
    expect(() => near.getSocketOption('sendBufferSize')).toThrow(unsupported)
    expect(() => near.setRawSocketOption(1, 1, 1)).toThrow(unsupported)
    expect(() => server.getSocketOption('sendBufferSize')).toThrow(unsupported)
    expect(socketOptionSupport(portable).sendBufferSize).toMatchObject({
      isSupported: false,
      reason: expect.stringContaining('portable'),
    })
  })
})

describe.skipIf(native === null || !isLinux)('socket options on the native transport of Linux', () => {
  it('[E4] that are refused leave a descriptor and a handle to their owner', async () => {
    const { near } = await pair({ transport: native! })
    const fd = native!.descriptors!.duplicate((near._handle as { fd: number }).fd)
    const socketOptions = { congestionControl: 'none-such' }
    expect(() => new Socket({ fd, socketOptions })).toThrow(
      expect.objectContaining({ syscall: 'setsockopt' }),
    )
    const handle = native!.adopt(fd, 'stream')
    if (typeof handle === 'number') throw new Error(`the descriptor was closed: ${handle}`)
    expect(() => new Socket({ handle, socketOptions } as object)).toThrow(
      expect.objectContaining({ syscall: 'setsockopt' }),
    )
    expect(handle.fd).toBe(fd)
    await new Promise<void>(resolve => handle.close(resolve))
  })

  const transport = native!

  /** Listens, connects with options, and answers both ends. */
  async function connected(options: SocketOptions, more: { socketOptions?: SocketOptions } = {}) {
    const listening = await serve({ transport, ...more })
    const near = listening.dial({ socketOptions: options })
    const [far] = await Promise.all([listening.accepted(), once(near, 'connect')])
    return { ...listening, near, far }
  }

  it('[E4] are set before a client connects, and are read back', async () => {
    const { near } = await connected({
      sendBufferSize: 50_000,
      receiveBufferSize: 60_000,
      userTimeoutMs: 12_345,
      notSentLowWater: 4_000_000_000,
      quickAck: false,
      congestionControl: 'reno',
      priority: 3,
      maxSegmentSize: 1000,
      bindToDevice: '',
    })
    expect(near.getSocketOption('sendBufferSize')).toBe(100_000)
    expect(near.getSocketOption('receiveBufferSize')).toBe(120_000)
    expect(near.getSocketOption('userTimeoutMs')).toBe(12_345)
    expect(near.getSocketOption('notSentLowWater')).toBe(4_000_000_000)
    expect(near.getSocketOption('congestionControl')).toBe('reno')
    expect(near.getSocketOption('priority')).toBe(3)
    expect(near.getSocketOption('bindToDevice')).toBe('')
    expect(near.tcpInfo().sendMss).toBeLessThanOrEqual(1000)
    near.setSocketOption('userTimeoutMs', 0).setSocketOption('quickAck', true)
    expect(near.getSocketOption('userTimeoutMs')).toBe(0)
    expect(near.getSocketOption('quickAck')).toBe(true)
  })

  it('[E4] are set before a server is bound, and its connections inherit them', async () => {
    const { server, far } = await connected(
      {},
      {
        socketOptions: {
          receiveBufferSize: 70_000,
          congestionControl: 'reno',
          fastOpenQueue: 5,
          deferAcceptSeconds: 0,
        },
      },
    )
    expect(server.getSocketOption('fastOpenQueue')).toBe(5)
    expect(server.getSocketOption('receiveBufferSize')).toBe(140_000)
    expect(far.getSocketOption('receiveBufferSize')).toBe(140_000)
    expect(far.getSocketOption('congestionControl')).toBe('reno')
    server.setSocketOption('priority', 2)
    expect(server.getSocketOption('priority')).toBe(2)
  })

  it('[E4] accept a connection with its first data, where that is deferred', async () => {
    const { server, dial } = await serve({ transport, socketOptions: { deferAcceptSeconds: 5 } })
    let count = 0
    server.on('connection', () => count++)
    const client = dial()
    await once(client, 'connect')
    // One that speaks at once is accepted; the silent one before it still waits.
    const talker = dial()
    talker.write('hello')
    const [socket] = (await once(server, 'connection')) as [Socket]
    expect(socket.remotePort).toBe(talker.localPort)
    expect(count).toBe(1)
    client.destroy()
  })

  it('[E4] of a socket that does not connect yet are kept until it does', async () => {
    const { port, accepted } = await serve({ transport })
    const near = new Socket({ transport, socketOptions: { priority: 1, userTimeoutMs: 5 } })
    onTestFinished(() => void near.destroy())
    near.setSocketOption('priority', 4)
    expect(() => near.getSocketOption('priority')).toThrow(
      expect.objectContaining({ code: 'ERR_SOCKET_CLOSED' }),
    )
    near.connect({ port, host: '127.0.0.1', localAddress: '127.0.0.9' })
    await Promise.all([accepted(), once(near, 'connect')])
    expect(near.getSocketOption('priority')).toBe(4)
    expect(near.getSocketOption('userTimeoutMs')).toBe(5)
    expect(near.localAddress).toBe('127.0.0.9')
  })

  it.each(['127.0.0.1', 'one.example'])('[E4] that are set while it connects to %s hold, too', async host => {
    const { port } = await serve({ transport }, { port: 0, host: '127.0.0.1' })
    const lookup: Lookup = (_, __, callback) => setImmediate(callback, null, '127.0.0.1', 4)
    const dial = (): Socket => {
      const made = connect({ port, host, family: 4, lookup, transport, socketOptions: { userTimeoutMs: 5 } })
      onTestFinished(() => void made.destroy())
      return made
    }
    const moments = [
      (socket: Socket, set: () => void) => void socket.once('connectionAttempt', set),
      (socket: Socket, set: () => void) => void socket.once('connectionAttempt', () => process.nextTick(set)),
      (_: Socket, set: () => void) => set(),
    ]
    for (const at of moments) {
      const near = dial()
      at(near, () => near.setSocketOption('priority', 4).setSocketOption('priority', 5))
      await once(near, 'connect')
      expect([near.getSocketOption('priority'), near.getSocketOption('userTimeoutMs')]).toEqual([5, 5])
    }
    const refused = dial()
    refused.once('connectionAttempt', () => refused.setSocketOption('congestionControl', 'nonesuch'))
    expect(await once(refused, 'error')).toMatchObject([{ code: 'ENOENT', syscall: 'setsockopt' }])
  })

  it('[E4] are not to blame where there is no socket to have them', async () => {
    const short = wrapTransport(transport, {
      descriptors: { ...transport.descriptors!, openSocket: () => UV_EMFILE },
    })
    const client = connect({
      port: 1,
      host: '127.0.0.1',
      transport: short,
      socketOptions: { userTimeoutMs: 5 },
    })
    expect(await once(client, 'error')).toMatchObject([{ code: 'EMFILE', syscall: 'connect' }])
    const isShort = expect.objectContaining({ code: 'EMFILE', syscall: 'socket' })
    expect(() => socketOptionSupport(short)).toThrow(isShort)
  })

  it('[E4] that the system refuses fail the connection, or the listening', async () => {
    const refused = { socketOptions: { congestionControl: 'nonesuch' }, transport }
    const client = connect({ port: 1, host: '127.0.0.1', ...refused })
    const [error] = await once(client, 'error')
    expect(error).toMatchObject({ code: 'ENOENT', syscall: 'setsockopt' })
    const server = createServer(refused).listen(0, '127.0.0.1')
    expect((await once(server, 'error'))[0]).toMatchObject({ code: 'ENOENT', syscall: 'setsockopt' })
    const local = createServer(refused).listen(temporaryPath())
    expect((await once(local, 'error'))[0]).toMatchObject({ syscall: 'setsockopt' })
    const anywhere = createServer(refused).listen(0)
    expect((await once(anywhere, 'error'))[0]).toMatchObject({ code: 'ENOENT', syscall: 'setsockopt' })
    expect(server.listening).toBe(false)
    const { near } = await pair({ transport })
    const refusedNow = expect.objectContaining({ code: 'ENOENT', syscall: 'setsockopt' })
    expect(() => near.setSocketOption('congestionControl', 'nonesuch')).toThrow(refusedNow)
    const isTooLate = expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' })
    expect(() => near.setSocketOption('multipath', true)).toThrow(isTooLate)
    const early = connect({ port: 1, host: '127.0.0.1', transport })
    const attempted = once(early, 'connectionAttempt')
    const failed = once(early, 'error')
    await attempted
    expect(() => early.setSocketOption('multipath', true)).toThrow(isTooLate)
    await failed
  })

  it('[E4] apply to each address that is tried', async () => {
    const { port, accepted } = await serve({ transport }, { port: 0, host: '127.0.0.1' })
    const near = connect({
      port,
      host: 'two.example',
      transport,
      socketOptions: { priority: 5 },
      lookup: (_, __, callback) =>
        setImmediate(callback, null, [
          { address: '127.0.0.2', family: 4 },
          { address: '127.0.0.1', family: 4 },
        ]),
    })
    onTestFinished(() => void near.destroy())
    await Promise.all([accepted(), once(near, 'connect')])
    expect(near.getSocketOption('priority')).toBe(5)
  })

  it('[E4] work on local connections where the system has them there', async () => {
    const at = { path: temporaryPath() }
    const { near, server } = await pair({ transport, socketOptions: { sendBufferSize: 40_000 } }, at)
    expect(server.getSocketOption('sendBufferSize')).toBe(80_000)
    near.setSocketOption('sendBufferSize', 30_000)
    expect(near.getSocketOption('sendBufferSize')).toBe(60_000)
    expect(() => near.tcpInfo()).toThrow(expect.objectContaining({ syscall: 'getsockopt' }))
    const refused = connect({ ...at, transport, socketOptions: { userTimeoutMs: 1 } })
    expect((await once(refused, 'error'))[0]).toMatchObject({ syscall: 'setsockopt' })
  })

  it('[E4] without a name are set and read by number', async () => {
    const { near } = await pair({ transport })
    near.setRawSocketOption(SOL_SOCKET, SO_KEEPALIVE, 1)
    expect(near.getRawSocketOption(SOL_SOCKET, SO_KEEPALIVE).readInt32LE()).toBe(1)
    near.setRawSocketOption(SOL_SOCKET, SO_KEEPALIVE, Buffer.from(Int32Array.of(0).buffer))
    expect(near.getRawSocketOption(SOL_SOCKET, SO_KEEPALIVE, 100)).toEqual(Buffer.alloc(4))
    expect(near.getRawSocketOption(SOL_SOCKET, SO_TYPE, 1)).toHaveLength(1)
    expect(() => near.setRawSocketOption(SOL_SOCKET, SO_TYPE, 1)).toThrow(
      expect.objectContaining({ code: 'ENOPROTOOPT' }),
    )
    expect(() => near.getRawSocketOption(1, 9, 0)).toThrow(
      expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }),
    )
    near.destroy()
    expect(() => near.getRawSocketOption(1, 9)).toThrow(
      expect.objectContaining({ code: 'ERR_SOCKET_CLOSED' }),
    )
  })

  it('[E4] tell how a connection does', async () => {
    const { near, far } = await pair({ transport })
    far.resume()
    near.write(Buffer.alloc(100_000))
    near.end()
    await once(far, 'end')
    const info = far.tcpInfo()
    expect(info.rttMs).toBeGreaterThan(0)
    expect(info.bytesReceived).toBeGreaterThanOrEqual(100_000)
    expect(info).toMatchObject({ retransmits: 0, lost: 0 })
    expect(info.congestionWindow).toBeGreaterThan(0)
    expect(info.segmentsReceived).toBeGreaterThan(0)
  })

  it('[E4] are told before they are used', async () => {
    const support = socketOptionSupport(transport)
    for (const name of ['sendBufferSize', 'userTimeoutMs', 'congestionControl', 'tcpInfo'] as const)
      expect(support[name]).toEqual({ isSupported: true, reason: null })
    const { isSupported, reason } = support.multipath
    expect(reason === null).toBe(isSupported)
  })

  const hasMultipath = native !== null && isLinux && socketOptionSupport(native).multipath.isSupported
  it.skipIf(!hasMultipath)(
    '[E4] connect over several paths, and over one where the peer has one',
    async () => {
      const both = await connected({ multipath: true }, { socketOptions: { multipath: true } })
      expect(both.near.getSocketOption('multipath')).toBe(true)
      expect(both.server.getSocketOption('multipath')).toBe(true)
      both.near.write('hello')
      expect(String((await once(both.far, 'data'))[0])).toBe('hello')
      const one = await connected({ multipath: true })
      one.near.write('hello')
      expect(String((await once(one.far, 'data'))[0])).toBe('hello')
    },
  )

  it('[E4] are refused on a server that does not listen', () => {
    const server: Server = createServer({ transport })
    const error = expect.objectContaining({ code: 'ERR_SERVER_NOT_RUNNING' })
    expect(() => server.getSocketOption('priority')).toThrow(error)
  })

  const wrong: [object, string][] = [
    [{ nonesuch: 1 }, 'ERR_INVALID_ARG_VALUE'],
    [{ [Symbol('priority')]: 1 }, 'ERR_INVALID_ARG_VALUE'],
    [{ sendBufferSize: -1 }, 'ERR_OUT_OF_RANGE'],
    [{ sendBufferSize: 2 ** 31 }, 'ERR_OUT_OF_RANGE'],
    [{ mark: 2 ** 32 }, 'ERR_OUT_OF_RANGE'],
    [{ quickAck: 1 }, 'ERR_INVALID_ARG_TYPE'],
    [{ congestionControl: 'a'.repeat(16) }, 'ERR_INVALID_ARG_VALUE'],
    [{ congestionControl: 'a\0b' }, 'ERR_INVALID_ARG_VALUE'],
  ]
  it.each(wrong)('[E4] %o are refused with %s', (socketOptions, code) => {
    const expected = expect.objectContaining({ code })
    expect(() => createServer({ transport, socketOptions })).toThrow(expected)
    expect(() => connect({ port: 1, transport, socketOptions })).toThrow(expected)
  })
})
