// Brokers on several machines, as several programs: their messages go by a real NATS server.
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { parseBusAddress } from '../src/bus/bus-address'
import { DemoProcess, runDemo, statusOf, whyNo, whyNoMoves } from './demo-process'
import { NatsServer } from './nats-server'
import { RawClient } from './raw-client'
import { temporaryFolder } from './temporary-folder'

const noNats = whyNo('nats-server')
const noMoves = whyNoMoves()
const reason = noNats === null ? '' : ` (${noNats})`

function broker(nats: { readonly url: string }, ...options: string[]): Promise<DemoProcess> {
  return DemoProcess.start('--workers', '2', '--bus', nats.url, ...options)
}

async function clientOf(demo: DemoProcess): Promise<RawClient> {
  const client = await RawClient.connect(demo.port)
  onTestFinished(() => client[Symbol.asyncDispose]())
  return client
}

/** Resolves once each broker has been told of as many others. */
async function know(...demos: readonly DemoProcess[]): Promise<void> {
  const isThere = /bus: broker \S+ is there/g
  await Promise.all(
    demos.map(demo => demo.when(({ stderr }) => (stderr.match(isThere)?.length ?? 0) >= demos.length - 1)),
  )
}

function request(...words: readonly string[]): string {
  return `*${words.length}\r\n${words.map(word => `$${word.length}\r\n${word}\r\n`).join('')}`
}

