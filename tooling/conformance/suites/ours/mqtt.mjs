// MQTT.js and an aedes broker over TCP: order, qualities of service, wills, reconnects.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { test } from 'node:test'
import { imported, listening } from './bed.mjs'

const mqtt = (await imported('mqtt')).default
const { Aedes } = await imported('aedes')

/** @param {import('node:test').TestContext} t */
async function served(t) {
  const broker = await Aedes.createBroker()
  const server = net.createServer(broker.handle)
  const port = await listening(t, server)
  t.after(() => broker.close())
  return { broker, server, url: `mqtt://127.0.0.1:${port}` }
}

/** @param {import('node:test').TestContext} t @param {string} url @param {object} [options] */
async function connected(t, url, options) {
  const client = await mqtt.connectAsync(url, { reconnectPeriod: 0, ...options })
  t.after(() => client.end(true))
  return client
}

for (const qos of [0, 1, 2]) {
  test(`messages of QoS ${qos} come in order`, async t => {
    const { url } = await served(t)
    const [reader, writer] = [await connected(t, url), await connected(t, url)]
    await reader.subscribeAsync('t', { qos })
    /** @type {string[]} */
    const got = []
    const all = new Promise(resolve => {
      reader.on('message', (/** @type {string} */ _topic, /** @type {Buffer} */ payload) => {
        if (got.push(String(payload)) === 300) resolve(undefined)
      })
    })
    const wanted = Array.from({ length: 300 }, (_, i) => `${i}${'x'.repeat(i)}`)
    await Promise.all(wanted.map(text => writer.publishAsync('t', text, { qos })))
    await all
    assert.deepEqual(got, wanted)
  })
}

test('a large message', async t => {
  const { url } = await served(t)
  const client = await connected(t, url)
  await client.subscribeAsync('large')
  const came = once(client, 'message')
  await client.publishAsync('large', Buffer.alloc(1_000_000, 7))
  const [, payload] = await came
  assert.ok(payload.equals(Buffer.alloc(1_000_000, 7)))
})

test('a will is sent for a client whose connection breaks', async t => {
  const { url } = await served(t)
  const watcher = await connected(t, url)
  await watcher.subscribeAsync('will')
  const came = once(watcher, 'message')
  const client = await connected(t, url, { will: { topic: 'will', payload: 'gone', qos: 0, retain: false } })
  client.on('error', () => {})
  client.stream.destroy()
  const [, payload] = await came
  assert.equal(String(payload), 'gone')
})

test('a client connects again, and sends what waited', async t => {
  const { url, broker } = await served(t)
  const client = await connected(t, url, { reconnectPeriod: 20, clean: false, clientId: 'c' })
  const again = once(client, 'connect')
  const gone = once(client, 'offline')
  broker.clients.c.close()
  await gone
  const heard = once(broker, 'publish')
  const waiting = client.publishAsync('later', 'kept', { qos: 1 })
  await again
  await waiting
  await heard
})

test('end() waits for what is under way', async t => {
  const { url, broker } = await served(t)
  const client = await connected(t, url)
  let count = 0
  broker.on('publish', (/** @type {any} */ packet) => {
    if (packet.topic === 'last') count++
  })
  for (let i = 0; i < 50; i++) client.publish('last', 'x', { qos: 1 })
  await client.endAsync()
  assert.equal(count, 50)
})

test('pings keep a silent client', async t => {
  const { url } = await served(t)
  // On a machine that stands still for longer than the broker waits it connects again.
  const client = await connected(t, url, { keepalive: 1, reconnectPeriod: 1 })
  const [packet] = await new Promise(resolve => {
    client.on('packetreceive', (/** @type {any} */ one) => {
      if (one.cmd === 'pingresp') resolve([one])
    })
  })
  assert.equal(packet.cmd, 'pingresp')
})
