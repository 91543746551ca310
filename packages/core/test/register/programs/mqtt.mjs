// mqtt clients on an aedes broker: a hundred subscribers, a large message, a client that is cut off and comes again.
import { once } from 'node:events'
import net from 'node:net'
import { Aedes } from 'aedes'
import mqtt from 'mqtt'
import { payload, report, sum } from './report.mjs'

const broker = await Aedes.createBroker()
const server = net.createServer(broker.handle)
await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
const { port } = server.address()
const connect = options => mqtt.connectAsync({ host: '127.0.0.1', port, ...options })

const subscribers = await Promise.all(Array.from({ length: 100 }, () => connect()))
await Promise.all(subscribers.map(client => client.subscribeAsync('news', { qos: 1 })))
const heard = subscribers.map(
  client =>
    new Promise(resolve => {
      const messages = []
      client.on('message', (_topic, message) => {
        if (messages.push(`${message}`) === 100) resolve(messages)
      })
    }),
)
const publisher = await connect()
for (let i = 0; i < 100; i++) await publisher.publishAsync('news', `${i}`, { qos: 1 })
const lists = await Promise.all(heard)

const large = payload(2 << 20)
const echo = await connect()
await echo.subscribeAsync('large')
const answer = once(echo, 'message')
await publisher.publishAsync('large', large.data)
const [, message] = await answer

const fickle = await connect({ reconnectPeriod: 1 })
const again = once(fickle, 'connect')
fickle.stream.destroy()
await again

await Promise.all([...subscribers, publisher, echo, fickle].map(client => client.endAsync()))
await new Promise(resolve => broker.close(resolve))
await new Promise(resolve => server.close(resolve))
report({
  subscribers: lists.filter(list => list.every((message, i) => message === `${i}`)).length,
  large: sum(message) === large.sum,
  again: true,
})
