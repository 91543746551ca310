// What programs ask the system for beside sockets: names of hosts, and the date in answers of HTTP servers. In a simulation
// both are the simulation's.
import dns, { lookup } from 'node:dns'
import { resolve4 } from 'node:dns/promises'
import { once } from 'node:events'
import http from 'node:http'
import http2 from 'node:http2'
import type { Duplex } from 'node:stream'
import { promisify } from 'node:util'
import { connect, createServer } from '@x/core'
import { describe, expect, it } from 'vitest'
import { type Simulation, simulate } from '../src'

/** The outcome of each, a code in the place of an error. */
async function outcomes(asked: readonly (() => unknown)[]): Promise<unknown[]> {
  const tell = async (ask: () => unknown) => ask()
  return Promise.all(
    asked.map(ask => tell(ask).catch(error => `${error.code} ${error.syscall ?? ''}`.trim())),
  )
}

describe('names in a simulation', () => {
  it('[T3] are those of its hosts, in every form of node:dns, and no real lookup is made', async () => {
    const { value, outside } = await simulate({}, async ({ host }) => {
      host('both', { addresses: ['fd00::1', '10.1.1.1'] })
      const resolver = new dns.Resolver()
      return outcomes([
        () => promisify(lookup)('both'),
        () => promisify(dns.lookup)('both', { all: true }),
        () => dns.promises.lookup('both', 4),
        () => dns.promises.lookup('both', { family: 6 }),
        () => dns.promises.lookup('127.0.0.1'),
        () => resolve4('both'),
        () => promisify(dns.resolve6)('both'),
        () => dns.promises.resolve4('both', { ttl: true }),
        () => dns.promises.resolve('both', 'AAAA'),
        () => new dns.promises.Resolver().resolve('both'),
        () => promisify(resolver.resolve4.bind(resolver))('both'),
        () => dns.promises.lookup('nobody'),
        () => resolve4('nobody'),
      ])
    })
    expect(value).toEqual([
      { address: 'fd00::1', family: 6 },
      [
        { address: 'fd00::1', family: 6 },
        { address: '10.1.1.1', family: 4 },
      ],
      { address: '10.1.1.1', family: 4 },
      { address: 'fd00::1', family: 6 },
      { address: '127.0.0.1', family: 4 },
      ['10.1.1.1'],
      ['fd00::1'],
      [{ address: '10.1.1.1', ttl: 60 }],
      ['fd00::1'],
      ['10.1.1.1'],
      ['10.1.1.1'],
      'ENOTFOUND getaddrinfo',
      'ENOTFOUND queryA',
    ])
    expect(outside).toEqual([])
  })

  it('[T3] are asked for as Node has it: wrong arguments are refused with its errors', async () => {
    const wrong = [
      () => lookup('x', undefined as never),
      () => dns.promises.lookup('x', { family: 9 as never }),
      () => resolve4(5 as never),
      () => dns.promises.resolve('x', 'NONE' as never),
    ]
    const real = await outcomes(wrong)
    const { value } = await simulate({}, () => outcomes(wrong))
    expect(value).toEqual(real)
    expect(real.filter(each => typeof each === 'string')).toHaveLength(wrong.length)
  })
})

type Answer = (response: http.ServerResponse) => void

/** The raw headers of answers of a server of node:http, five virtual seconds after the start. */
async function headersOf({ host, clock }: Simulation, answers: readonly Answer[]): Promise<string[]> {
  host('web', () => {
    const web = http.createServer(({ url }, response) => answers[Number(url?.slice(1))]?.(response))
    createServer(socket => void web.emit('connection', socket)).listen(80)
  })
  await clock.sleep(5000)
  const createConnection = () => connect(80, 'web') as unknown as Duplex
  const headers = { connection: 'close' }
  const raw: string[] = []
  for (const path of answers.keys()) {
    const request = http.get({ path: `/${path}`, createConnection, headers })
    const [response] = (await once(request, 'response')) as [http.IncomingMessage]
    raw.push(response.rawHeaders.join(' ').replace(/ (?:Connection|Transfer-Encoding|Content-Length) .*/, ''))
    await once(response.resume(), 'end')
  }
  return raw
}

const DATE = 'Sat, 01 Jan 2000 00:00:05 GMT'

describe('the date in answers', () => {
  it('[T3] of node:http is virtual, and stays out where Node would leave it out', async () => {
    const { value } = await simulate({}, simulation =>
      headersOf(simulation, [
        response => response.writeHead(200, { a: 'b' }).end(),
        response => response.writeHead(200, 'fine', ['Set-Cookie', '1', 'Set-Cookie', '2']).end(),
        response => response.setHeader('a', 'b').writeHead(204).end(),
        response => response.writeHead(200, { date: 'own' }).end(),
        response => response.writeHead(200, ['Date', 'own']).end(),
        response => response.setHeader('date', 'own').writeHead(200, { a: 'b' }).end(),
        response => Object.assign(response, { sendDate: false }).writeHead(200, { a: 'b' }).end(),
      ]),
    )
    expect(value).toEqual([
      `a b Date ${DATE}`,
      `Set-Cookie 1 Set-Cookie 2 Date ${DATE}`,
      `a b Date ${DATE}`,
      'date own',
      'Date own',
      'date own a b',
      'a b',
    ])
  })

  it('[T3] of node:http2 is virtual, for both of its interfaces', async () => {
    const { value } = await simulate({}, async ({ host, clock }) => {
      host('web', () => {
        const web = http2.createServer((_request, response) => {
          response.sendDate = response.req.url !== '/silent'
          response.end('answer')
        })
        const streams = http2.createServer()
        streams.on('stream', (stream: http2.ServerHttp2Stream) => {
          stream.respond({ ':status': 200 })
          stream.end('answer')
        })
        createServer(socket => void web.emit('connection', socket)).listen(80)
        createServer(socket => void streams.emit('connection', socket)).listen(81)
      })
      await clock.sleep(5000)
      const dates: unknown[] = []
      for (const [port, path] of [
        [80, '/'],
        [80, '/silent'],
        [81, '/'],
      ] as const) {
        const createConnection = () => connect(port, 'web') as unknown as Duplex
        const session = http2.connect('http://web', { createConnection })
        const request = session.request({ ':path': path })
        dates.push((await once(request, 'response'))[0].date)
        request.resume()
        await once(request, 'close')
        session.close()
      }
      return dates
    })
    expect(value).toEqual([DATE, undefined, DATE])
  })

  it('[T3] beside a simulation is the real one', async () => {
    const web = http.createServer((_request, response) => response.end()).listen(0, '127.0.0.1')
    await once(web, 'listening')
    const simulation = simulate({}, ({ clock }) => clock.sleep(5))
    const { port } = web.address() as { port: number }
    const response = await fetch(`http://127.0.0.1:${port}`)
    await simulation
    web.close()
    web.closeAllConnections()
    expect(response.headers.get('date')).toContain(String(new Date().getFullYear()))
  })
})
