import { once } from 'node:events'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { DemoProcess, Program } from './demo-process'
import { RawClient } from './raw-client'

const KILOBYTE = 1024

describe('a client that sends what it should not', () => {
  let demo: DemoProcess
  let bystander: RawClient

  beforeEach(async () => {
    demo = await DemoProcess.start('--max-request', '64kb')
    bystander = await RawClient.connect(demo.port)
    await bystander.ask('SUBSCRIBE news\r\n')
    onTestFinished(async () => {
      await bystander[Symbol.asyncDispose]()
      await demo[Symbol.asyncDispose]()
    })
  })

  /** The broker still serves: old clients and new ones, on both endpoints. */
  async function expectToServe(): Promise<void> {
    await using other = await RawClient.connect(demo.path)
    bystander.received = ''
    expect(await other.ask('PUBLISH news still-here\r\n')).toBe(':1\r\n')
    await bystander.until('still-here')
  }

  it.each([
    ['an argument beyond the limit', '*2\r\n$4\r\nECHO\r\n$70000\r\n', 'invalid bulk length'],
    ['more arguments than the limit lets in', '*1000000\r\n', 'invalid multibulk length'],
    [
      'arguments that are too much together',
      `*8\r\n${`$20000\r\n${'x'.repeat(20_000)}\r\n`.repeat(8)}`,
      'too big request',
    ],
    ['a line without an end', 'x'.repeat(66 * KILOBYTE), 'too big inline request'],
    ['an open quote', 'ECHO "\r\n', 'unbalanced quotes in request'],
  ])('is told and closed after %s', async (_name, bytes, message) => {
    await using client = await RawClient.connect(demo.port)
    client.send(bytes)
    expect(await client.ended()).toBe(`-ERR Protocol error: ${message}\r\n`)
    const [line] = await demo.printed(/closed: protocol error: .*/)
    expect(line).toBe(`closed: protocol error: ${message}`)
    await expectToServe()
  })

  it('costs nobody else anything with random bytes', async () => {
    let seed = 1
    const random = () => {
      seed = (seed * 48_271) % 2_147_483_647
      return seed
    }
    const alphabet = '*$:+-\r\n\n0123456789PINGping"\'\\x \x00\xff'
    for (let round = 0; round < 200; round++) {
      const client = await RawClient.connect(round % 2 ? demo.port : demo.path)
      const bytes = Array.from({ length: 300 }, () => alphabet.charAt(random() % alphabet.length)).join('')
      client.send(bytes)
      client.socket.end()
      await client.ended()
      expect(client.received).toMatch(/^(|[+\-$*:].*)$/s)
      await client[Symbol.asyncDispose]()
    }
    await expectToServe()
  })

  it('gets all its replies though it ends its side with its last request', async () => {
    for (const to of [demo.port, demo.path]) {
      await using client = await RawClient.connect(to)
      client.send('PING\r\nPUBLISH nobody x\r\nPUBSUB NUMPAT\r\nPING last\r\n')
      client.socket.end()
      expect(await client.ended()).toBe('+PONG\r\n:0\r\n:0\r\n$4\r\nlast\r\n')
    }
    await expectToServe()
  })

  it('gets all its replies though its last requests wait behind more than may be under way', async () => {
    await using client = await RawClient.connect(demo.port)
    client.send(`${'PUBLISH nobody x\r\n'.repeat(3000)}PING last\r\n`)
    client.socket.end()
    expect(await client.ended()).toBe(`${':0\r\n'.repeat(3000)}$4\r\nlast\r\n`)
    await expectToServe()
  })

  it('may cut its requests at any byte', async () => {
    await using client = await RawClient.connect(demo.port)
    client.socket.setNoDelay(true)
    const request = '*2\r\n$4\r\nECHO\r\n$5\r\na\r\nbc\r\nPING "x y"\r\n'
    for (let cut = 1; cut < request.length; cut++) {
      client.received = ''
      client.send(request.slice(0, cut))
      // Another client's answer shows that the broker has gone around its loop in between.
      await bystander.ask('')
      client.send(request.slice(cut))
      await client.until('$3\r\nx y\r\n')
      expect(client.received).toBe('$5\r\na\r\nbc\r\n$3\r\nx y\r\n')
    }
  })

  it('is not read further while it does not read its replies', async () => {
    await using client = await RawClient.connect(demo.port)
    client.socket.pause()
    const request = `*2\r\n$4\r\nECHO\r\n$16384\r\n${'x'.repeat(16_384)}\r\n`
    const total = 4000
    for (let sent = 0; sent < total; sent++) client.send(request)
    // The broker stops reading: nearly all of the 64 MB stays with the client.
    await expectToServe()
    expect(client.socket.writableLength).toBeGreaterThan(request.length * 1000)
    await using observer = await RawClient.connect(demo.path)
    const waiting = [...(await observer.ask('CLIENT LIST\r\n')).matchAll(/omem=(\d+)/g)].map(match =>
      Number(match[1]),
    )
    expect(Math.max(...waiting)).toBeLessThan(1024 * KILOBYTE)
    let received = 0
    client.socket.removeAllListeners('data')
    client.socket.on('data', chunk => {
      received += chunk.length
      if (received === request.length * total - 12 * total - 2 * total) client.socket.emit('all')
    })
    const all = once(client.socket, 'all')
    client.socket.resume()
    await all
    await expectToServe()
  })

  it('closes a web page that speaks HTTP to it', async () => {
    await using client = await RawClient.connect(demo.port)
    client.send('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20\r\n\r\nPUBLISH news hacked\r\n')
    expect(await client.ended()).toBe('')
    await demo.printed(/it speaks HTTP/)
    await expectToServe()
  })

  it('costs nobody else anything where its process is killed', async () => {
    const program = `
      const net = require('node:net')
      let connected = 0
      for (let n = 0; n < 50; n++) {
        const socket = net.connect(${demo.port}, '127.0.0.1', () => {
          socket.write('SUBSCRIBE news other\\r\\n*2\\r\\n$4\\r\\nECHO\\r\\n$100\\r\\nhalf')
          socket.once('data', () => { if (++connected === 50) console.log('all here') })
        })
      }`
    await using victim = new Program(process.execPath, ['-e', program])
    await victim.printed(/all here/)
    await using publisher = await RawClient.connect(demo.path)
    expect(await publisher.ask('PUBSUB NUMSUB news\r\n')).toContain(':51\r\n')
    const killed = victim.kill('SIGKILL')
    for (let n = 0; n < 100; n++) publisher.send('PUBLISH news message\r\n')
    await killed
    await demo.when(({ stderr }) => stderr.split('disconnected').length > 50)
    expect(await publisher.ask('PUBSUB NUMSUB news other\r\n')).toContain(
      '$4\r\nnews\r\n:1\r\n$5\r\nother\r\n:0\r\n',
    )
    await expectToServe()
  })
})

