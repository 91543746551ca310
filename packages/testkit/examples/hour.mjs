// An hour of traffic in seconds: ten clients that ask a server every two seconds over links that lose and delay, on a
// virtual clock. node examples/hour.mjs [minutes]
import { once } from 'node:events'
import { connect, createServer } from '@x/core'
import { faults, simulate } from '@x/testkit'

const minutes = Number(process.argv[2] ?? 60)
const began = process.hrtime.bigint()

const report = await simulate(
  { seed: 1, link: [faults.latency({ ms: 20 }), faults.jitter({ ms: 20 }), faults.loss(0.01)] },
  async simulation => {
    const { host, clock, network } = simulation
    let answered = 0
    const server = host('server', () => {
      createServer(socket => {
        socket.on('error', () => {})
        socket.pipe(socket)
      }).listen(80)
    })
    await clock.sleep(1)
    const until = minutes * 60_000
    const ask = async () => {
      const socket = connect({ port: 80, host: 'server' })
      await once(socket, 'connect')
      while (clock.nowMs < until) {
        socket.write('question')
        await once(socket, 'data')
        answered++
        await clock.sleep(2000)
      }
      socket.destroy()
    }
    const clients = Array.from({ length: 10 }, (_, index) => host(`client-${index}`))
    const asking = clients.map(client => client.run(ask))
    // Once an hour a cable is pulled, and put back.
    await clock.sleep(until / 2)
    const repair = network.isolate(server)
    await clock.sleep(5000)
    repair()
    await Promise.all(asking)
    return answered
  },
)
const seconds = Number(process.hrtime.bigint() - began) / 1e9
const { value: answered, virtualMs, events, hash } = report
console.log(JSON.stringify({ answered, virtualMs, events, hash, seconds: Number(seconds.toFixed(2)) }))
