import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { LoadReport } from '../src/load/load-report'
import { SequenceCheck } from '../src/load/sequence-check'
import { ReplyError, ReplyParser, type ReplyValue } from '../src/resp/reply-parser'
import { RequestParser } from '../src/resp/request-parser'
import { DemoProcess, Program, runDemo, whyNoMoves } from './demo-process'

async function report(...words: string[]): Promise<{ code: number | null; report: LoadReport }> {
  const { code, stdout } = await runDemo(['load', '--json', ...words])
  return { code, report: JSON.parse(stdout) as LoadReport }
}

const CLEAN = { lost: 0, doubled: 0, outOfOrder: 0, broken: 0, wrongReplies: 0 }

it('publishes at a rate to all subscribers, and tells what came of it', async () => {
  await using demo = await DemoProcess.start('--workers', '2')
  const words = ['--port', String(demo.port), '--messages', '100', '--seconds', '3600', '--subscribers', '10']
  const outcome = await report(...words)
  expect(outcome).toMatchObject({ code: 0, report: { ...CLEAN, publishers: 4, subscribers: 10 } })
  const { published, delivered, latencyMs } = outcome.report
  expect({ published, delivered }).toEqual({ published: 100, delivered: 1000 })
  const { p50, p99, p999, most } = latencyMs
  expect([p50, p99, p999, most]).toEqual([p50, p99, p999, most].sort((a, b) => a - b))
  expect(p50).toBeGreaterThan(0)

  const { code, stdout, stderr } = await runDemo([
    'load',
    '--path',
    demo.path,
    '--seconds',
    '1',
    '--rate',
    '0',
  ])
  expect(code).toBe(0)
  expect(stdout).toMatch(
    /^published .*\ndelivered .*\nlatency .*\nfaults {5}0 lost, 0 doubled, 0 out of order/,
  )
  expect(stderr).toMatch(/^(\d+ s: \d+ published\/s, \d+ delivered\/s, p99 [\d.]+ ms\n)*$/)
})

const noMoves = whyNoMoves()

it.skipIf(noMoves)(
  `a reload in the middle of a load costs its clients nothing${noMoves ? ` (${noMoves})` : ''}`,
  async () => {
    // However busy the machine is, no client is ended because its worker's time is over.
    await using demo = await DemoProcess.start('--workers', '2', '--drain-seconds', '86400')
    const words = ['load', '--port', String(demo.port), '--seconds', '3600', '--channels', '4', '--json']
    await using load = new Program(process.execPath, [
      new URL('../dist/main.js', import.meta.url).pathname,
      ...words,
    ])
    await load.printed(/1 s: /)
    demo.child.kill('SIGHUP')
    const [reloaded] = await demo.printed(/server: reloaded: .*$/m)
    expect(reloaded).toBe('server: reloaded: 2 workers replaced, 104 clients moved')
    load.child.kill('SIGINT')
    const { code, stdout } = await load.finished
    expect(JSON.parse(stdout)).toMatchObject(CLEAN)
    expect(code).toBe(0)
  },
)

