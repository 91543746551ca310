// proxy-chain: requests and tunnels through a proxy, with a password, through two proxies, and to nowhere.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import { test } from 'node:test'
import { listening, packaged } from './bed.mjs'

const { Server, createTunnel, closeTunnel } = packaged('proxy-chain')

/** @param {import('node:test').TestContext} t @param {object} [options] */
async function proxied(t, options) {
  const server = new Server({ port: 0, host: '127.0.0.1', verbose: false, ...options })
  await server.listen()
  t.after(() => server.close(true))
  return server
}

/** @param {import('node:test').TestContext} t @returns {Promise<number>} */
const echoed = t =>
  listening(
    t,
    net.createServer({ allowHalfOpen: true }, socket => socket.on('error', () => {}).pipe(socket)),
  )

/** Opens a tunnel by hand; the status is null where the proxy only closes. @param {number} port @param {string} to @param {string} [auth] */
async function tunnelled(port, to, auth) {
  const head = auth ? `Proxy-Authorization: Basic ${Buffer.from(auth).toString('base64')}\r\n` : ''
  const socket = net.connect(port, '127.0.0.1')
  socket.write(`CONNECT ${to} HTTP/1.1\r\nHost: ${to}\r\n${head}\r\n`)
  /** @type {string | null} */
  const answer = await new Promise(resolve => {
    socket.once('data', part => resolve(String(part))).once('close', () => resolve(null))
    socket.on('error', () => {})
  })
  return { socket, status: answer === null ? null : Number(answer.split(' ')[1]) }
}

/** @param {import('node:net').Socket} socket @param {string[]} parts */
async function echo(socket, parts) {
  for (const part of parts) socket.write(part)
  const wanted = parts.join('').length
  let got = ''
  while (got.length < wanted) {
    const [part] = await once(socket, 'data')
    got += part
  }
  return got
}

test('a request through the proxy', async t => {
  const port = await listening(
    t,
    http.createServer((req, res) => res.end(`${req.method} ${req.url}`)),
  )
  const proxy = await proxied(t)
  const answer = await new Promise((resolve, reject) => {
    http
      .get({ port: proxy.port, host: '127.0.0.1', path: `http://127.0.0.1:${port}/x` }, resolve)
      .on('error', reject)
  })
  const parts = []
  for await (const part of answer) parts.push(part)
  assert.equal(Buffer.concat(parts).toString(), 'GET /x')
})

test('tunnels carry bytes in order, both ways, many at once', async t => {
  const [target, proxy] = [await echoed(t), await proxied(t)]
  const tunnels = await Promise.all(
    Array.from({ length: 20 }, () => tunnelled(proxy.port, `127.0.0.1:${target}`)),
  )
  const texts = await Promise.all(
    tunnels.map(({ socket }, i) => echo(socket, ['a', `b${i}`, 'c'.repeat(50_000), 'd'])),
  )
  assert.deepEqual(
    texts,
    tunnels.map((_, i) => `ab${i}${'c'.repeat(50_000)}d`),
  )
  for (const { socket } of tunnels) socket.destroy()
})

test('through two proxies', async t => {
  const target = await echoed(t)
  const last = await proxied(t)
  const first = await proxied(t, {
    prepareRequestFunction: () => ({ upstreamProxyUrl: `http://127.0.0.1:${last.port}` }),
  })
  const { socket, status } = await tunnelled(first.port, `127.0.0.1:${target}`)
  assert.equal(status, 200)
  assert.equal(await echo(socket, ['through ', 'both']), 'through both')
  socket.destroy()
})

test('a wrong password is refused, and the socket can be read', async t => {
  const proxy = await proxied(t, {
    prepareRequestFunction: (/** @type {any} */ { username }) => ({
      requestAuthentication: username !== 'me',
    }),
  })
  const target = await echoed(t)
  assert.equal((await tunnelled(proxy.port, `127.0.0.1:${target}`, 'you:x')).status, 407)
  const { socket, status } = await tunnelled(proxy.port, `127.0.0.1:${target}`, 'me:x')
  assert.equal(status, 200)
  socket.destroy()
})

test('a target that refuses, and an upstream that says no', async t => {
  const proxy = await proxied(t)
  const nowhere = await tunnelled(proxy.port, '127.0.0.1:1')
  const saysNo = http.createServer().on('connect', (_req, socket) => {
    socket.end('HTTP/1.1 407 No\r\ncontent-length: 0\r\n\r\n')
  })
  const upstream = await listening(t, saysNo)
  const second = await proxied(t, {
    prepareRequestFunction: () => ({ upstreamProxyUrl: `http://127.0.0.1:${upstream}` }),
  })
  const refused = await tunnelled(second.port, '127.0.0.1:80')
  assert.notEqual(nowhere.status, 200)
  assert.notEqual(refused.status, 200)
})

test('a half-closed tunnel carries the answer', async t => {
  const target = await listening(
    t,
    net.createServer({ allowHalfOpen: true }, socket => {
      socket.resume().on('end', () => socket.end('answer after the end'))
    }),
  )
  const proxy = await proxied(t)
  const { socket } = await tunnelled(proxy.port, `127.0.0.1:${target}`)
  const ended = once(socket, 'close')
  socket.on('error', () => {})
  socket.resume()
  socket.end('question')
  await ended
})

test('createTunnel, and what it counts', async t => {
  const target = await echoed(t)
  const proxy = await proxied(t)
  const closed = once(proxy, 'connectionClosed')
  const host = await createTunnel(`http://127.0.0.1:${proxy.port}`, `127.0.0.1:${target}`)
  const socket = net.connect(Number(host.split(':')[1]), '127.0.0.1')
  assert.equal(await echo(socket, ['x'.repeat(10_000)]), 'x'.repeat(10_000))
  socket.end()
  const [{ stats }] = await closed
  assert.equal(stats.trgRxBytes >= 10_000, true)
  await closeTunnel(host, true)
})
