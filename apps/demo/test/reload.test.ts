import { Redis } from 'ioredis'
import { describe, expect, it, onTestFinished } from 'vitest'
import { DemoProcess, Program, whyNo, whyNoMoves } from './demo-process'
import { RawClient } from './raw-client'

const SUBSCRIBERS = 100
const MESSAGES = 20_000
/** Published in one go, before the next go. */
const BATCH = 200
const RELOADS = 2

interface Outcome {
  readonly received: number
  readonly wrong: string | null
}

const noMoves = whyNoMoves()
const noLoad = noMoves ?? whyNo('redis-benchmark')

it.skipIf(noLoad)(
  `reloads ${RELOADS} times under redis-benchmark: ${SUBSCRIBERS} subscribers get each of ${MESSAGES} messages once, in order, and no connection breaks${noLoad ? ` (${noLoad})` : ''}`,
  async () => {
    await using demo = await DemoProcess.start('--log-level', 'info', '--workers', '2')
    const request = JSON.stringify({
      port: demo.port,
      path: demo.path,
      subscribers: SUBSCRIBERS,
      messages: MESSAGES,
      channel: 'numbers',
    })
    const file = new URL('subscriber-program.mjs', import.meta.url).pathname
    await using subscribers = new Program(process.execPath, [file, request])
    await subscribers.printed(/subscribed/)
    const load = [
      '-p',
      String(demo.port),
      '-n',
      '100000000',
      '-c',
      '20',
      '-P',
      '4',
      '-q',
      'PUBLISH',
      'load',
      'x',
    ]
    await using benchmark = new Program('redis-benchmark', load)
    await benchmark.printed(/rps=[1-9]/)

    const publisher = new Redis({ port: demo.port, host: '127.0.0.1', retryStrategy: null })
    const receivers = new Set<unknown>()
    let reloads = 0
    const publish = async (end: number, start: number) => {
      for (let number = start; number < end; ) {
        const batch = publisher.pipeline()
        for (const last = number + BATCH; number < last; number++) batch.publish('numbers', String(number))
        for (const [error, count] of (await batch.exec()) ?? []) receivers.add(error ?? count)
      }
    }
    for (let round = 0; round < RELOADS; round++) {
      await publish((MESSAGES / RELOADS) * (round + 0.5), (MESSAGES / RELOADS) * round)
      demo.child.kill('SIGHUP')
      await publish((MESSAGES / RELOADS) * (round + 1), (MESSAGES / RELOADS) * (round + 0.5))
      reloads++
      await demo.when(({ stderr }) => stderr.split('server: reloaded: 2 workers').length > reloads)
    }
    await publisher.quit()
    expect([...receivers]).toEqual([SUBSCRIBERS])
    const { stdout } = await subscribers.finished
    const outcomes: Outcome[] = JSON.parse(stdout.split('\n')[1]!)
    expect(outcomes).toEqual(Array.from({ length: SUBSCRIBERS }, () => ({ received: MESSAGES, wrong: null })))
    expect(benchmark.child.exitCode).toBeNull()
    expect(benchmark.stderr).toBe('')
    const moved = [...demo.stderr.matchAll(/replaced, (\d+) clients? moved/g)].map(match => Number(match[1]))
    // The subscribers, the clients of redis-benchmark, and the publisher: each once.
    expect(moved).toEqual(Array(RELOADS).fill(SUBSCRIBERS + 20 + 1))
    expect(demo.stderr).not.toMatch(/ (warn|error) /)
  },
)

