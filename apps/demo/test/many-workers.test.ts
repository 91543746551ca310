import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { DemoProcess } from './demo-process'
import { RawClient } from './raw-client'

const WORKERS = 3

/** The worker that a client is in shows in its number. */
async function workerOf(client: RawClient): Promise<number> {
  return Math.floor(Number((await client.ask('CLIENT ID\r\n')).slice(1)) / 1e6)
}

/** One client in each worker. */
async function clientsOf(demo: DemoProcess): Promise<RawClient[]> {
  const clients = await Promise.all(Array.from({ length: WORKERS }, () => RawClient.connect(demo.port)))
  onTestFinished(async () => {
    await Promise.all(clients.map(client => client[Symbol.asyncDispose]()))
  })
  expect(new Set(await Promise.all(clients.map(workerOf))).size).toBe(WORKERS)
  return clients
}

describe('workers that stand', () => {
  let demo: DemoProcess
  let clients: [RawClient, RawClient, RawClient]

  beforeAll(async () => {
    demo = await DemoProcess.start('--workers', String(WORKERS))
  })
  afterAll(() => demo[Symbol.asyncDispose]())
  beforeEach(async () => {
    clients = (await clientsOf(demo)) as typeof clients
  })

  it('a message that is published in one reaches the subscribers of all, and the reply counts them all', async () => {
    for (const client of clients) await client.ask('SUBSCRIBE news\r\nPSUBSCRIBE n*\r\n')
    await using publisher = await RawClient.connect(demo.port)
    expect(await publisher.ask('PUBLISH news hello\r\nPUBLISH nothing here\r\nPUBLISH x y\r\n')).toBe(
      ':6\r\n:3\r\n:0\r\n',
    )
    for (const client of clients) await client.until('$7\r\nnothing\r\n$4\r\nhere\r\n')
  })

  it('replies come in order, though some wait for other workers and some do not', async () => {
    const [subscriber, publisher] = clients
    await subscriber.ask('SUBSCRIBE a\r\n')
    const rounds = 500
    expect(await publisher.ask('PUBLISH a x\r\nPING p\r\nPUBSUB NUMSUB a\r\nECHO e\r\n'.repeat(rounds))).toBe(
      ':1\r\n$1\r\np\r\n*2\r\n$1\r\na\r\n:1\r\n$1\r\ne\r\n'.repeat(rounds),
    )
  })

  it('what a client publishes to itself comes between its replies, as in one process', async () => {
    const [client] = clients
    await client.ask('HELLO 3\r\nSUBSCRIBE me\r\n')
    const message = '>3\r\n$7\r\nmessage\r\n$2\r\nme\r\n$1\r\nx\r\n'
    expect(await client.ask('PUBLISH none x\r\nPUBLISH me x\r\nPUBLISH none x\r\nPUBLISH me x\r\n')).toBe(
      `:0\r\n${message}:1\r\n:0\r\n${message}:1\r\n`,
    )
  })

  it('no message is missed once a subscription is confirmed, nor comes once its end is', async () => {
    const [subscriber, publisher] = clients
    for (let round = 0; round < 100; round++) {
      await subscriber.ask('SUBSCRIBE s\r\n')
      expect(await publisher.ask(`PUBLISH s ${round}\r\n`)).toBe(':1\r\n')
      await subscriber.until(`$${String(round).length}\r\n${round}\r\n`)
      await subscriber.ask('UNSUBSCRIBE s\r\n')
      expect(await publisher.ask('PUBLISH s x\r\n')).toBe(':0\r\n')
    }
  })

  it('messages of any bytes and of megabytes arrive whole', async () => {
    const [subscriber, publisher] = clients
    await subscriber.ask('SUBSCRIBE \xe9\r\n')
    const body = '\x00\r\n\xff'.repeat(2 * 1024 ** 2)
    await publisher.ask(`*3\r\n$7\r\nPUBLISH\r\n$1\r\n\xe9\r\n$${body.length}\r\n${body}\r\n`)
    await subscriber.until(`$1\r\n\xe9\r\n$${body.length}\r\n${body}\r\n`)
  })

  it('PUBSUB counts the channels and patterns of all', async () => {
    for (const [index, client] of clients.entries())
      await client.ask(`SUBSCRIBE all c${index}\r\nPSUBSCRIBE same* p${index}\r\n`)
    await using asker = await RawClient.connect(demo.port)
    expect(await asker.ask('PUBSUB NUMSUB all c1 none\r\n')).toBe(
      '*6\r\n$3\r\nall\r\n:3\r\n$2\r\nc1\r\n:1\r\n$4\r\nnone\r\n:0\r\n',
    )
    expect(await asker.ask('PUBSUB NUMPAT\r\n')).toBe(':4\r\n')
    expect((await asker.ask('PUBSUB CHANNELS c?\r\n')).match(/c\d/g)?.sort()).toEqual(['c0', 'c1', 'c2'])
  })

  it('CLIENT LIST, CLIENT KILL and INFO know the clients of all', async () => {
    const [first, second, third] = clients
    await first.ask('CLIENT SETNAME one\r\n')
    await second.ask('CLIENT SETNAME two\r\nSUBSCRIBE x\r\n')
    const list = await third.ask('CLIENT LIST\r\n')
    expect(list).toContain('name=one')
    expect(list).toContain('name=two')
    const id = Number((await first.ask('CLIENT ID\r\n')).slice(1))
    expect(await third.ask(`CLIENT LIST ID ${id}\r\n`)).toMatch(new RegExp(`^\\$\\d+\r\nid=${id} .*\n\r\n$`))
    expect(await third.ask('INFO\r\n')).toMatch(
      /demo_workers:3\r\n[\s\S]*connected_clients:3\r\n[\s\S]*pubsub_clients:1\r\n/,
    )
    expect(await third.ask('CLIENT KILL TYPE pubsub\r\n')).toBe(':1\r\n')
    await second.ended()
    expect(await third.ask(`CLIENT KILL ID ${id}\r\n`)).toBe(':1\r\n')
    await first.ended()
  })
})

