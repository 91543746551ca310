// The page's HTTP server, on loopback: the page and its parts, events, numbers, and what its buttons ask for. It stands on a
// server of @x/core, as the broker does.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer, type Socket } from '../net'
import { MOST_WORKERS } from '../options'
import type { Supervisor } from '../primary/supervisor'
import { Events } from './events'
import { whyRefused } from './guard'
import { HTML } from './html'
import { metricsOf } from './metrics'

const HOST = '127.0.0.1'
/** Longest body of a request. */
const BODY_BYTES = 64 * 1024

/** What the page loads is its own, and no other site shows it in a frame. */
const SAFE = {
  'Content-Security-Policy': "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
}

/** What a button asks for cannot be done; the message says why. */
class BadRequest extends Error {}

interface Page {
  readonly url: string
  close(): void
}

/** Opens the page; rejects where the port is taken. Port 0: the system chooses. */
export async function openPage(port: number, supervisor: Supervisor): Promise<Page> {
  const events = new Events(supervisor)
  let opened = port
  const http = createHttpServer((request, response) => {
    answer(request, response, { supervisor, events, port: opened }).catch((error: Error) => {
      if (!response.headersSent) response.writeHead(error instanceof BadRequest ? 400 : 500)
      response.end(error.message)
    })
  })
  const server = createServer({ noDelay: true }, (socket: Socket) => http.emit('connection', socket))
  server.listen({ port, host: HOST })
  await once(server, 'listening')
  const address = server.address()
  if (address !== null && typeof address === 'object') opened = address.port
  return {
    url: `http://${HOST}:${opened}/`,
    close() {
      events.close()
      server.close()
      http.closeAllConnections()
    },
  }
}

interface Parts {
  readonly supervisor: Supervisor
  readonly events: Events
  readonly port: number
}

async function answer(request: IncomingMessage, response: ServerResponse, parts: Parts): Promise<void> {
  const refusal = whyRefused(request, parts.port)
  if (refusal !== null) {
    response.writeHead(403, { 'Content-Type': 'text/plain' }).end(refusal)
    return
  }
  const { pathname } = new URL(request.url ?? '/', `http://${HOST}`)
  if (request.method === 'GET') await show(pathname, response, parts)
  else if (request.method === 'POST') await act(pathname, request, response, parts.supervisor)
  else response.writeHead(405, { Allow: 'GET, POST' }).end()
}

async function show(path: string, response: ServerResponse, { supervisor, events }: Parts): Promise<void> {
  const send = (type: string, body: string | Buffer) => {
    response.writeHead(200, { 'Content-Type': type, 'Cache-Control': 'no-cache', ...SAFE }).end(body)
  }
  switch (path) {
    case '/':
      return send('text/html; charset=utf-8', HTML)
    case '/live.js':
      return send('text/javascript; charset=utf-8', part('live.js'))
    case '/live.css':
      return send('text/css; charset=utf-8', part('live.css'))
    case '/events':
      return events.open(response)
    case '/status':
      return send('application/json', JSON.stringify(await supervisor.status()))
    case '/metrics': {
      const { contentType, text } = await metricsOf(await supervisor.status(), supervisor.clusterMetrics)
      return send(contentType, text)
    }
    default:
      response.writeHead(404).end('there is no such page')
  }
}

/** A file that the build made for the browser. */
function part(name: string): Buffer {
  return readFileSync(new URL(`page/${name}`, import.meta.url))
}

async function act(
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
  supervisor: Supervisor,
): Promise<void> {
  const body = await readBody(request)
  const done = (line: string) => void response.writeHead(200, { 'Content-Type': 'text/plain' }).end(line)
  const { workers, channel, text } = body
  switch (path) {
    case '/reload':
      return done(await supervisor.reload())
    case '/scale':
      if (typeof workers !== 'number' || !(workers >= 1 && workers <= MOST_WORKERS)) {
        throw new BadRequest(`workers is a number from 1 to ${MOST_WORKERS}`)
      }
      return done(await supervisor.scale(Math.floor(workers)))
    case '/publish':
      if (typeof channel !== 'string' || typeof text !== 'string') {
        throw new BadRequest('channel and text are needed')
      }
      return done(`published to ${await supervisor.publish(channel, text)} subscriber(s)`)
    default:
      response.writeHead(404).end('there is nothing of that name to be done')
  }
}

async function readBody(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request) {
    length += (chunk as Buffer).length
    if (length > BODY_BYTES) throw new BadRequest('the body is too long')
    chunks.push(chunk as Buffer)
  }
  try {
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString())
    if (typeof body === 'object' && body !== null) return body as Readonly<Record<string, unknown>>
  } catch {
    // Told below.
  }
  throw new BadRequest('the body must be a JSON object')
}
