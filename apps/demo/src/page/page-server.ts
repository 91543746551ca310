// The page's HTTP server, on loopback: the page and its parts, events, numbers, subscriptions, and what its buttons ask for. It
// stands on a server of @x/core, as the broker does.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Socket } from '../net'
import type { Supervisor } from '../primary/supervisor'
import { type Action, actionsOf, BadRequest, type Body } from './actions'
import { Events } from './events'
import { Faults } from './faults'
import { Guard } from './guard'
import { html } from './html'
import { metricsOf } from './metrics'
import { OwnClients, placeOf } from './own-clients'
import { MOST_CONNECTIONS, PageConnections } from './page-connections'
import { PageLoad } from './page-load'
import { Sightings } from './sightings'
import { Subscriptions } from './subscriptions'
import { targetOf } from './target'

const HOST = '127.0.0.1'
/** Longest body of a request. */
const BODY_BYTES = 64 * 1024

/** What the page loads is its own, and no other site shows it in a frame. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; " +
  "frame-ancestors 'none'; connect-src 'self' ws://"

const TEXT = { 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff' }

interface Page {
  readonly url: string
  close(): void
}

/** Opens the page of a broker on `host`; rejects where the port is taken. Port 0: the system chooses. */
export async function openPage(port: number, supervisor: Supervisor, host: string): Promise<Page> {
  const parts = makeParts(port, supervisor, host)
  const connections = new PageConnections(
    (request, response) => answer(request, response, parts).catch((error: Error) => fail(response, error)),
    (request, socket, head) =>
      parts.guard.maySubscribe(request, parts.port) && parts.subscriptions.upgrade(request, socket, head),
  )
  const server = createServer({ noDelay: true }, (socket: Socket) => connections.take(socket))
  server.maxConnections = MOST_CONNECTIONS
  server.listen({ port, host: HOST })
  await once(server, 'listening')
  const address = server.address()
  if (address !== null && typeof address === 'object') parts.port = address.port
  return {
    url: `http://${HOST}:${parts.port}/`,
    close() {
      server.close()
      parts.events.close()
      parts.subscriptions.close()
      parts.clients.close()
      connections.close()
    },
  }
}

interface Parts {
  readonly supervisor: Supervisor
  readonly events: Events
  readonly guard: Guard
  readonly clients: OwnClients
  readonly subscriptions: Subscriptions
  readonly actions: ReadonlyMap<string, Action>
  port: number
}

function makeParts(port: number, supervisor: Supervisor, host: string): Parts {
  const guard = new Guard()
  const sightings = new Sightings()
  const clients = new OwnClients(() => placeOf(supervisor.places, host))
  const faults = new Faults(clients, client => sightings.workerOf(client))
  const load = new PageLoad(clients)
  const events = new Events({ supervisor, sightings, faults, load, run: guard.token })
  const subscriptions = new Subscriptions(clients)
  return {
    supervisor,
    events,
    guard,
    clients,
    subscriptions,
    actions: actionsOf(supervisor, faults, load),
    port,
  }
}

async function answer(request: IncomingMessage, response: ServerResponse, parts: Parts): Promise<void> {
  const refusal = parts.guard.whyRefused(request, parts.port)
  if (refusal !== null) {
    response.writeHead(403, TEXT).end(refusal)
    return
  }
  const { path } = targetOf(request.url)
  if (request.method === 'POST') await act(parts.actions.get(path), request, response)
  else if (request.method === 'GET' || request.method === 'HEAD') {
    request.resume()
    if (path === '/events' && request.method === 'GET') parts.events.open(response)
    else await show(path, request, response, parts)
  } else response.writeHead(405, { Allow: 'GET, HEAD, POST' }).end()
}

function fail(response: ServerResponse, error: Error): void {
  if (!response.headersSent) response.writeHead(error instanceof BadRequest ? 400 : 500, TEXT)
  response.end(error.message)
}

async function show(
  path: string,
  { headers }: IncomingMessage,
  response: ServerResponse,
  { supervisor, guard }: Parts,
): Promise<void> {
  const send = (type: string, body: string | Buffer) => {
    response.writeHead(200, {
      'Content-Type': type,
      'Cache-Control': 'no-cache',
      // The guard has checked the name of the host.
      'Content-Security-Policy': `${POLICY}${headers.host}`,
      'X-Content-Type-Options': 'nosniff',
    })
    response.end(body)
  }
  switch (path) {
    case '/':
      return send('text/html; charset=utf-8', html(guard.token))
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
  action: Action | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readBody(request)
  if (action === undefined) response.writeHead(404, TEXT).end('there is nothing of that name to be done')
  else {
    const line = await Promise.resolve(body)
      .then(action)
      .catch((error: Error) => error)
    if (line instanceof BadRequest) throw line
    // 409: it makes sense, but not now.
    if (line instanceof Error) response.writeHead(409, TEXT).end(line.message)
    else response.writeHead(200, TEXT).end(line)
  }
}

async function readBody(request: IncomingMessage): Promise<Body> {
  try {
    const body: unknown = JSON.parse(await readText(request))
    if (typeof body === 'object' && body !== null) return body as Body
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
