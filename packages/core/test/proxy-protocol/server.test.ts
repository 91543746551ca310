// A server that takes PROXY headers, and a client that sends them.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import tls from 'node:tls'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  BlockList,
  createServer,
  type DropArgument,
  encodeProxyHeader,
  type ProxyHeaderInit,
  type ProxyProtocolOptions,
  proxyHeaderFor,
  type ServerOpts,
  type Socket,
} from '../../src'
import { readAll, serve, temporaryPath, transports } from '../bed'

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8)
const nobody = new BlockList()

const claimed = {
  source: { address: '203.0.113.7', port: 51_000 },
  destination: { address: '198.51.100.1', port: 443 },
}
const header = encodeProxyHeader({ ...claimed, authority: 'example.org', checksum: true })

describe.each(transports)('a server behind proxies on the $name transport', transport => {
  const proxied = (options: Partial<ProxyProtocolOptions> = {}, more: ServerOpts = {}, at?: object) =>
    serve({ transport, proxyProtocol: { trusted: loopback, ...options }, ...more }, at)

  /** Sends bytes, and answers the drop that they lead to. */
  async function dropOf(
    listening: Awaited<ReturnType<typeof serve>>,
    bytes: Buffer | string,
  ): Promise<DropArgument> {
    const client = listening.dial()
    client.on('error', () => {})
    client.write(bytes)
    const [drop] = (await once(listening.server, 'drop')) as [DropArgument]
    await new Promise(resolve => client.resume().once('close', resolve))
    return drop
  }

  it('[E3] tells the client of the proxy, in both versions', async () => {
    const listening = await proxied()
    for (const version of [1, 2] as const) {
      listening.dial({ proxyHeader: { ...claimed, version } })
      const socket = await listening.accepted()
      expect(socket).toMatchObject({
        remoteAddress: '203.0.113.7',
        remotePort: 51_000,
        remoteFamily: 'IPv4',
        localAddress: '198.51.100.1',
        localPort: 443,
        proxied: { version, protocol: 'tcp4', ...claimed },
        bytesRead: 0,
      })
      expect(socket.address()).toEqual({ address: '198.51.100.1', family: 'IPv4', port: 443 })
      socket.destroy()
      await once(socket, 'close')
      expect(socket.remoteAddress).toBe('203.0.113.7')
      expect(socket.bytesRead).toBe(0)
    }
  })

  it('[E3] takes a header that comes byte by byte, and leaves the bytes behind it alone', async () => {
    const listening = await proxied()
    const client = listening.dial({ noDelay: true })
    const accepted = listening.accepted()
    for (const byte of header) await new Promise(resolve => client.write(Buffer.from([byte]), resolve))
    const socket = await accepted
    client.end('hello')
    expect(String(await readAll(socket))).toBe('hello')
    const together = listening.dial()
    together.end(Buffer.concat([header, Buffer.from('PROXY TCP4 is data now\r\n'), header]))
    const second = await listening.accepted()
    const data = await readAll(second)
    expect(data.equals(Buffer.concat([Buffer.from('PROXY TCP4 is data now\r\n'), header]))).toBe(true)
    expect(second.bytesRead).toBe(data.length)
  })

  it('[E3] reads nothing behind the header for a server with pauseOnConnect', async () => {
    const listening = await proxied({}, { pauseOnConnect: true })
    listening.dial().end(Buffer.concat([header, Buffer.from('early')]))
    const socket = await listening.accepted()
    let heard = ''
    socket.on('data', data => {
      heard += String(data)
    })
    expect(socket.isPaused()).toBe(true)
    await new Promise(resolve => setImmediate(resolve))
    expect(heard).toBe('')
    socket.resume()
    await once(socket, 'end')
    expect(heard).toBe('early')
  })

  it('[E3] never takes the word of one who is not trusted', async () => {
    const listening = await proxied({ trusted: nobody })
    const client = listening.dial()
    client.end(header)
    const socket = await listening.accepted()
    expect(socket.proxied).toBeNull()
    expect(socket.remoteAddress).toBe('127.0.0.1')
    expect((await readAll(socket)).equals(header)).toBe(true)
    const strict = await proxied({ trusted: nobody, others: 'drop' })
    expect(await dropOf(strict, header)).toMatchObject({ reason: 'untrusted', remoteAddress: '127.0.0.1' })
  })

  it('[E3] tells the ends of the connection where the proxy speaks for itself', async () => {
    const listening = await proxied()
    const client = listening.dial({ proxyHeader: { command: 'local' } })
    const socket = await listening.accepted()
    expect(socket.proxied).toMatchObject({ command: 'local', source: null })
    expect(socket.remoteAddress).toBe('127.0.0.1')
    expect(socket.remotePort).toBe(client.localPort)
  })

  it('[E3] drops what is no header, and tells what was wrong', async () => {
    const listening = await proxied()
    let heard = 0
    listening.server.on('connection', () => heard++)
    expect(await dropOf(listening, 'GET / HTTP/1.1\r\n')).toMatchObject({
      reason: 'proxy-header',
      problem: 'is missing',
      remoteAddress: '127.0.0.1',
    })
    const changed = Buffer.from(header)
    changed[20]! ^= 1
    expect(await dropOf(listening, changed)).toMatchObject({ problem: 'has a wrong checksum' })
    const cut = listening.dial()
    cut.end(header.subarray(0, 20))
    cut.resume()
    const [drop] = await once(listening.server, 'drop')
    expect(drop).toMatchObject({ reason: 'proxy-header', problem: expect.stringContaining('cut off') })
    expect(heard).toBe(0)
    expect(listening.server.dropCounts()['proxy-header']).toBe(3)
  })

  it('[E3] drops a header that does not come in time, or is too long', async () => {
    const listening = await proxied({ timeoutMs: 30 })
    expect(await dropOf(listening, header.subarray(0, 30))).toMatchObject({ reason: 'proxy-timeout' })
    const long = encodeProxyHeader({ tlvs: [{ type: 0xe0, value: Buffer.alloc(5000) }] })
    expect(await dropOf(listening, long)).toMatchObject({
      problem: expect.stringContaining('more than 4096'),
    })
    const wide = await proxied({ maxBytes: 65_551 })
    wide.dial({ proxyHeader: { tlvs: [{ type: 0xe0, value: Buffer.alloc(60_000, 7) }] } })
    const socket = await wide.accepted()
    expect(socket.proxied!.tlvs[0]!.value.equals(Buffer.alloc(60_000, 7))).toBe(true)
  })

  it('[E3] counts those that wait for their header among its connections', async () => {
    const listening = await proxied()
    listening.server.maxConnections = 1
    const waiting = listening.dial()
    await once(waiting, 'connect')
    expect(await dropOf(listening, header)).toMatchObject({ reason: 'max-connections' })
    waiting.end(header)
    const socket = await listening.accepted()
    expect(listening.server.connections).toBe(1)
    socket.resume()
    await once(socket, 'close')
  })

  it('[E3] closes once those that waited are gone', async () => {
    for (const bytes of [header, Buffer.from('no header')]) {
      const { server, dial, accepted } = await proxied()
      const first = dial()
      first.on('error', () => {})
      await once(first, 'connect')
      first.write(header)
      const taken = await accepted()
      const waiting = dial()
      waiting.on('error', () => {})
      await once(waiting, 'connect')
      // Accepted in its order: the last one is with the server, too.
      const last = dial()
      last.write(header)
      const lastTaken = await accepted()
      let closes = 0
      server.on('close', () => closes++)
      const closed = new Promise(resolve => server.close(resolve))
      taken.destroy()
      lastTaken.destroy()
      await once(lastTaken, 'close')
      expect(closes).toBe(0)
      waiting.end(bytes)
      waiting.resume()
      server.on('connection', socket => socket.resume())
      await closed
      expect(closes).toBe(1)
    }
  })

  it('[E3] gives up those that wait at the deadline of a drain', async () => {
    const { server, dial, accepted } = await proxied()
    const waiting = dial()
    waiting.on('error', () => {})
    await once(waiting, 'connect')
    const last = dial()
    last.write(header)
    const taken = await accepted()
    taken.destroy()
    const [drop] = await Promise.all([once(server, 'drop'), server.drain({ deadlineMs: 30 })])
    expect(drop[0]).toMatchObject({ reason: 'proxy-timeout' })
  })

  it('[E3] limits and blocks the clients, and not the proxy', async () => {
    const blockList = new BlockList()
    blockList.addAddress('203.0.113.66')
    const listening = await proxied({}, { admission: { maxPerAddress: 1 }, blockList })
    const from = (address: string): ProxyHeaderInit => ({ ...claimed, source: { address, port: 1 } })
    const sent = (address: string): Socket =>
      listening
        .dial({ proxyHeader: from(address) })
        .on('error', () => {})
        .resume() as Socket
    sent('203.0.113.7')
    await listening.accepted()
    sent('203.0.113.8')
    await listening.accepted()
    sent('203.0.113.7')
    const [drop] = await once(listening.server, 'drop')
    expect(drop).toMatchObject({ reason: 'address-limit', remoteAddress: '203.0.113.7' })
    await once(sent('203.0.113.66'), 'close')
    expect(listening.server.connections).toBe(2)
  })

  it('[E3] trusts local peers where it is told to', async () => {
    const at = { path: temporaryPath() }
    const listening = await proxied({ trusted: nobody, trustLocal: true }, {}, at)
    listening.dial({ proxyHeader: claimed })
    expect(await listening.accepted()).toMatchObject({ remoteAddress: '203.0.113.7' })
    const careful = await proxied({}, {}, { path: temporaryPath() })
    careful.dial().end(header)
    const socket = await careful.accepted()
    expect((await readAll(socket)).equals(header)).toBe(true)
  })

  it('[E3] takes the header before TLS', async () => {
    const folder = path.resolve(import.meta.dirname, '../interop')
    const [key, cert] = ['key.pem', 'cert.pem'].map(name => readFileSync(path.join(folder, name)))
    const secure = tls.createServer({ key, cert }, socket => socket.end(`hello ${client?.remoteAddress}`))
    let client: Socket | undefined
    const listening = await proxied()
    listening.server.on('connection', socket => {
      client = socket
      secure.emit('connection', socket)
    })
    const raw = listening.dial({ proxyHeader: claimed })
    const speaking = tls.connect({ socket: raw as never, rejectUnauthorized: false })
    onTestFinished(() => void speaking.destroy())
    const [data] = await once(speaking, 'data')
    expect(String(data)).toBe('hello 203.0.113.7')
  })

  it('[E3] passes on what it was told', async () => {
    const back = await proxied()
    const front = await proxied({}, {})
    front.server.on('connection', socket => {
      const behind = back.dial({ proxyHeader: proxyHeaderFor(socket, { authority: 'example.org' }) })
      socket.pipe(behind).pipe(socket)
    })
    const client = front.dial({ proxyHeader: { ...claimed, version: 1 } })
    client.write('through two proxies')
    const socket = await back.accepted()
    expect(socket).toMatchObject({ remoteAddress: '203.0.113.7', localPort: 443 })
    expect(socket.proxied).toMatchObject({ version: 2, authority: 'example.org' })
    const [data] = await once(socket, 'data')
    expect(String(data)).toBe('through two proxies')
  })

  it('[E3] keeps the header ahead of what is written before the connection is made', async () => {
    const { dial, accepted } = await serve({ transport })
    const client = dial({ proxyHeader: { version: 1 } })
    client.write('first ')
    client.write('second')
    client.end()
    expect(String(await readAll(await accepted()))).toBe('PROXY UNKNOWN\r\nfirst second')
  })
})

describe('the options of PROXY headers', () => {
  const wrong: [object, string][] = [
    [{}, 'ERR_INVALID_ARG_TYPE'],
    [{ trusted: ['127.0.0.1'] }, 'ERR_INVALID_ARG_TYPE'],
    [{ trusted: nobody, others: 'guess' }, 'ERR_INVALID_ARG_VALUE'],
    [{ trusted: nobody, timeoutMs: 0 }, 'ERR_OUT_OF_RANGE'],
    [{ trusted: nobody, maxBytes: 100 }, 'ERR_OUT_OF_RANGE'],
    [{ trusted: nobody, trustLocal: 1 }, 'ERR_INVALID_ARG_TYPE'],
  ]
  it.each(wrong)('[E3] %o are refused with %s', (proxyProtocol, code) => {
    const options = { proxyProtocol } as ServerOpts
    expect(() => createServer(options)).toThrow(expect.objectContaining({ code }))
  })
})