/** A server of one channel that sends each message as `deliver` says: to the subscriber, with all messages so far. */
async function faultyServer(
  deliver: (send: (message: Buffer) => void, messages: readonly Buffer[]) => void,
): Promise<string> {
  const subscribers: Socket[] = []
  const server = createServer(socket => {
    const parser = new RequestParser(1024 ** 2)
    const messages: Buffer[] = []
    onTestFinished(() => void socket.destroy())
    socket.on('data', chunk => {
      parser.push(chunk as Buffer)
      for (let args = parser.next(); args !== null; args = parser.next()) {
        const [name, channel, message] = args as [Buffer, Buffer, Buffer]
        if (String(name) === 'PUBLISH') {
          messages.push(message)
          const send = (body: Buffer) =>
            subscribers[0]!.write(
              `*3\r\n$7\r\nmessage\r\n$${channel.length}\r\n${channel}\r\n$${body.length}\r\n${body}\r\n`,
            )
          deliver(send, messages)
          socket.write(':1\r\n')
        } else if (String(name) === 'PING') socket.write('+PONG\r\n')
        else {
          subscribers.push(socket)
          socket.write(`*3\r\n$9\r\nsubscribe\r\n$${channel.length}\r\n${channel}\r\n:1\r\n`)
        }
      }
    })
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  return String((server.address() as AddressInfo).port)
}

const ONE = ['--publishers', '1', '--subscribers', '1', '--messages', '20', '--seconds', '3600']

it.each<[string, Parameters<typeof faultyServer>[0], Partial<LoadReport>]>([
  ['every message', (send, messages) => send(messages.at(-1)!), {}],
  ['all but the second', (send, all) => all.length !== 2 && send(all.at(-1)!), { lost: 1 }],
  [
    'the third twice',
    (send, all) => {
      send(all.at(-1)!)
      if (all.length === 3) send(all[2]!)
    },
    { doubled: 1 },
  ],
  [
    'the second behind the third',
    (send, all) => {
      if (all.length !== 2) send(all.at(-1)!)
      if (all.length === 3) send(all[1]!)
    },
    { outOfOrder: 1 },
  ],
])('finds out what a server does that sends %s', async (_name, deliver, faults) => {
  const outcome = await report('--port', await faultyServer(deliver), ...ONE)
  expect(outcome.report).toMatchObject({ ...CLEAN, ...faults })
  expect(outcome.code).toBe(Object.keys(faults).length === 0 ? 0 : 1)
})

it('tells of connections that break, and of what was lost with them', async () => {
  await using demo = await DemoProcess.start('--workers', '1')
  await using load = new Program(process.execPath, [
    new URL('../dist/main.js', import.meta.url).pathname,
    ...['load', '--port', String(demo.port), '--seconds', '3600', '--subscribers', '5', '--json'],
  ])
  await load.printed(/1 s: /)
  await demo.kill('SIGKILL')
  const { code, stdout } = await load.finished
  expect(code).toBe(1)
  expect(JSON.parse(stdout)).toMatchObject({ broken: 9, doubled: 0, outOfOrder: 0 })
})

it('says that nobody listens, or that what listens speaks another protocol', async () => {
  const nobody = await runDemo(['load', '--path', '/nowhere/x.sock'])
  expect(nobody).toMatchObject({ code: 1, stdout: '' })
  expect(nobody.stderr).toMatch(/^demo: nobody listens on \/nowhere\/x\.sock\. Start a demo with npm start/)
  const server = createServer(socket => socket.on('error', () => {}).end('SSH-2.0-x\r\n')).listen(
    0,
    '127.0.0.1',
  )
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const other = await runDemo(['load', '--port', String((server.address() as AddressInfo).port)])
  expect(other).toMatchObject({ code: 1, stdout: '' })
  expect(other.stderr).toMatch(/^demo: cannot run a load on 127\.0\.0\.1 port \d+: /)
})

it.each(['--rate x', '--size 1', '--subscribers -1', '--channels 5', '--seconds 0', 'stray', '--port 0'])(
  'demo load %s is refused with exit code 2',
  async words => {
    const { code, stderr } = await runDemo(['load', ...words.split(' ')])
    expect(code).toBe(2)
    expect(stderr).toMatch(/^demo: .+\nSee demo load --help\n$/s)
  },
)

describe('what one subscriber had of one publisher', () => {
  it('is lost until it comes, doubled where it comes again, out of order where it comes late', () => {
    const check = new SequenceCheck()
    for (const number of [0, 1, 4, 2, 2, 4, 6]) check.take(number)
    expect(check).toMatchObject({ received: 7, doubled: 2, outOfOrder: 1 })
    expect(check.lost(9)).toBe(4)
  })
})

describe('replies', () => {
  const wire =
    '+OK\r\n-ERR no\r\n:-5\r\n$3\r\na\r\n\r\n$-1\r\n*2\r\n$1\r\nx\r\n*1\r\n:7\r\n*-1\r\n*0\r\n$0\r\n\r\n'
  const values = ['OK', new ReplyError('ERR no'), -5, 'a\r\n', null, ['x', [7]], null, [], '']

  function plain(value: ReplyValue): unknown {
    if (Buffer.isBuffer(value)) return String(value)
    return Array.isArray(value) ? value.map(plain) : value
  }

  it('are the same wherever they are cut', () => {
    for (let size = 1; size <= wire.length; size++) {
      const parser = new ReplyParser()
      const heard: unknown[] = []
      for (let at = 0; at < wire.length; at += size) {
        parser.push(Buffer.from(wire.slice(at, at + size), 'latin1'))
        for (let reply = parser.next(); reply !== undefined; reply = parser.next()) heard.push(plain(reply))
      }
      expect(heard).toEqual(values)
    }
  })

  it('are refused where they are none', () => {
    const parser = new ReplyParser()
    parser.push(Buffer.from('HTTP/1.1 400\r\n'))
    expect(() => parser.next()).toThrow('does not speak the Redis protocol')
  })
})