describe.skipIf(noNats)(`brokers on a NATS server${reason}`, () => {
  let nats: NatsServer
  let first: DemoProcess
  let second: DemoProcess
  let third: DemoProcess

  beforeAll(async () => {
    nats = await NatsServer.start()
    ;[first, second, third] = await Promise.all([broker(nats), broker(nats), broker(nats)])
    await know(first, second, third)
  })
  afterAll(async () => {
    for (const demo of [first, second, third]) await demo?.[Symbol.asyncDispose]()
    await nats?.[Symbol.asyncDispose]()
  })

  it('a message reaches each subscriber of all brokers once, and PUBLISH counts them', async () => {
    const subscribers = await Promise.all([first, first, second, third, third].map(clientOf))
    for (const client of subscribers) await client.ask('SUBSCRIBE news\r\n')
    await subscribers[3]!.ask('PSUBSCRIBE n*\r\n')
    const publisher = await clientOf(second)
    expect(await publisher.ask('PUBLISH news hello\r\nPUBLISH nobody x\r\nPUBLISH nx y\r\n')).toBe(
      ':6\r\n:1\r\n:1\r\n',
    )
    expect(await publisher.ask('PUBLISH news last\r\n')).toBe(':6\r\n')
    for (const client of subscribers) {
      await client.until('last')
      expect(client.received.match(/\$7\r\nmessage\r\n\$4\r\nnews\r\n\$5\r\nhello\r\n/g)).toHaveLength(1)
    }
  })

  it('PUBSUB tells of the channels and patterns of all brokers', async () => {
    const [one, two, three] = await Promise.all([first, second, third].map(clientOf))
    await one!.ask('SUBSCRIBE shared only-1\r\nPSUBSCRIBE p* q*\r\n')
    await two!.ask('SUBSCRIBE shared\r\nPSUBSCRIBE p*\r\n')
    await three!.ask('SUBSCRIBE shared only-3\r\n')
    const asker = await clientOf(second)
    expect(await asker.ask('PUBSUB NUMSUB shared only-1 none\r\n')).toBe(
      '*6\r\n$6\r\nshared\r\n:3\r\n$6\r\nonly-1\r\n:1\r\n$4\r\nnone\r\n:0\r\n',
    )
    expect(await asker.ask('PUBSUB NUMPAT\r\n')).toBe(':2\r\n')
    const channels = await asker.ask('PUBSUB CHANNELS only-*\r\n')
    expect(channels.match(/only-\d/g)!.sort()).toEqual(['only-1', 'only-3'])
    expect(await asker.ask('INFO server\r\n')).toContain('demo_workers:2\r\n')
  })

  it('once a subscription is confirmed no message of any broker misses it, nor comes after its end', async () => {
    const subscriber = await clientOf(first)
    const publisher = await clientOf(third)
    for (let round = 0; round < 30; round++) {
      await subscriber.ask('SUBSCRIBE s\r\n')
      expect(await publisher.ask(`PUBLISH s ${round}\r\n`)).toBe(':1\r\n')
      await subscriber.until(`$${String(round).length}\r\n${round}\r\n`)
      await subscriber.ask('UNSUBSCRIBE s\r\n')
      expect(await publisher.ask('PUBLISH s x\r\n')).toBe(':0\r\n')
    }
  })

  it.each([
    ['spaces', 'a b  c'],
    ["NATS's own characters", 'x.>.*.y'],
    ['bytes of all kinds', Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join('')],
    ['a star', '*'],
    ['4 KiB', 'n'.repeat(4096)],
  ])('a channel may have %s in its name', async (_what, channel) => {
    const subscriber = await clientOf(first)
    subscriber.send(request('SUBSCRIBE', channel))
    await subscriber.until(':1\r\n')
    const publisher = await clientOf(second)
    expect(await publisher.ask(request('PUBLISH', channel, 'hello'))).toBe(':1\r\n')
    await subscriber.until(request('message', channel, 'hello'))
  })

  it("messages beyond NATS's 1 MB arrive whole, and those behind them in order", async () => {
    const subscriber = await clientOf(first)
    await subscriber.ask('SUBSCRIBE big\r\n')
    const publisher = await clientOf(second)
    const body = '\x00\r\n\xff'.repeat(1024 ** 2)
    subscriber.received = ''
    expect(await publisher.ask(`${request('PUBLISH', 'big', body)}PUBLISH big small\r\n`)).toBe(
      ':1\r\n:1\r\n',
    )
    await subscriber.until('small')
    expect(subscriber.received === request('message', 'big', body) + request('message', 'big', 'small')).toBe(
      true,
    )
  })

  it.skipIf(noMoves)(
    `one publisher is heard in order, though its broker is reloaded${noMoves === null ? '' : ` (${noMoves})`}`,
    async () => {
      const subscriber = await clientOf(first)
      await subscriber.ask('PSUBSCRIBE order-*\r\n')
      const publisher = await clientOf(second)
      const reload = runDemo(['ctl', 'reload', '--port', String(second.port)])
      const reloadedToo = runDemo(['ctl', 'reload', '--port', String(first.port)])
      let number = 0
      let isOver = false
      void Promise.all([reload, reloadedToo]).finally(() => {
        isOver = true
      })
      while (!isOver) {
        const batch = Array.from({ length: 50 }, () => `PUBLISH order-${number % 3} <${number++}>\r\n`)
        expect(await publisher.ask(batch.join(''))).toBe(':1\r\n'.repeat(50))
      }
      expect([(await reload).code, (await reloadedToo).code]).toEqual([0, 0])
      await subscriber.until(`<${number - 1}>`)
      const heard = [...subscriber.received.matchAll(/<(\d+)>/g)].map(match => Number(match[1]))
      expect(heard).toEqual(Array.from({ length: number }, (_, index) => index))
    },
  )

  it('10,000 channels', async () => {
    const subscriber = await clientOf(first)
    const names = Array.from({ length: 10_000 }, (_, index) => `many-${index}`)
    await subscriber.ask(request('SUBSCRIBE', ...names))
    const publisher = await clientOf(third)
    const replies = await publisher.ask(names.map(name => `PUBLISH ${name} x\r\n`).join(''))
    expect(replies).toBe(':1\r\n'.repeat(names.length))
    const channels = await publisher.ask('PUBSUB CHANNELS many-*\r\n')
    expect(channels.startsWith(`*${names.length}\r\n`)).toBe(true)
  })

  it('what strangers publish to its subjects harms nobody', async () => {
    for (const bytes of ['', 'x', 'x\x01\x03\x01', `x\x01\x03\x01${'\xff'.repeat(100)}`]) {
      await nats.publish('x-demo.demo.all', Buffer.from(bytes, 'latin1'))
    }
    const publisher = await clientOf(first)
    expect(await publisher.ask('PUBLISH none x\r\n')).toBe(':0\r\n')
    expect((await statusOf(first)).bus).toMatchObject({ malformed: 4, isConnected: true })
  })

  it('brokers of another group are not heard', async () => {
    await using stranger = await broker(nats, '--bus-group', 'other')
    const subscriber = await clientOf(stranger)
    await subscriber.ask('SUBSCRIBE news\r\n')
    const publisher = await clientOf(first)
    expect(await publisher.ask('PUBLISH news x\r\n')).toBe(':0\r\n')
    expect((await statusOf(stranger)).bus).toMatchObject({ isConnected: true, brokers: [], received: 0 })
  })
})

