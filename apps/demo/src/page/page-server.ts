// The page's HTTP server, on loopback: the page and its parts, events, numbers, and what its buttons ask for. It stands on a
// server of @x/core, as the broker does.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Socket } from '../net'
import { MOST_WORKERS } from '../options'
import type { Supervisor } from '../primary/supervisor'
import { Events } from './events'
import { whyRefused } from './guard'
import { HTML } from './html'
import { metricsOf } from './metrics'
import { MOST_CONNECTIONS, PageConnections } from './page-connections'

const HOST = '127.0.0.1'
/** Longest body of a request. */
const BODY_BYTES = 64 * 1024

/** What the page loads is its own, and no other site shows it in a frame. */
const SAFE = {
  'Content-Security-Policy': "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
}

const TEXT = { 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff' }

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
  const connections = new PageConnections((request, response) =>
    answer(request, response, { supervisor, events, port: opened }).catch((error: Error) =>
      fail(response, error),
    ),
  )
  const server = createServer({ noDelay: true }, (socket: Socket) => connections.take(socket))
  server.maxConnections = MOST_CONNECTIONS
  server.listen({ port, host: HOST })
  await once(server, 'listening')
  const address = server.address()
  if (address !== null && typeof address === 'object') opened = address.port
  return {
    url: `http://${HOST}:${opened}/`,
    close() {
      server.close()
      events.close()
      connections.close()
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
    response.writeHead(403, TEXT).end(refusal)
    return
  }
  const path = pathOf(request.url)
  if (request.method === 'POST') await act(path, request, response, parts.supervisor)
  else if (request.method === 'GET' || request.method === 'HEAD') {
    request.resume()
    if (path === '/events' && request.method === 'GET') parts.events.open(response)
    else await show(path, response, parts.supervisor)
  } else response.writeHead(405, { Allow: 'GET, HEAD, POST' }).end()
}

/** The path of a request line's target, as it was sent: `/a?b` and `http://host/a` both mean `/a`. */
function pathOf(target = ''): string {
  return target.replace(/^https?:\/\/[^/?]*/i, '').replace(/\?.*$/s, '') || '/'
}

function fail(response: ServerResponse, error: Error): void {
  if (!response.headersSent) response.writeHead(error instanceof BadRequest ? 400 : 500, TEXT)
  response.end(error.message)
}

async function show(path: string, response: ServerResponse, supervisor: Supervisor): Promise<void> {
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
    case '/status':
      return send('application/json', JSON.stringify(await supervisor.status()))
    case '/metrics': {
      const { contentType, text } = await metricsOf(await supervisor.status(), supervisor.clusterMetrics)
      return send(contentType, text)
    }
    default:
      response.writeHead(404, TEXT).end('there is no such page')
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
  const done = (line: string) => void response.writeHead(200, TEXT).end(line)
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
      response.writeHead(404, TEXT).end('there is nothing of that name to be done')
  }
}

async function readBody(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  try {
    const body: unknown = JSON.parse(await readText(request))
    if (typeof body === 'object' && body !== null) return body as Readonly<Record<string, unknown>>
  } catch (error) {
    if (error instanceof BadRequest) throw error
  }
  throw new BadRequest('the body must be a JSON object')
}

/** What is too long is read on and dropped: to close in the middle of it would cost the client the answer. */
function readText(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    request.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length <= BODY_BYTES) chunks.push(chunk)
      else reject(new BadRequest('the body is too long'))
    })
    request.once('end', () => resolve(Buffer.concat(chunks).toString()))
    request.once('close', () => reject(new BadRequest('the body has broken off')))
  })
}