describe('names and patterns', () => {
  const bulk = (text: string) => `$${text.length}\r\n${text}\r\n`
  const request = (...words: string[]) => `*${words.length}\r\n${words.map(bulk).join('')}`
  const longest = 'a'.repeat(4 * KILOBYTE)

  it('may be long up to a limit, which the reply names', async () => {
    await using demo = await DemoProcess.start('--workers', '2')
    await using client = await RawClient.connect(demo.port)
    expect(await client.ask(request('SUBSCRIBE', `${longest}a`))).toBe(
      "-ERR a channel's name takes 4096 bytes at most\r\n",
    )
    expect(await client.ask(request('PUBLISH', `${longest}a`, 'x'))).toBe(
      "-ERR a channel's name takes 4096 bytes at most\r\n",
    )
    for (const command of [
      ['PSUBSCRIBE', '*', '*'.repeat(4097)],
      ['PUBSUB', 'CHANNELS', '*'.repeat(4097)],
    ])
      expect(await client.ask(request(...command))).toBe('-ERR a pattern takes 4096 bytes at most\r\n')
    const patterns = Array.from({ length: 16 }, (_, index) => `${index}`.padStart(4096, '?'))
    await client.ask(request('PSUBSCRIBE', ...patterns))
    expect(await client.ask(request('PSUBSCRIBE', patterns[0]!))).toContain(':16\r\n')
    expect(await client.ask(request('PSUBSCRIBE', '?'))).toContain(
      '-ERR the patterns of a client take 65536 bytes together at most\r\n',
    )
    await using publisher = await RawClient.connect(demo.path)
    expect(await publisher.ask(`${request('PUBLISH', '?', 'x')}${request('PUBLISH', longest, 'x')}`)).toBe(
      ':0\r\n:0\r\n',
    )
  })
})

it('refuses clients beyond --max-clients, and takes new ones when others have gone', async () => {
  await using demo = await DemoProcess.start('--max-clients', '1')
  await using first = await RawClient.connect(demo.port)
  await first.ask('PING\r\n')
  await using second = await RawClient.connect(demo.port)
  expect(await second.ended()).toBe('-ERR max number of clients reached\r\n')
  first.send('QUIT\r\n')
  await first.ended()
  await demo.printed(/disconnected/)
  await using third = await RawClient.connect(demo.path)
  expect(await third.ask('PING\r\n')).toBe('+PONG\r\n')
})