describe.skipIf(noNats)(`when parts of it fail${reason}`, () => {
  it('starts without the server, says what that means, and connects once it is there', async () => {
    await using before = await NatsServer.start()
    const { url, port } = before
    await before.kill()
    await using first = await broker({ url })
    await using second = await broker({ url })
    expect(first.stderr).toMatch(
      /warn {2}bus: not connected to nats:\S+: connect ECONNREFUSED \S+\. Clients are served/,
    )
    const [subscriber, publisher] = [await clientOf(second), await clientOf(first)]
    await subscriber.ask('SUBSCRIBE n\r\n')
    expect(await publisher.ask('PUBLISH n early\r\n')).toBe(':0\r\n')
    expect((await statusOf(first)).bus).toMatchObject({ isConnected: false, notSent: { unconnected: 1 } })
    const people = await runDemo(['ctl', 'status', '--port', String(first.port)])
    expect(people.stdout).toMatch(/^bus: not connected to nats:\S+ for .*ECONNREFUSED/m)
    await using _nats = await NatsServer.start(port)
    await know(first, second)
    expect(await publisher.ask('PUBLISH n late\r\n')).toBe(':1\r\n')
    await subscriber.until('late')
    expect(subscriber.received).not.toContain('early')
  })

  it('a server that is killed and returns: what was published meanwhile is lost, and counted; nothing comes twice', async () => {
    await using nats = await NatsServer.start()
    await using first = await broker(nats)
    await using second = await broker(nats)
    await know(first, second)
    const [subscriber, local, publisher] = [
      await clientOf(second),
      await clientOf(first),
      await clientOf(first),
    ]
    for (const client of [subscriber, local]) await client.ask('SUBSCRIBE n\r\n')
    expect(await publisher.ask('PUBLISH n <0>\r\n')).toBe(':2\r\n')
    await nats.kill()
    await Promise.all([first, second].map(demo => demo.printed(/bus: not connected/)))
    // A subscription that ends while the bus is down is no part of it any more.
    subscriber.send('SUBSCRIBE gone\r\nUNSUBSCRIBE gone\r\n')
    await subscriber.until('unsubscribe')
    const meanwhile = Array.from({ length: 10 }, (_, index) => `PUBLISH n <${index + 1}>\r\n`)
    expect(await publisher.ask(meanwhile.join(''))).toBe(':1\r\n'.repeat(10))
    await nats.restart()
    await Promise.all(
      [first, second].map(demo => demo.when(({ stderr }) => stderr.split('is there').length > 2)),
    )
    expect(await publisher.ask('PUBLISH n <11>\r\nPUBLISH gone x\r\n')).toBe(':2\r\n:0\r\n')
    await Promise.all([subscriber, local].map(client => client.until('<11>')))
    expect(subscriber.received.match(/<\d+>/g)).toEqual(['<0>', '<11>'])
    expect(local.received.match(/<\d+>/g)).toEqual(Array.from({ length: 12 }, (_, index) => `<${index}>`))
    expect((await statusOf(first)).bus).toMatchObject({
      notSent: { unconnected: 10, 'too slow': 0 },
      connections: 2,
    })
    expect((await statusOf(second)).bus).toMatchObject({ missed: 10, received: 3 })
  })

  it('a server that is stopped holds up nobody, and what waits is bounded, counted and told', async () => {
    await using nats = await NatsServer.start()
    await using first = await broker(nats, '--bus-limit', '256kb')
    await using second = await broker(nats)
    await know(first, second)
    const [subscriber, publisher] = [await clientOf(second), await clientOf(first)]
    await subscriber.ask('SUBSCRIBE n\r\n')
    expect(await publisher.ask('PUBLISH n <0>\r\n')).toBe(':1\r\n')
    nats.signal('SIGSTOP')
    // More than the limit and the buffers of the system hold.
    const rounds = 40
    const body = 'x'.repeat(1024 ** 2)
    for (let round = 0; round < rounds; round++) {
      expect(await publisher.ask(request('PUBLISH', 'n', body))).toBe(':0\r\n')
    }
    const { bus } = await statusOf(first)
    expect(bus!.notSent['too slow']).toBeGreaterThan(0)
    expect(bus!.waitingBytes).toBeLessThan(2 * 1024 ** 2)
    await first.printed(/bus: lost so far: [\d,]+ messages? not sent since the bus was too slow/)
    nats.signal('SIGCONT')
    await second.when(({ stderr }) =>
      /bus: lost so far: [\d,]+ messages? of other brokers that did not come/.test(stderr),
    )
    let count = ''
    while (count !== ':1\r\n') count = await publisher.ask('PUBLISH n <1>\r\n')
    await subscriber.until('<1>')
    const { received, missed } = (await statusOf(second)).bus!
    const { messagesPublished } = (await statusOf(first)).counts
    expect(received + missed).toBe(messagesPublished)
  })

  it('a broker that is killed is counted no more, and its successor is', async () => {
    await using nats = await NatsServer.start()
    await using first = await broker(nats)
    const second = await broker(nats)
    await know(first, second)
    const publisher = await clientOf(first)
    const subscriber = await clientOf(second)
    await subscriber.ask('SUBSCRIBE n\r\n')
    expect(await publisher.ask('PUBLISH n x\r\n')).toBe(':1\r\n')
    await second.kill('SIGKILL')
    await second[Symbol.asyncDispose]()
    expect(await publisher.ask('PUBLISH n x\r\nPUBSUB NUMSUB n\r\n')).toBe(':0\r\n*2\r\n$1\r\nn\r\n:0\r\n')
    await first.printed(/bus: broker \S+ is silent/)
    await using third = await broker(nats)
    const newcomer = await clientOf(third)
    await newcomer.ask('SUBSCRIBE n\r\n')
    expect(await publisher.ask('PUBLISH n y\r\n')).toBe(':1\r\n')
    await newcomer.until('y')
  })

  it('a server that refuses the broker is told of, with the reason and without the password', async () => {
    await using nats = await NatsServer.start(undefined, '--user', 'demo', '--pass', 'secret')
    const url = (password: string) => ({ url: nats.url.replace('//', `//demo:${password}@`) })
    await using right = await broker(url('secret'))
    await right.printed(/bus: connected to nats:\/\/127/)
    await using wrong = await broker(url('wrong'))
    await wrong.printed(/bus: not connected to nats:\/\/127\S+: .*Authorization Violation/i)
    expect(right.stderr + wrong.stderr).not.toMatch(/secret|wrong/)
  })

  it('a server that is silent from the start: the broker serves without it, and stops in time', async () => {
    await using nats = await NatsServer.start()
    nats.signal('SIGSTOP')
    await using demo = await broker(nats)
    const client = await clientOf(demo)
    expect(await client.ask('PUBLISH n x\r\n')).toBe(':0\r\n')
    expect((await statusOf(demo)).bus).toMatchObject({ isConnected: false, connections: 0 })
    expect(await demo.kill('SIGTERM')).toMatchObject({ code: 0 })
    nats.signal('SIGCONT')
  })

  it.each([
    ['4096 bytes: longer messages are divided', 4096, /bus: broker \S+ is there/],
    [
      '100 bytes: it is no server for this',
      100,
      /bus: not connected to \S+: its max_payload is 100 bytes, and must be 1024 at least/,
    ],
  ])('a max_payload of %s', async (_what, bytes, told) => {
    const folder = temporaryFolder()
    const file = join(folder, 'nats.conf')
    writeFileSync(file, `max_payload: ${bytes}\n`)
    await using nats = await NatsServer.start(undefined, '-c', file)
    await using first = await broker(nats)
    await using second = await broker(nats)
    await Promise.all([first, second].map(demo => demo.printed(told)))
    const [subscriber, publisher] = [await clientOf(first), await clientOf(second)]
    await subscriber.ask('SUBSCRIBE n\r\n')
    const body = 'x'.repeat(100_000)
    const isReached = bytes > 1024
    expect(await publisher.ask(request('PUBLISH', 'n', body))).toBe(isReached ? ':1\r\n' : ':0\r\n')
    if (isReached) await subscriber.until(request('message', 'n', body))
  })

  it('/metrics tells of the bus, and of connections that were dropped', async () => {
    await using nats = await NatsServer.start()
    await using first = await broker(nats, '--page', '0', '--max-per-address', '1')
    await using second = await broker(nats)
    await know(first, second)
    const publisher = await clientOf(first)
    await publisher.ask('PUBLISH n x\r\n')
    const [others] = [await Promise.all([1, 2, 3].map(() => clientOf(first)))]
    await Promise.all(
      others!.map(client => Promise.race([client.ended(), client.ask('PING\r\n').catch(() => '')])),
    )
    const page = (await first.printed(/Live page: (\S+)/))[1]
    const metrics = await (await fetch(`${page}metrics`)).text()
    expect(metrics).toMatch(/^demo_bus_connected 1$/m)
    expect(metrics).toMatch(/^demo_bus_brokers 1$/m)
    expect(metrics).toMatch(/^demo_bus_sent_total 1$/m)
    expect(metrics).toMatch(/^demo_bus_not_sent_total\{reason="too slow"\} 0$/m)
    expect(metrics).toMatch(/^demo_connections_dropped_total\{reason="address-limit"\} [1-3]$/m)
  })

  it('tells of what is no NATS server', async () => {
    await using other = await DemoProcess.start()
    await using demo = await broker({ url: `nats://127.0.0.1:${other.port}` })
    const client = await clientOf(demo)
    expect(await client.ask('PING\r\n')).toBe('+PONG\r\n')
    await demo.printed(/bus: not connected to \S+: (?!undefined)\S+/)
  })
})

