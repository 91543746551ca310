// ws on both ends, once over http and once over a socket that its user opens; and http by undici and by node:http with an
// agent whose connections are of net.
import http from 'node:http'
import net from 'node:net'
import { Agent, request } from 'undici'
import WebSocket, { WebSocketServer } from 'ws'
import { payload, report, sum } from './report.mjs'

const server = http.createServer((incoming, outgoing) => incoming.pipe(outgoing))
// The front is net's; it gives each connection to http.
const front = net.createServer(socket => server.emit('connection', socket))
await new Promise(resolve => front.listen(0, '127.0.0.1', resolve))
const { port } = front.address()
const sockets = new WebSocketServer({ server })
sockets.on('connection', socket =>
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })),
)

const large = payload(16 << 20)
const client = new WebSocket(`ws://127.0.0.1:${port}`, {
  perMessageDeflate: false,
  createConnection: options => net.connect(options.port, options.host),
})
await new Promise(resolve => client.once('open', resolve))
const answers = []
const done = new Promise(resolve => client.on('message', data => answers.push(data) === 1001 && resolve()))
client.send(large.data)
for (let i = 0; i < 1000; i++) client.send(`${i}`)
await done
client.close()
await new Promise(resolve => client.once('close', resolve))

const dispatcher = new Agent({
  connect: (options, done) => {
    const socket = net.connect(options.port, options.hostname, () => done(null, socket)).once('error', done)
  },
})
const { body } = await request(`http://127.0.0.1:${port}`, { method: 'POST', body: large.data, dispatcher })
const byUndici = sum(Buffer.from(await body.arrayBuffer()))
await dispatcher.close()

const agent = new http.Agent({ keepAlive: true })
agent.createConnection = options => net.connect(options)
const byHttp = await new Promise((resolve, reject) => {
  const outgoing = http.request({ host: '127.0.0.1', port, method: 'POST', agent }, async incoming => {
    resolve(sum(Buffer.concat(await incoming.toArray())))
  })
  outgoing.on('error', reject).end(large.data)
})
agent.destroy()
sockets.close()
server.closeAllConnections()
await new Promise(resolve => front.close(resolve))
report({
  large: sum(answers[0]) === large.sum,
  small: answers.slice(1).every((data, i) => `${data}` === `${i}`) && answers.length - 1,
  undici: byUndici === large.sum,
  http: byHttp === large.sum,
})
