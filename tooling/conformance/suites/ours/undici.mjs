// undici: pipelined requests, bodies, aborted requests, tunnels, servers that go away.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { listening, packaged } from './bed.mjs'

const { Client, Pool, request, fetch, Agent } = packaged('undici')

/** @param {import('node:test').TestContext} t @param {import('node:http').RequestListener} answer @param {object} [options] */
async function served(t, answer, options) {
  const server = http.createServer(answer)
  const origin = `http://127.0.0.1:${await listening(t, server)}`
  const client = new Client(origin, options)
  t.after(() => client.destroy())
  return { server, origin, client }
}

test('pipelined requests are answered in their order', async t => {
  /** @type {string[]} */
  const seen = []
  const { client } = await served(
    t,
    (req, res) => {
      seen.push(req.url ?? '')
      setImmediate(() => res.end(`answer to ${req.url}`))
    },
    { pipelining: 10 },
  )
  const paths = Array.from({ length: 200 }, (_, i) => `/${i}`)
  const bodies = await Promise.all(
    paths.map(async path => (await client.request({ path, method: 'GET' })).body.text()),
  )
  assert.deepEqual(
    bodies,
    paths.map(path => `answer to ${path}`),
  )
  assert.deepEqual(seen, paths)
})

test('bodies of all sizes come back, pipelined and from streams', async t => {
  const { client } = await served(t, (req, res) => req.pipe(res), { pipelining: 5 })
  const sizes = [0, 1, 100, 16_383, 16_384, 65_537, 1_000_000, 3]
  const got = await Promise.all(
    sizes.map(async (size, i) => {
      const bytes = Buffer.alloc(size, i + 65)
      const body =
        i % 2 === 0 ? bytes : Readable.from([bytes.subarray(0, size >> 1), bytes.subarray(size >> 1)])
      const answer = await client.request({ path: '/', method: 'PUT', body, idempotent: true })
      return Buffer.from(await answer.body.arrayBuffer()).equals(bytes)
    }),
  )
  assert.deepEqual(
    got,
    sizes.map(() => true),
  )
})

test('an aborted request costs the next one nothing', async t => {
  const { client } = await served(t, (req, res) => {
    if (req.url === '/never') res.write('some')
    else res.end('next')
  })
  const abort = new AbortController()
  const first = client.request({ path: '/never', method: 'GET', signal: abort.signal })
  const next = client.request({ path: '/next', method: 'GET' })
  const { body } = await first
  abort.abort()
  await assert.rejects(body.text(), { name: 'AbortError' })
  assert.equal(await (await next).body.text(), 'next')
})

test('a server that breaks off an answer fails it, and is connected to again', async t => {
  let broken = 0
  const { client } = await served(t, (req, res) => {
    if (req.url === '/broken') {
      broken++
      res.writeHead(200, { 'content-length': 100 })
      res.write('half', () => req.socket.destroy())
    } else res.end('whole')
  })
  const answer = await client.request({ path: '/broken', method: 'GET' })
  await assert.rejects(answer.body.text(), { code: 'UND_ERR_SOCKET' })
  assert.equal(await (await client.request({ path: '/', method: 'GET' })).body.text(), 'whole')
  assert.equal(broken, 1)
})

test('a reset connection is an error of the request', async t => {
  const server = net.createServer(socket => socket.once('data', () => socket.resetAndDestroy()))
  const port = await listening(t, server)
  const client = new Client(`http://127.0.0.1:${port}`)
  t.after(() => client.destroy())
  await assert.rejects(client.request({ path: '/', method: 'POST', body: 'x' }), { code: 'ECONNRESET' })
})

test('a refused connection has its code', async () => {
  await assert.rejects(request('http://127.0.0.1:1/'), { code: 'ECONNREFUSED' })
})

test('CONNECT gives a duplex of the socket', async t => {
  const server = http.createServer().on('connect', (_req, socket) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n')
    socket.pipe(socket)
  })
  const client = new Client(`http://127.0.0.1:${await listening(t, server)}`)
  t.after(() => client.destroy())
  const { socket } = await client.connect({ path: 'anywhere:80' })
  socket.write('a')
  socket.write('b')
  socket.end('c')
  const parts = []
  for await (const part of socket) parts.push(part)
  assert.equal(Buffer.concat(parts).toString(), 'abc')
})

test('a pool of connections serves many requests at once', async t => {
  const { origin } = await served(t, (req, res) => res.end(req.url))
  const pool = new Pool(origin, { connections: 8, pipelining: 4 })
  t.after(() => pool.destroy())
  const urls = Array.from({ length: 300 }, (_, i) => `/${i}`)
  const got = await Promise.all(
    urls.map(async path => (await pool.request({ path, method: 'GET' })).body.text()),
  )
  assert.deepEqual(got, urls)
})

test('fetch streams in both directions', async t => {
  const { origin } = await served(t, (req, res) => req.pipe(res))
  const dispatcher = new Agent()
  t.after(() => dispatcher.destroy())
  const body = Readable.toWeb(Readable.from(['one ', 'two ', 'three']))
  const answer = await fetch(origin, { method: 'POST', body, duplex: 'half', dispatcher })
  assert.equal(await answer.text(), 'one two three')
})

test('an idle connection that the server closes is not used again', async t => {
  const { client, server } = await served(t, (_req, res) => res.end('x'))
  assert.equal(await (await client.request({ path: '/', method: 'GET' })).body.text(), 'x')
  const gone = once(client, 'disconnect')
  server.closeIdleConnections()
  await gone
  assert.equal(await (await client.request({ path: '/', method: 'GET' })).body.text(), 'x')
})
