// ioredis against redis-server: pipelines, transactions, subscriptions, large values, killed connections; TCP and a path.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import path from 'node:path'
import { test } from 'node:test'
import { freePort } from '@x/presets/free-port'
import { listens, packaged, program, scratch } from './bed.mjs'

const { Redis } = packaged('ioredis')
const port = await freePort()
const socket = path.join(scratch(), 'redis.sock')
program('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--unixsocket', socket, '--save', ''])
await listens(port)

for (const [name, at] of Object.entries({ TCP: { port, host: '127.0.0.1' }, 'a path': { path: socket } })) {
  /** @param {import('node:test').TestContext} t @param {object} [options] */
  const connected = (t, options) => {
    const redis = new Redis({ ...at, ...options })
    redis.on('error', () => {})
    t.after(() => redis.disconnect())
    return redis
  }

  test(`${name}: commands of one turn are answered in order`, async t => {
    const redis = connected(t)
    const got = await Promise.all(
      Array.from({ length: 1000 }, (_, i) => redis.echo(`${i}${'x'.repeat(i % 50)}`)),
    )
    assert.deepEqual(
      got,
      Array.from({ length: 1000 }, (_, i) => `${i}${'x'.repeat(i % 50)}`),
    )
  })

  test(`${name}: a pipeline, and a transaction`, async t => {
    const redis = connected(t)
    const pipeline = redis.pipeline()
    for (let i = 0; i < 5000; i++) pipeline.set(`k${i}`, i).get(`k${i}`)
    const answers = await pipeline.exec()
    assert.equal(answers.length, 10_000)
    assert.equal(answers[9999][1], '4999')
    const done = await redis.multi().set('a', 1).incr('a').get('a').exec()
    assert.deepEqual(
      done.map((/** @type {any[]} */ [, value]) => value),
      ['OK', 2, '2'],
    )
  })

  test(`${name}: large values`, async t => {
    const redis = connected(t)
    const value = Buffer.alloc(5_000_000, 'v')
    await redis.set('large', value)
    assert.ok((await redis.getBuffer('large')).equals(value))
  })

  test(`${name}: subscribers hear all messages in order`, async t => {
    const [reader, writer] = [connected(t), connected(t)]
    await reader.subscribe(`c ${name}`)
    /** @type {string[]} */
    const got = []
    const all = new Promise(resolve => {
      reader.on('message', (/** @type {string} */ _channel, /** @type {string} */ text) => {
        if (got.push(text) === 500) resolve(undefined)
      })
    })
    for (let i = 0; i < 500; i++) writer.publish(`c ${name}`, String(i))
    await all
    assert.deepEqual(
      got,
      Array.from({ length: 500 }, (_, i) => String(i)),
    )
  })

  test(`${name}: a killed connection connects again, and its commands are answered`, async t => {
    const redis = connected(t, { retryStrategy: () => 10 })
    const killer = connected(t)
    const id = await redis.client('ID')
    // Whether the command fails on the killed connection first, with an 'error', is chance.
    const again = new Promise(resolve => redis.once('ready', resolve))
    await killer.client('KILL', 'ID', id)
    const answer = redis.echo('after')
    await again
    assert.equal(await answer, 'after')
  })

  test(`${name}: a blocked command is answered, quit ends the connection`, async t => {
    const [reader, writer] = [connected(t), connected(t)]
    const popped = reader.brpop(`l ${name}`, 0)
    await writer.lpush(`l ${name}`, 'one')
    assert.deepEqual(await popped, [`l ${name}`, 'one'])
    const ended = once(reader, 'end')
    assert.equal(await reader.quit(), 'OK')
    await ended
  })
}

test('nobody listens', async () => {
  const redis = new Redis({ port: 1, host: '127.0.0.1', lazyConnect: true, retryStrategy: () => null })
  const failed = once(redis, 'error')
  await assert.rejects(redis.connect())
  assert.equal((await failed)[0].code, 'ECONNREFUSED')
})
