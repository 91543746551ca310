// What the broker lets the open network do: limits by address and rate, silent and slow clients, PROXY headers of strangers.
import { connect, type Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Clients } from '../src/client/clients'
import { peerNetwork } from '../src/client/peer-network'
import { type Options, parseOptions } from '../src/options'
import { Edge } from '../src/worker/edge'
import { DemoProcess, runDemo, statusOf, whyNoMoves } from './demo-process'
import { RawClient } from './raw-client'

const ATTACKER = '127.0.0.66'

/** Connections of one address: how many stood at the end of a round trip, how many were closed. */
class Crowd {
  readonly #sockets = new Set<Socket>()
  came = 0
  closed = 0

  constructor() {
    onTestFinished(() => {
      for (const socket of this.#sockets) socket.destroy()
    })
  }

  get open(): number {
    return this.#sockets.size
  }

  /** Connects so many; resolves when each has been answered, or closed by the server. */
  async come(port: number, count: number, text = 'PING\r\n'): Promise<void> {
    await Promise.all(Array.from({ length: count }, () => this.#one(port, text)))
  }

  #one(port: number, text: string): Promise<void> {
    return new Promise(resolve => {
      const socket = connect({ port, host: '127.0.0.1', localAddress: ATTACKER })
      this.#sockets.add(socket)
      this.came++
      socket.on('error', () => {})
      socket.on('data', () => resolve())
      socket.on('close', () => {
        this.#sockets.delete(socket)
        this.closed++
        resolve()
      })
      socket.write(text)
    })
  }
}

it('10,000 connections of one address: as many as it may have are served, and so are others', async () => {
  await using demo = await DemoProcess.start(
    '--workers',
    '2',
    '--max-per-address',
    '50',
    '--log-level',
    'warn',
  )
  await using client = await RawClient.connect(demo.port)
  await client.ask('SUBSCRIBE news\r\n')
  const crowd = new Crowd()
  for (let round = 0; round < 50; round++) {
    await crowd.come(demo.port, 200)
    await using newcomer = await RawClient.connect(demo.port)
    expect(await newcomer.ask(`PUBLISH news ${round}\r\n`)).toBe(':1\r\n')
    await client.until(`\r\n${round}\r\n`)
  }
  expect(crowd.came).toBe(10_000)
  expect(crowd.open).toBe(50)
  const { counts, busiest } = await statusOf(demo)
  expect(counts.drops).toEqual({ 'address-limit': 9950 })
  expect(busiest[0]).toEqual({ network: ATTACKER, clients: 50 })
  const people = await runDemo(['ctl', 'status', '--port', String(demo.port)])
  expect(people.stdout).toContain(`most clients: ${ATTACKER} (50)`)
  expect(people.stdout).toContain('connections dropped: 9950 address-limit')
  await demo.printed(
    new RegExp(`warn {2}server: connections dropped: \\d+ address-limit; the last was of ${ATTACKER}`),
  )
})

const noMoves = whyNoMoves()

it.skipIf(noMoves)(
  `clients that a reload moved count as before${noMoves === null ? '' : ` (${noMoves})`}`,
  async () => {
    await using demo = await DemoProcess.start('--workers', '1', '--max-per-address', '5')
    const crowd = new Crowd()
    await crowd.come(demo.port, 7)
    expect(crowd.open).toBe(5)
    expect((await runDemo(['ctl', 'reload', '--port', String(demo.port)])).stdout).toContain(
      '5 clients moved',
    )
    await crowd.come(demo.port, 3)
    expect(crowd.open).toBe(5)
    expect((await statusOf(demo)).counts.drops).toEqual({ 'address-limit': 5 })
  },
)

it('rates: of a burst as many are served as the rate lets in, of another address all', async () => {
  await using demo = await DemoProcess.start('--workers', '1', '--address-rate', '10')
  const crowd = new Crowd()
  await crowd.come(demo.port, 100)
  const { drops } = (await statusOf(demo)).counts
  expect(crowd.open).toBeGreaterThanOrEqual(20)
  expect(drops['address-rate']).toBe(100 - crowd.open)
  expect(drops['address-rate']).toBeGreaterThan(0)
  await using client = await RawClient.connect(demo.port)
  expect(await client.ask('PING\r\n')).toBe('+PONG\r\n')
})

it('the rate of all', async () => {
  await using demo = await DemoProcess.start('--workers', '1', '--accept-rate', '10')
  const crowd = new Crowd()
  await crowd.come(demo.port, 100)
  expect((await statusOf(demo)).counts.drops).toEqual({ 'accept-rate': 100 - crowd.open })
})

it('a silent client is let go of, one that has spoken may be silent', async () => {
  await using demo = await DemoProcess.start('--workers', '1', '--first-byte-seconds', '1')
  await using spoken = await RawClient.connect(demo.port)
  await spoken.ask('SUBSCRIBE news\r\n')
  await using silent = await RawClient.connect(demo.port)
  expect(await silent.ended()).toBe('')
  await using publisher = await RawClient.connect(demo.port)
  expect(await publisher.ask('PUBLISH news x\r\n')).toBe(':1\r\n')
  expect((await statusOf(demo)).counts.drops).toEqual({ 'first-byte': 1 })
  await demo.printed(/connections dropped: 1 first-byte/)
})

it('silent clients of many addresses leave room for others', async () => {
  await using demo = await DemoProcess.start('--workers', '1', '--max-clients', '40', '--max-silent', '20')
  const sockets = Array.from({ length: 100 }, (_, index) =>
    connect({ port: demo.port, host: '127.0.0.1', localAddress: `127.0.1.${index + 1}` }).on(
      'error',
      () => {},
    ),
  )
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
  })
  await demo.printed(/connections dropped: \d+ max-silent/)
  await using client = await RawClient.connect(demo.port)
  expect(await client.ask('PING\r\n')).toBe('+PONG\r\n')
  // This one, which has spoken, and those that may be silent.
  const { clients, counts } = await statusOf(demo)
  expect(clients).toBeLessThanOrEqual(21)
  expect(counts.drops['max-silent']).toBeGreaterThanOrEqual(20)
})

