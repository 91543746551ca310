// Servers and clients of the web in one process: express, fastify, axios, got, ws, socket.io.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import { test } from 'node:test'
import { imported, listening, packaged } from './bed.mjs'

const express = packaged('express')
const fastify = packaged('fastify')
const axios = packaged('axios')
const { default: got } = await imported('got')
const WebSocket = packaged('ws')
const { Server: IoServer } = packaged('socket.io')
const { io } = packaged('socket.io-client')

/** @param {import('node:test').TestContext} t */
async function expressed(t) {
  const app = express()
  app.use(express.json({ limit: '5mb' }))
  app.post('/echo', (/** @type {any} */ req, /** @type {any} */ res) => res.json(req.body))
  app.get('/away', (/** @type {any} */ _req, /** @type {any} */ res) => res.redirect('/there'))
  app.get('/there', (/** @type {any} */ _req, /** @type {any} */ res) => res.send('there'))
  app.get('/parts', async (/** @type {any} */ _req, /** @type {any} */ res) => {
    for (let i = 0; i < 100; i++) {
      res.write(`${i},`)
      if (i % 10 === 0) await new Promise(resolve => setImmediate(resolve))
    }
    res.end()
  })
  app.get('/broken', (/** @type {any} */ req, /** @type {any} */ res) => {
    res.writeHead(200, { 'content-length': 10 })
    res.write('abc', () => req.socket.destroy())
  })
  app.get('/never', () => {})
  return `http://127.0.0.1:${await listening(t, http.createServer(app))}`
}

const parts = Array.from({ length: 100 }, (_, i) => `${i},`).join('')

test('express and axios', async t => {
  const url = await expressed(t)
  const body = { text: 'x'.repeat(1_000_000) }
  assert.deepEqual((await axios.post(`${url}/echo`, body)).data, body)
  assert.equal((await axios.get(`${url}/away`)).data, 'there')
  assert.equal((await axios.get(`${url}/parts`)).data, parts)
  await assert.rejects(axios.get(`${url}/broken`), { code: 'ERR_BAD_RESPONSE' })
  await assert.rejects(axios.get(`${url}/never`, { timeout: 50 }), { code: 'ECONNABORTED' })
  await assert.rejects(axios.get('http://127.0.0.1:1'), { code: 'ECONNREFUSED' })
})

test('express and got', async t => {
  const url = await expressed(t)
  const body = { text: 'y'.repeat(1_000_000) }
  assert.deepEqual(await got.post(`${url}/echo`, { json: body }).json(), body)
  assert.equal(await got(`${url}/away`).text(), 'there')
  const pieces = []
  for await (const piece of got.stream(`${url}/parts`)) pieces.push(piece)
  assert.equal(Buffer.concat(pieces).toString(), parts)
  const once = { retry: { limit: 0 } }
  await assert.rejects(got(`${url}/broken`, once).text(), { code: 'ECONNRESET' })
  await assert.rejects(got(`${url}/never`, { ...once, timeout: { request: 50 } }).text(), {
    code: 'ETIMEDOUT',
  })
})

test('many requests of kept connections', async t => {
  const url = await expressed(t)
  const agent = new http.Agent({ keepAlive: true, maxSockets: 4 })
  t.after(() => agent.destroy())
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, i) => axios.post(`${url}/echo`, { i }, { httpAgent: agent })),
  )
  assert.deepEqual(
    answers.map(({ data }) => data.i),
    Array.from({ length: 200 }, (_, i) => i),
  )
})

test('fastify answers, streams, and closes with connections open', async t => {
  const app = fastify({ forceCloseConnections: true, bodyLimit: 5_000_000 })
  app.post('/echo', async (/** @type {any} */ req) => req.body)
  app.get('/hi', async () => ({ hi: true }))
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  const agent = new http.Agent({ keepAlive: true })
  t.after(() => agent.destroy())
  const text = 'z'.repeat(1_000_000)
  assert.equal((await axios.post(`${url}/echo`, { text }, { httpAgent: agent })).data.text, text)
  assert.deepEqual((await axios.get(`${url}/hi`, { httpAgent: agent })).data, { hi: true })
  await app.close()
  await assert.rejects(axios.get(`${url}/hi`), { code: 'ECONNREFUSED' })
})

for (const perMessageDeflate of [false, true]) {
  test(`ws ${perMessageDeflate ? 'with' : 'without'} compression: order, kinds, sizes, ends`, async t => {
    const server = http.createServer()
    const hub = new WebSocket.WebSocketServer({ server, perMessageDeflate })
    hub.on('connection', (/** @type {any} */ socket) => {
      socket.on('error', () => {})
      socket.on('message', (/** @type {Buffer} */ data, /** @type {boolean} */ binary) =>
        socket.send(data, { binary }),
      )
    })
    const url = `ws://127.0.0.1:${await listening(t, server)}`
    const socket = new WebSocket(url, { perMessageDeflate })
    await once(socket, 'open')
    const sent = Array.from({ length: 400 }, (_, i) =>
      i % 3 === 0 ? `text ${i}` : Buffer.alloc((i * 331) % 70_000, i),
    )
    /** @type {(string | Buffer)[]} */
    const back = []
    const all = new Promise(resolve => {
      socket.on('message', (/** @type {Buffer} */ data, /** @type {boolean} */ binary) => {
        if (back.push(binary ? data : String(data)) === sent.length) resolve(undefined)
      })
    })
    for (const one of sent) socket.send(one)
    await all
    assert.ok(sent.every((one, i) => Buffer.from(one).equals(Buffer.from(/** @type {any} */ (back[i])))))
    const pong = once(socket, 'pong')
    socket.ping('p')
    assert.equal(String((await pong)[0]), 'p')
    const closed = once(socket, 'close')
    socket.close(4001, 'bye')
    assert.deepEqual([(await closed)[0], String((await closed)[1])], [4001, 'bye'])
    const cut = new WebSocket(url)
    await once(cut, 'open')
    const gone = once(cut, 'close')
    for (const one of hub.clients) one.terminate()
    assert.equal((await gone)[0], 1006)
  })
}

for (const transports of [['websocket'], ['polling'], ['polling', 'websocket']]) {
  test(`socket.io by ${transports.join(' and ')}: order, answers, binaries, rooms`, async t => {
    const server = http.createServer()
    const hub = new IoServer(server)
    hub.on('connection', (/** @type {any} */ socket) => {
      socket.join('room')
      socket.on('echo', (/** @type {any} */ value, /** @type {any} */ answer) => answer(value))
      socket.on('all', (/** @type {any} */ value) => hub.to('room').emit('all', value))
    })
    const url = `http://127.0.0.1:${await listening(t, server)}`
    const clients = [io(url, { transports }), io(url, { transports, forceNew: true })]
    t.after(() => {
      for (const one of clients) one.disconnect()
      hub.close()
    })
    await Promise.all(clients.map(one => new Promise(resolve => one.once('connect', resolve))))
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, i) => clients[0].emitWithAck('echo', i)),
    )
    assert.deepEqual(
      answers,
      Array.from({ length: 100 }, (_, i) => i),
    )
    const binary = Buffer.alloc(100_000, 9)
    assert.ok(Buffer.from(await clients[1].emitWithAck('echo', binary)).equals(binary))
    const heard = Promise.all(clients.map(one => new Promise(resolve => one.once('all', resolve))))
    clients[0].emit('all', 'everybody')
    assert.deepEqual(await heard, ['everybody', 'everybody'])
  })
}
