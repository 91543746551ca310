// ioredis against a real redis-server: pipelining, large values, publish and subscribe, a refused connection.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { Redis } from 'ioredis'
import { payload, report, sum } from './report.mjs'

const folder = mkdtempSync(path.join(os.tmpdir(), 'x-redis-'))
const socketPath = path.join(folder, 'redis.sock')
const server = spawn('redis-server', [
  '--port',
  '0',
  '--unixsocket',
  socketPath,
  '--save',
  '',
  '--dir',
  folder,
])
process.once('exit', () => server.kill())
process.once('SIGTERM', () => process.exit(1))
for await (const line of server.stdout) if (`${line}`.includes('eady to accept connections')) break
server.stdout.resume()

const client = new Redis({ path: socketPath })
const subscriber = new Redis({ path: socketPath })

const pipeline = client.pipeline()
for (let i = 0; i < 20_000; i++) pipeline.set(`key:${i}`, i)
const written = await pipeline.exec()
const numbers = await client.mget(Array.from({ length: 20_000 }, (_, i) => `key:${i}`))

const large = payload(16 << 20)
await client.set('large', large.data)
const back = await client.getBuffer('large')

const heard = []
await subscriber.subscribe('news')
const all = new Promise(resolve => {
  subscriber.on('message', (_channel, message) => heard.push(message) === 1000 && resolve())
})
await Promise.all(Array.from({ length: 1000 }, (_, i) => client.publish('news', `${i}`)))
await all

const lost = new Redis({ path: `${socketPath}.none`, retryStrategy: () => null, lazyConnect: true })
const refusal = once(lost, 'error')
await lost.connect().catch(() => {})
const [error] = await refusal

client.disconnect()
subscriber.disconnect()
server.kill()
await once(server, 'exit')
rmSync(folder, { recursive: true })
report({
  written: written.filter(([error, answer]) => error === null && answer === 'OK').length,
  read: numbers.filter((value, i) => value === `${i}`).length,
  large: sum(back) === large.sum,
  heard: heard.every((message, i) => message === `${i}`) && heard.length,
  refused: `${error.code} ${error.syscall} ${error.address === `${socketPath}.none`}`,
})