it('a reload frees no silent client of its deadline, wherever it is by then', async () => {
  await using demo = await DemoProcess.start('--workers', '1', '--first-byte-seconds', '3')
  await using silent = await RawClient.connect(demo.port)
  await demo.printed(/connected/)
  expect((await runDemo(['ctl', 'reload', '--port', String(demo.port)])).code).toBe(0)
  expect(await silent.ended()).toBe('')
  expect((await statusOf(demo)).counts.drops).toEqual({ 'first-byte': 1 })
})

describe('a client that a worker has taken over', () => {
  const connectedMs = 1000
  const silent = { isLocal: false, isSilent: true, connectedMs }
  const edgeOf = (seconds: string) =>
    new Edge(parseOptions(['--first-byte-seconds', seconds]) as Options, new Clients(1))

  it('is silent too long once its deadline is over, and one that has spoken never', () => {
    const edge = edgeOf('3')
    expect(edge.isSilentTooLong(silent, connectedMs + 3900)).toBe(false)
    expect(edge.isSilentTooLong(silent, connectedMs + 4100)).toBe(true)
    expect(edge.isSilentTooLong({ ...silent, isSilent: false }, connectedMs + 4100)).toBe(false)
    expect(edgeOf('0').isSilentTooLong(silent, connectedMs + 1e9)).toBe(false)
  })

  it('may be silent for as long as it likes on the local path', () => {
    expect(edgeOf('3').isSilentTooLong({ ...silent, isLocal: true }, connectedMs + 1e9)).toBe(false)
  })
})