it.skipIf(noMoves)(
  `a client keeps all that it was: name, number, protocol, subscriptions, half a request${noMoves ? ` (${noMoves})` : ''}`,
  async () => {
    await using demo = await DemoProcess.start('--workers', '2')
    await using client = await RawClient.connect(demo.path)
    await client.ask(
      'HELLO 3 SETNAME me\r\nCLIENT SETINFO LIB-NAME lib\r\nSELECT 3\r\nSUBSCRIBE a b\r\nPSUBSCRIBE c*\r\n',
    )
    await using silent = await RawClient.connect(demo.port)
    await silent.ask(
      'CLIENT REPLY OFF\r\nSUBSCRIBE quiet\r\n'.replace('SUBSCRIBE quiet\r\n', 'CLIENT REPLY ON\r\n'),
    )
    const before = await client.ask('CLIENT INFO\r\n')
    client.received = ''
    client.send('*2\r\n$4\r\nECHO\r\n$11\r\nhalf a ')
    demo.child.kill('SIGHUP')
    await demo.printed(/server: reloaded: 2 workers replaced, 2 clients moved/)
    client.send('word\r\n')
    await client.until('$11\r\nhalf a word\r\n')
    const same = (line: string) => line.replaceAll(/ (age|idle|cmd)=\S+/g, '')
    expect(same(await client.ask('CLIENT INFO\r\n'))).toBe(same(before))
    expect(await silent.ask('PUBLISH a x\r\nPUBLISH cx y\r\nPUBLISH d z\r\n')).toBe(':1\r\n:1\r\n:0\r\n')
    await client.until('>4\r\n$8\r\npmessage\r\n$2\r\nc*\r\n$2\r\ncx\r\n$1\r\ny\r\n')
    expect(await silent.ask('INFO stats\r\n')).toMatch(
      /total_connections_received:2\r\n[\s\S]*clients_moved:2\r\n/,
    )
  },
)

it.skipIf(noMoves)(
  `each client is moved once, to a worker that stays${noMoves ? ` (${noMoves})` : ''}`,
  async () => {
    await using demo = await DemoProcess.start('--workers', '4')
    const clients = await Promise.all(Array.from({ length: 40 }, () => RawClient.connect(demo.port)))
    onTestFinished(async () => {
      await Promise.all(clients.map(client => client[Symbol.asyncDispose]()))
    })
    for (const client of clients) await client.ask('PING\r\n')
    for (let reloads = 1; reloads <= 3; reloads++) {
      demo.child.kill('SIGHUP')
      await demo.when(({ stderr }) => stderr.split('server: reloaded: 4 workers').length > reloads)
    }
    expect(demo.stderr.match(/\d+ clients moved.*/g)).toEqual(Array(3).fill('40 clients moved'))
    expect(await clients[0]!.ask('INFO stats\r\n')).toMatch(/clients_moved:120\r\n/)
  },
)

describe('where connections cannot be moved', () => {
  const portable = { ...process.env, X_NET_TRANSPORT: 'portable' }

  it('clients are served on until they end, and the log says so', async () => {
    await using demo = await DemoProcess.startWith(portable, '--workers', '1', '--drain-seconds', '3600')
    await using client = await RawClient.connect(demo.port)
    await client.ask('SUBSCRIBE a\r\n')
    demo.child.kill('SIGHUP')
    await demo.printed(/cannot be moved on the portable transport: 3600 s are left for 1 client to end/)
    await using publisher = await RawClient.connect(demo.port)
    expect(await publisher.ask('PUBLISH a x\r\n')).toBe(':1\r\n')
    await client.until('$1\r\nx\r\n')
    client.send('QUIT\r\n')
    await client.ended()
    await demo.printed(/server: reloaded: 1 worker replaced, 0 clients moved$/m)
    expect(await publisher.ask('PUBLISH a x\r\n')).toBe(':0\r\n')
  })

  it('they have until the deadline', async () => {
    await using demo = await DemoProcess.startWith(portable, '--workers', '1', '--drain-seconds', '1')
    await using client = await RawClient.connect(demo.port)
    await client.ask('SUBSCRIBE a\r\n')
    demo.child.kill('SIGHUP')
    await client.ended()
    await demo.printed(/server: reloaded: 1 worker replaced, 0 clients moved, 1 ended$/m)
  })
})
