// Node's protocol modules, undici and ws over sockets of this package at both ends: 64 MB there and the same back.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import type net from 'node:net'
import path from 'node:path'
import { Duplex, Readable } from 'node:stream'
import tls from 'node:tls'
import { Agent, request } from 'undici'
import { describe, expect, it } from 'vitest'
import WebSocket, { WebSocketServer } from 'ws'
import { connect, createServer, type Server, type Socket } from '../../src/index'
import type { Transport } from '../../src/transport/contract'
import { loadNative } from '../../src/transport/native'
import { portable } from '../../src/transport/portable'
import { echoes, MEGABYTES, sumOf, traffic } from './traffic'

const key = readFileSync(path.join(import.meta.dirname, 'key.pem'))
const cert = readFileSync(path.join(import.meta.dirname, 'cert.pem'))

/** What Node's types take for a connection. */
const asNode = (socket: Socket): net.Socket => socket as unknown as net.Socket

/** A server of ours in front of a server of a protocol, for the time of `use`. */
async function behind(
  transport: Transport,
  serve: (socket: net.Socket) => void,
  use: (port: number) => Promise<void>,
  noDelay = false,
): Promise<void> {
  const front: Server = createServer({ transport, allowHalfOpen: true, noDelay }, socket =>
    serve(asNode(socket)),
  )
  front.listen(0, '127.0.0.1')
  await once(front, 'listening')
  await use((front.address() as net.AddressInfo).port)
  front.close()
  await once(front, 'close')
}

const transports: [string, Transport | null][] = [
  ['native', loadNative().transport],
  ['portable', portable],
]

