// Express, ws, undici and the redis client on a simulated network that is cut for a while: node --import @x/core/register
// web-on-simulation.mjs [seed]. A server of node:http is fed by one of @x/core; clients get a socket.
import { once } from 'node:events'
import http from 'node:http'
import { connect, createServer } from '@x/core'
import { faults, simulate } from '@x/testkit'
import redisServer from './redis-server.cjs'

const seed = Number(process.argv[2] ?? 1)
const link = [faults.latency({ ms: 20 }), faults.jitter({ ms: 5 }), faults.loss(0.01)]
const report = await simulate({ seed, link }, async ({ host, network, clock }) => {
  // They take functions of chance as they load: in here, so that they are the seed's.
  const { default: express } = await import('express')
  const { default: WebSocket, WebSocketServer } = await import('ws')
  const undici = await import('undici')
  const { createClient } = await import('redis')
  const store = host('store', () => void redisServer.serve(6379))
  const web = host('web', () => {
    const app = express()
    app.disable('x-powered-by')
    app.use(express.json())
    app.get('/hello/:name', ({ params }, response) => void response.send(`hello ${params.name}`))
    app.post('/sum', ({ body }, response) => void response.json(body.reduce((sum, each) => sum + each, 0)))
    const server = http.createServer(app)
    const rooms = new WebSocketServer({ server })
    rooms.on('connection', socket => socket.on('message', text => socket.send(`echo ${text}`)))
    createServer(socket => server.emit('connection', socket)).listen(80)
  })
  const client = host('client')
  await clock.sleep(1)
  const dial = () => connect(80, 'web')
  const got = {}

  got.http = await client.run(async () => {
    const [response] = await once(http.get({ path: '/hello/you', createConnection: dial }), 'response')
    return Buffer.concat(await response.toArray()).toString()
  })
  const agent = new undici.Agent({
    connect(_options, done) {
      const socket = dial()
      socket.once('connect', () => done(null, socket)).once('error', error => done(error, null))
    },
  })
  got.undici = await client.run(async () => {
    const options = { method: 'POST', body: '[1,2,3]', headers: { 'content-type': 'application/json' } }
    const { body } = await undici.request('http://web/sum', { ...options, dispatcher: agent })
    return await body.json()
  })
  await client.run(() => agent.close())

  const socket = client.run(() => new WebSocket('ws://web/', { createConnection: dial }))
  await once(socket, 'open')
  const repair = network.partition(client, web)
  socket.send('through a partition')
  await clock.sleep(3000)
  repair()
  got.ws = String((await once(socket, 'message'))[0])
  socket.close()
  got.wsCode = (await once(socket, 'close'))[0]

  const redis = client.run(() =>
    createClient({ url: 'redis://store:6379', disableClientInfo: true, RESP: 2 }),
  )
  redis.on('error', () => {})
  await client.run(() => redis.connect())
  const counts = [await client.run(() => redis.incr('count'))]
  store.kill()
  // What it has sent by then it gives up; what comes later waits for the next connection.
  await clock.sleep(500)
  const later = client.run(() => redis.incr('count'))
  await clock.sleep(2000)
  store.restart()
  counts.push(await later)
  client.run(() => redis.destroy())
  return { ...got, counts }
})
const { value, hash, virtualMs } = report
console.log(JSON.stringify({ ...value, hash, virtualMs }))
