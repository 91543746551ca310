// The limits of the page's connections, with a clock that the test drives. The page itself is tested in page.test.ts.
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { createServer, type Server } from '@x/core'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { PageConnections } from '../src/page/page-connections'
import { RawClient } from './raw-client'

const REQUEST_MS = 10_000
const LONG = 'x'.repeat(64 * 1024 ** 2)

let server: Server
let connections: PageConnections
let port: number
/** The answers that have begun, in order. */
let answers: { readonly response: ServerResponse; isClosed: boolean }[]

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  answers = []
  connections = new PageConnections(async (request, response) => {
    const begun = { response, isClosed: false }
    answers.push(begun)
    response.on('close', () => {
      begun.isClosed = true
    })
    request.resume()
    if (request.method === 'POST') await new Promise(resolve => request.on('end', resolve))
    if (request.url === '/short') response.end('short')
    if (request.url === '/long') response.end(LONG)
    server.emit('answered')
  })
  server = createServer(socket => connections.take(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as { port: number }).port
})
afterEach(async () => {
  connections.close()
  vi.advanceTimersByTime(REQUEST_MS)
  vi.useRealTimers()
  await new Promise(resolve => server.close(resolve))
})

async function connected(text = ''): Promise<RawClient> {
  const accepted = once(server, 'connection')
  const client = await RawClient.connect(port)
  await accepted
  if (text !== '') client.send(text)
  return client
}

/** Lets what is under way go on until it is so. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise(resolve => setImmediate(resolve))
}

it.each([
  ['nothing', ''],
  ['half a head', 'GET /short HTTP/1.1\r\nHost:'],
  ['half a body', 'POST /short HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf'],
])('end where %s has come in time', async (_what, text) => {
  await using client = await connected(text)
  if (text.startsWith('POST')) await until(() => answers.length === 1)
  vi.advanceTimersByTime(REQUEST_MS - 1)
  expect(client.socket.destroyed).toBe(false)
  vi.advanceTimersByTime(1)
  await client.ended()
  expect(client.received).toBe('')
})

it('have the time anew after each answer', async () => {
  await using client = await connected()
  for (let round = 0; round < 3; round++) {
    vi.advanceTimersByTime(REQUEST_MS - 1)
    client.received = ''
    const answered = once(server, 'answered')
    client.send('GET /short HTTP/1.1\r\nHost: a\r\n\r\n')
    await answered
    await client.until('short')
    await until(() => answers[round]!.isClosed)
  }
  vi.advanceTimersByTime(REQUEST_MS)
  await client.ended()
})

it('stay while the server has not answered, and while an answer goes on', async () => {
  await using client = await connected('GET /open HTTP/1.1\r\nHost: a\r\n\r\n')
  await once(server, 'answered')
  vi.advanceTimersByTime(100 * REQUEST_MS)
  answers[0]!.response.write('still here')
  await client.until('still here')
})

it('end where an answer is not read in time', async () => {
  await using client = await connected()
  client.socket.pause()
  client.send('GET /long HTTP/1.1\r\nHost: a\r\n\r\n')
  await once(server, 'answered')
  expect(answers[0]!.isClosed).toBe(false)
  vi.advanceTimersByTime(REQUEST_MS)
  await until(() => answers[0]!.isClosed)
  client.socket.resume()
  await client.ended()
  expect(client.received.length).toBeLessThan(LONG.length)
})

it('end where too many requests come before the first is answered', async () => {
  await using client = await connected('GET /open HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(100))
  await client.ended()
})

it('end with the server: what is answered goes out, and the rest at once', async () => {
  await using idle = await connected()
  await using half = await connected('GET /sh')
  await using open = await connected('GET /open HTTP/1.1\r\nHost: a\r\n\r\n')
  await once(server, 'answered')
  answers[0]!.response.write('the last words')
  server.close()
  connections.close()
  await Promise.all([idle.ended(), half.ended(), open.ended()])
  expect(open.received).toContain('the last words')
})