for (const [name, transport] of transports) {
  describe.skipIf(transport === null)(`over sockets on the ${name} transport`, () => {
    const dial = (port: number, noDelay = false): net.Socket =>
      asNode(connect({ port, host: '127.0.0.1', transport: transport!, allowHalfOpen: true, noDelay }))

    it('[N6] carries TLS', async () => {
      const secure = tls.createServer({ key, cert, allowHalfOpen: true }, socket => socket.pipe(socket))
      await behind(
        transport!,
        socket => secure.emit('connection', socket),
        async port => {
          const client = tls.connect({
            socket: dial(port),
            ca: cert,
            servername: 'localhost',
            allowHalfOpen: true,
          } as tls.ConnectionOptions)
          await once(client, 'secureConnect')
          expect(client.authorized).toBe(true)
          expect(await echoes(client)).toBe(true)
        },
      )
    })

    for (const [protocol, module] of [
      ['HTTP', http],
      ['HTTPS', https],
    ] as const) {
      it(`[N6] carries ${protocol}`, async () => {
        const echo: http.RequestListener = (incoming, outgoing) => incoming.pipe(outgoing)
        const server = module === http ? http.createServer(echo) : https.createServer({ key, cert }, echo)
        await behind(
          transport!,
          socket => server.emit('connection', socket),
          async port => {
            const agent = new module.Agent({ keepAlive: true })
            const createConnection = () => {
              const socket = dial(port)
              return module === http ? socket : tls.connect({ socket, ca: cert, servername: 'localhost' })
            }
            Object.assign(agent, { createConnection })
            const outgoing = module.request({ host: '127.0.0.1', port, method: 'POST', agent })
            const { chunks, sum } = traffic()
            Readable.from(chunks).pipe(outgoing)
            const [incoming] = (await once(outgoing, 'response')) as [http.IncomingMessage]
            expect(await sumOf(incoming)).toBe(sum)
            agent.destroy()
            server.closeAllConnections()
          },
        )
      })
    }

    it('[N6] counts the bytes of HTTP and HTTP/2, which Node may move by a handle of its own', async () => {
      const size = 300_000
      const answer: http.RequestListener = (incoming, outgoing) => {
        incoming.resume().on('end', () => outgoing.end(Buffer.alloc(size)))
      }
      const listener = answer as unknown as Parameters<typeof http2.createServer>[0]
      for (const server of [http.createServer(answer), http2.createServer(listener as never)]) {
        let accepted: net.Socket | undefined
        const serve = (socket: net.Socket) => {
          accepted = socket
          server.emit('connection', socket)
        }
        await behind(transport!, serve, async port => {
          const session = server instanceof http.Server ? null : http2.connect(`http://127.0.0.1:${port}`)
          const outgoing = session
            ? session.request({ ':path': '/', ':method': 'POST' })
            : http.request({ host: '127.0.0.1', port, method: 'POST', agent: false })
          outgoing.end(Buffer.alloc(size))
          const [incoming] = await once(outgoing, 'response')
          for await (const _ of session ? (outgoing as Readable) : (incoming as Readable)) {
            // Only counted.
          }
          for (const count of [accepted!.bytesRead, accepted!.bytesWritten]) {
            expect(count).toBeGreaterThan(size)
            expect(count).toBeLessThan(size * 1.1)
          }
          session?.close()
        })
      }
    })

    // Node's HTTP/2 turns Nagle's algorithm off for its own sockets alone; see docs/compatibility.md.
    it('[N6] carries HTTP/2', async () => {
      const server = http2.createServer()
      server.on('stream', (stream: http2.ServerHttp2Stream) => {
        stream.respond({ ':status': 200 })
        stream.pipe(stream)
      })
      await behind(
        transport!,
        socket => server.emit('connection', socket),
        async port => {
          const session = http2.connect('http://localhost', { createConnection: () => dial(port, true) })
          expect(await echoes(session.request({ ':method': 'POST' }))).toBe(true)
          session.close()
          await once(session, 'close')
        },
        true,
      )
    })

    it('[N6] carries undici', async () => {
      const server = http.createServer((incoming, outgoing) => incoming.pipe(outgoing))
      await behind(
        transport!,
        socket => server.emit('connection', socket),
        async port => {
          const dispatcher = new Agent({
            connect: (_options, done) => {
              const socket = dial(port)
              socket.once('connect', () => done(null, socket)).once('error', error => done(error, null))
            },
          })
          const { chunks, sum } = traffic()
          const { body } = await request(`http://127.0.0.1:${port}`, {
            method: 'POST',
            body: Readable.from(chunks),
            dispatcher,
          })
          expect(await sumOf(body)).toBe(sum)
          await dispatcher.close()
        },
      )
    })

    it('[N6] carries WebSockets', async () => {
      const server = http.createServer()
      const sockets = new WebSocketServer({ server, perMessageDeflate: false })
      sockets.on('connection', socket => socket.on('message', data => socket.send(data)))
      await behind(
        transport!,
        socket => server.emit('connection', socket),
        async port => {
          const client = new WebSocket(`ws://127.0.0.1:${port}`, {
            perMessageDeflate: false,
            createConnection: (() => dial(port)) as unknown as WebSocket.ClientOptions['createConnection'],
          })
          await once(client, 'open')
          const { chunks, sum } = traffic()
          const received = Duplex.from(async function* () {
            for (let i = 0; i < MEGABYTES; i++) yield (await messages.next()).value[0]
          })
          const messages = events(client)
          for (const chunk of chunks) client.send(chunk)
          expect(await sumOf(received)).toBe(sum)
          client.close()
          await once(client, 'close')
          sockets.close()
        },
      )
    })
  })
}

/** The messages of a WebSocket as they come, none missed. */
function events(client: WebSocket): AsyncIterator<[Buffer]> {
  const waiting: [Buffer][] = []
  let wake: (() => void) | undefined
  client.on('message', data => {
    waiting.push([data as Buffer])
    wake?.()
  })
  return {
    async next() {
      while (waiting.length === 0) await new Promise<void>(resolve => (wake = resolve))
      return { done: false, value: waiting.shift()! }
    },
  }
}