it('a client that sends byte by byte is served, and so are the others meanwhile', async () => {
  await using demo = await DemoProcess.start('--workers', '1')
  await using slow = await RawClient.connect(demo.port)
  await using other = await RawClient.connect(demo.port)
  const text = '*2\r\n$4\r\nECHO\r\n$5\r\nhello\r\n'
  for (const byte of text) {
    slow.send(byte)
    expect(await other.ask('PING\r\n')).toBe('+PONG\r\n')
  }
  await slow.until('$5\r\nhello\r\n')
})

describe('PROXY headers', () => {
  const HEADERS = {
    'none, but a request': 'PING\r\n',
    'a wrong one of version 1': 'PROXY TCP4 1.2.3.4\r\nPING\r\n',
    'addresses that are none': 'PROXY TCP4 1.2.3.400 1.2.3.4 1 2\r\nPING\r\n',
    'a line without end': `PROXY TCP4 ${'1'.repeat(200)}`,
    'a wrong version': '\r\n\r\n\0\r\nQUIT\n\x31\x11\x00\x0c',
    'a wrong command': '\r\n\r\n\0\r\nQUIT\n\x2f\x11\x00\x0c',
    'too short an address': '\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x04\x01\x02\x03\x04',
  }

  it.each(Object.entries(HEADERS))('of a trusted proxy: %s is dropped and told', async (_what, text) => {
    await using demo = await DemoProcess.start('--workers', '1', '--proxy-protocol', '127.0.0.0/26')
    await using proxy = await RawClient.connect(demo.port)
    proxy.send(text)
    expect(await proxy.ended()).toBe('')
    await demo.printed(/connections dropped: 1 proxy-header; the last was of \S+ \(its header .+\)/)
    expect((await statusOf(demo)).counts.drops).toEqual({ 'proxy-header': 1 })
    proxy.socket.destroy()
    // Who is no proxy is served as who it is, and no header is believed.
    await using client = await RawClient.connect(demo.port, '127.0.0.99')
    expect(await client.ask('CLIENT LIST\r\n')).toContain('addr=127.0.0.99:')
    await using liar = await RawClient.connect(demo.port, '127.0.0.99')
    expect(await liar.ask('PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n')).toMatch(/^-ERR unknown command/)
  })

  it('half a header, and silence: dropped, and told', async () => {
    await using demo = await DemoProcess.start('--workers', '1', '--proxy-protocol', '127.0.0.1')
    await using proxy = await RawClient.connect(demo.port)
    proxy.send('PROXY TC')
    expect(await proxy.ended()).toBe('')
    expect((await statusOf(demo)).counts.drops).toEqual({ 'proxy-timeout': 1 })
  })

  it('the limits are about the client behind the proxy', async () => {
    await using demo = await DemoProcess.start(
      '--workers',
      '1',
      '--proxy-protocol',
      '127.0.0.1',
      '--max-per-address',
      '1',
    )
    const open = async (source: string) => {
      const client = await RawClient.connect(demo.port)
      onTestFinished(() => client[Symbol.asyncDispose]())
      client.send(`PROXY TCP4 ${source} 5.6.7.8 1000 6379\r\nPING\r\n`)
      return client
    }
    await (await open('203.0.113.1')).until('+PONG')
    await (await open('203.0.113.2')).until('+PONG')
    expect(await (await open('203.0.113.1')).ended()).toBe('')
    expect((await statusOf(demo)).counts.drops).toEqual({ 'address-limit': 1 })
  })
})

it.each([
  ['1.2.3.4', '1.2.3.4'],
  ['::ffff:1.2.3.4', '1.2.3.4'],
  ['::FFFF:1.2.3.4', '1.2.3.4'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8::1', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['1:2:3:4:5:6:7::', '1:2:3:4::/64'],
  ['?', null],
  [undefined, null],
])('counts %s as %s', (address, network) => {
  expect(peerNetwork(address)).toBe(network)
})