it('refuses clients beyond --max-clients, whichever worker they come to', async () => {
  await using demo = await DemoProcess.start('--workers', String(WORKERS), '--max-clients', String(WORKERS))
  const clients = await clientsOf(demo)
  await using beyond = await RawClient.connect(demo.port)
  expect(await beyond.ended()).toBe('-ERR max number of clients reached\r\n')
  clients[0]!.send('QUIT\r\n')
  await clients[0]!.ended()
  await demo.printed(/disconnected/)
  await using another = await RawClient.connect(demo.port)
  expect(await another.ask('PING\r\n')).toBe('+PONG\r\n')
})

it('a worker that is killed under load holds up nobody: replies come, and another takes its place', async () => {
  await using demo = await DemoProcess.start('--workers', String(WORKERS))
  const clients = await clientsOf(demo)
  const places = await Promise.all(clients.map(workerOf))
  const victim = clients[places.indexOf(2)]!
  const [subscriber, publisher] = clients.filter(client => client !== victim) as [RawClient, RawClient]
  await victim.ask('SUBSCRIBE n\r\n')
  await subscriber.ask('SUBSCRIBE n\r\n')
  const rounds = 5000
  const answered = publisher.ask('PUBLISH n x\r\n'.repeat(rounds))
  await victim.until('message')
  process.kill(await demo.pidOf(2), 'SIGKILL')
  const replies = await answered
  expect(replies.replaceAll(/:[12]\r\n/g, '')).toBe('')
  expect(replies.length).toBe(4 * rounds)
  await victim.ended()
  await demo.printed(/worker 2: died \(SIGKILL\)/)
  await demo.printed(/worker 4: ready/)
  await using newcomer = await RawClient.connect(demo.port)
  await newcomer.ask('SUBSCRIBE n\r\n')
  expect(await publisher.ask('PUBLISH n last\r\n')).toBe(':2\r\n')
  await newcomer.until('last')
  await subscriber.until('last')
  expect(subscriber.received.split('$7\r\nmessage').length - 1).toBe(rounds + 1)
})
