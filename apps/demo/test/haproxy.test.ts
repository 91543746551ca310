// Brokers behind a real HAProxy, with the configuration of the deploy folder.
import { join } from 'node:path'
import { getPort } from '@x/testkit'
import { Redis } from 'ioredis'
import { describe, expect, it, onTestFinished } from 'vitest'
import { DemoProcess, Program, run, runDemo, statusOf, whyNo, whyNoMoves } from './demo-process'
import { NatsServer } from './nats-server'
import { RawClient } from './raw-client'
import { temporaryFolder } from './temporary-folder'
import { Visitors } from './visitors'

const CONFIGURATION = new URL('../deploy/haproxy.cfg', import.meta.url).pathname
const noHaproxy = whyNo('haproxy')
const reason = noHaproxy === null ? '' : ` (${noHaproxy})`
const noMoves = whyNoMoves() ?? noHaproxy
const noLoad = noMoves ?? whyNo('redis-benchmark')

/** HAProxy in front of two brokers. */
class Front {
  readonly port: number
  readonly #environment: NodeJS.ProcessEnv
  readonly #socket: string
  #program: Program

  private constructor(port: number, brokers: readonly DemoProcess[], folder: string) {
    this.port = port
    this.#socket = join(folder, 'haproxy.sock')
    this.#environment = {
      ...process.env,
      DEMO_FRONT: `127.0.0.1:${port}`,
      DEMO_BROKER_1: `127.0.0.1:${brokers[0]!.port}`,
      DEMO_BROKER_2: `127.0.0.1:${brokers[1]!.port}`,
      DEMO_HAPROXY_SOCKET: this.#socket,
    }
    this.#program = this.#run()
  }

  /** Resolves when it lets clients through. */
  static async start(...brokers: readonly DemoProcess[]): Promise<Front> {
    const front = new Front(await getPort(), brokers, temporaryFolder())
    onTestFinished(() => front.#program[Symbol.asyncDispose]())
    while (!(await front.#letsThrough())) await new Promise(resolve => setImmediate(resolve))
    return front
  }

  /** Resolves once the process of now has printed that. */
  printed(pattern: RegExp): Promise<unknown> {
    return this.#program.printed(pattern)
  }

  /** A new process takes over; resolves with the old one, which ends with its last connection. */
  async reload(): Promise<Program> {
    const old = this.#program
    this.#program = this.#run('-x', this.#socket, '-sf', String(old.child.pid))
    await old.printed(/Proxy demo stopped/)
    return old
  }

  #run(...options: string[]): Program {
    return new Program('haproxy', ['-db', '-f', CONFIGURATION, ...options], this.#environment)
  }

  async #letsThrough(): Promise<boolean> {
    const client = await RawClient.connect(this.port).catch(() => null)
    if (client === null) return false
    client.send('PING\r\n')
    const isAnswered = await Promise.race([
      client.until('+PONG').then(() => true),
      client.ended().then(() => false),
    ]).catch(() => false)
    await client[Symbol.asyncDispose]()
    return isAnswered
  }
}

function broker(...options: string[]): Promise<DemoProcess> {
  return DemoProcess.start('--workers', '2', '--proxy-protocol', '127.0.0.1', ...options)
}

describe.skipIf(noHaproxy)(`behind HAProxy${reason}`, () => {
  it("the client's own address is in CLIENT LIST, the log and the status, and checks are not logged as clients", async () => {
    await using first = await broker()
    await using second = await broker()
    const front = await Front.start(first, second)
    await using client = await RawClient.connect(front.port, '127.0.0.77')
    const { localPort } = client.socket
    expect(await client.ask('CLIENT LIST\r\n')).toContain(
      `addr=127.0.0.77:${localPort} laddr=127.0.0.1:${front.port}`,
    )
    const demo = first.stderr.includes('(127.0.0.77:') ? first : second
    expect(demo.stderr).toContain(`(127.0.0.77:${localPort}): connected`)
    expect((await statusOf(demo)).busiest).toContainEqual({ network: '127.0.0.77', clients: 1 })
    const people = await runDemo(['ctl', 'status', '--port', String(demo.port)])
    expect(people.stdout).toMatch(/^most clients: .*127\.0\.0\.77 \(1\)/m)
    const { counts } = await statusOf(demo)
    const logged = demo.stderr.match(/: connected\n/g)?.length ?? 0
    expect(counts.connectionsReceived).toBeGreaterThan(logged)
  })

  it('a broker that is about to stop fails its health checks, serves on, and stops with nobody sent there', async () => {
    await using first = await broker('--drain-notice', '3600')
    await using second = await broker()
    const front = await Front.start(first, second)
    const visitors = new Visitors(front.port, 4)
    await visitors.more(200)
    await using own = await RawClient.connect(first.path)
    expect(await own.ask('HEALTH\r\n')).toBe('+OK\r\n')
    first.child.kill('SIGTERM')
    await first.printed(/health checks fail from now on; it stops in 3600 s/)
    expect(await own.ask('HEALTH\r\nPING\r\n')).toBe('-DRAINING the broker is about to stop\r\n+PONG\r\n')
    await front.printed(/broker-1 is DOWN/)
    await visitors.renewed()
    expect(await first.kill('SIGTERM')).toMatchObject({ code: 0 })
    await visitors.more(200)
    await visitors.stop()
    expect(visitors.failures).toEqual([])
  })

  it('the notice ends by itself', async () => {
    await using demo = await broker('--drain-notice', '1')
    demo.child.kill('SIGTERM')
    await demo.printed(/it stops in 1 s/)
    expect(await demo.finished).toMatchObject({ code: 0 })
  })
})

it.skipIf(noLoad)(
  `reloads of brokers and of HAProxy under load lose nothing${noLoad === null ? '' : ` (${noLoad})`}`,
  async () => {
    await using first = await broker()
    await using second = await broker()
    const front = await Front.start(first, second)
    // Two clients that stay: what one publishes the other gets, whoever is reloaded.
    const connection = { port: front.port, host: '127.0.0.1', retryStrategy: null }
    const subscriber = new Redis(connection)
    const publishers = [first, second].map(({ path }) => new Redis({ path, retryStrategy: null }))
    const errors: unknown[] = []
    for (const client of [subscriber, ...publishers]) {
      client.on('error', error => errors.push(error)).on('close', () => errors.push('closed'))
    }
    onTestFinished(() => {
      for (const client of [subscriber, ...publishers]) client.disconnect()
    })
    const heard: number[] = []
    subscriber.on('message', (_channel, text) => heard.push(Number(text)))
    await subscriber.subscribe('numbers')
    const counts = await Promise.all(publishers.map(each => each.publish('numbers', '-1')))
    const publisher = publishers[counts.indexOf(1)]!

    const requests = 4000
    const load = run('redis-benchmark', [
      '-p',
      String(front.port),
      '-n',
      String(requests),
      '-c',
      '10',
      '-k',
      '0',
      '-q',
      'PING',
    ])
    const visitors = new Visitors(front.port, 4)
    let published = 0
    let isOver = false
    const publishing = (async () => {
      while (!isOver) expect(await publisher.publish('numbers', String(published++))).toBe(1)
    })()
    const reloadBroker = async (demo: DemoProcess) => {
      expect((await runDemo(['ctl', 'reload', '--port', String(demo.port)])).stdout).toMatch(
        /^reloaded: 2 worker/,
      )
    }
    await visitors.more(100)
    await reloadBroker(first)
    await front.reload()
    await visitors.more(100)
    await Promise.all([reloadBroker(second), front.reload()])
    await visitors.more(100)
    // redis-benchmark ends at the first error, with another code.
    expect(await load).toMatchObject({ code: 0 })
    isOver = true
    await Promise.all([visitors.stop(), publishing])
    while (heard.at(-1) !== published - 1 && errors.length === 0)
      await new Promise(resolve => setImmediate(resolve))
    expect({ failures: visitors.failures, errors }).toEqual({ failures: [], errors: [] })
    const expected = Array.from({ length: published }, (_, number) => number)
    expect(heard.filter(number => number >= 0)).toEqual(expected)
  },
)

const noHosts = noHaproxy ?? whyNo('nats-server')

it.skipIf(noHosts)(
  `each host is replaced while clients publish by HAProxy: a subscriber elsewhere gets every message${noHosts === null ? '' : ` (${noHosts})`}`,
  async () => {
    await using nats = await NatsServer.start()
    const host = (...options: string[]) => broker('--bus', nats.url, '--drain-notice', '3600', ...options)
    await using elsewhere = await host()
    const onPort = (port: number) => host('--port', String(port))
    // No outgoing connection takes these while a host is replaced.
    let hosts = await Promise.all([onPort(await getPort()), onPort(await getPort())])
    onTestFinished(async () => {
      for (const each of hosts) await each[Symbol.asyncDispose]()
    })
    const front = await Front.start(...hosts)
    await using subscriber = await RawClient.connect(elsewhere.path)
    await subscriber.ask('SUBSCRIBE numbers\r\n')
    const visitors = new Visitors(front.port, 4, visit => ({
      request: `PUBLISH numbers <${visit}>\r\n`,
      reply: ':1\r\n',
    }))
    await visitors.more(100)
    for (const index of [0, 1]) {
      const { port } = hosts[index]!
      hosts[index]!.child.kill('SIGTERM')
      await front.printed(new RegExp(`broker-${index + 1} is DOWN`))
      await visitors.renewed()
      expect(await hosts[index]!.kill('SIGTERM')).toMatchObject({ code: 0 })
      const successor = await onPort(port)
      hosts = hosts.map((each, at) => (at === index ? successor : each)) as typeof hosts
      await successor.printed(/: connected/)
      await visitors.more(100)
    }
    await visitors.stop()
    expect(visitors.failures).toEqual([])
    await using last = await RawClient.connect(elsewhere.path)
    await last.ask('PUBLISH numbers last\r\n')
    await subscriber.until('last')
    const heard = subscriber.received.match(/<\d+>/g) ?? []
    expect({ messages: heard.length, different: new Set(heard).size }).toEqual({
      messages: visitors.visits,
      different: visitors.visits,
    })
  },
)