/** A server with one line of INFO, which answers each PING, and each connection it has had. */
async function lyingServer(info: object): Promise<{ readonly url: string; readonly connections: Socket[] }> {
  const connections: Socket[] = []
  const server = createServer(socket => {
    connections.push(socket)
    socket.on('error', () => {})
    socket.write(
      `INFO ${JSON.stringify({ server_id: 'x', version: '2.10.0', proto: 1, headers: true, ...info })}\r\n`,
    )
    socket.on('data', data => {
      if (String(data).includes('PING')) socket.write('PONG\r\n')
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    for (const socket of connections) socket.destroy()
  })
  return { url: `nats://127.0.0.1:${(server.address() as AddressInfo).port}`, connections }
}

it.each([['many'], [1.5], [-5], [{}]])(
  'a server whose max_payload is %j is none, and is let go',
  async most => {
    const server = await lyingServer({ max_payload: most })
    await using demo = await broker(server)
    await demo.printed(/bus: not connected to \S+: its max_payload is /)
    expect(demo.stderr).not.toContain('bus: connected')
    const client = await clientOf(demo)
    expect(await client.ask('PUBLISH n x\r\n')).toBe(':0\r\n')
    expect(await demo.kill('SIGTERM')).toMatchObject({ code: 0 })
    // No connection of an attempt that failed is left open behind the next one.
    await Promise.all(server.connections.map(socket => socket.closed || once(socket, 'close')))
  },
)

it.each([
  ['nats://a', { servers: ['a:4222'], user: undefined, password: undefined }],
  ['nats://a:1,nats://b:2', { servers: ['a:1', 'b:2'], user: undefined, password: undefined }],
  ['nats://u:p%40@[::1]:5/', { servers: ['[::1]:5'], user: 'u', password: 'p@' }],
])('reads %s', (text, address) => {
  expect(parseBusAddress(text)).toEqual(address)
})

it('reads the URL from a file', async () => {
  const folder = temporaryFolder()
  const file = join(folder, 'bus')
  writeFileSync(file, 'nats://u:secret@a:1\n')
  expect(parseBusAddress(`@${file}`)).toEqual({ servers: ['a:1'], user: 'u', password: 'secret' })
  writeFileSync(file, `@${file}`)
  expect(parseBusAddress(`@${file}`)).toBe('names a file that names another one')
  const { code, stderr } = await runDemo(['--bus', `@${folder}/missing`])
  expect(code).toBe(2)
  expect(stderr).toMatch(/what was given cannot be read: ENOENT/)
})
