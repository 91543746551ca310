// Code beside a simulation, and code of simulations that are over, in one process of plain ES modules: prints what each
// saw. node beside-simulation.mjs
import { pbkdf2 } from 'node:crypto'
import { once } from 'node:events'
import net from 'node:net'
import { setImmediate, setTimeout } from 'node:timers'
import { setInterval as every, scheduler, setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { connect, createServer } from '@x/core'
import { simulate } from '@x/testkit'

const rejections = []
process.on('unhandledRejection', error => rejections.push(error.message))

/** A day in a simulation, by every way to wait. */
const day = () =>
  simulate({ seed: 3, maxVirtualMs: 1e9 }, async ({ clock, host }) => {
    host('server', () => void createServer(socket => socket.pipe(socket)).listen(80))
    await sleep(1000)
    await scheduler.wait(1000)
    await promisify(setTimeout)(1000)
    await promisify(globalThis.setTimeout)(1000)
    await new Promise(resolve => setTimeout(resolve, 1000))
    await new Promise(resolve => setImmediate(resolve))
    let ticks = 0
    for await (const _ of every(1000)) if (++ticks === 3) break
    const signal = AbortSignal.timeout(1000)
    await once(signal, 'abort')
    const aborted = await sleep(1e6, null, { signal }).catch(error => error.name)
    const socket = connect(80, 'server')
    await once(socket, 'connect')
    socket.destroy()
    await sleep(86_400_000)
    return { aborted, nowMs: clock.nowMs, year: new Date().getFullYear(), hours: process.hrtime()[0] / 3600 }
  })

const beside = { years: new Set(), echoes: 0, isOver: false }
async function besideIt() {
  const server = net.createServer(socket => socket.pipe(socket)).listen(0, '127.0.0.1')
  const ours = createServer(socket => socket.pipe(socket)).listen(0, '127.0.0.1')
  await Promise.all([once(server, 'listening'), once(ours, 'listening')])
  while (!beside.isOver) {
    beside.years.add(new Date().getFullYear())
    for (const { port } of [server.address(), ours.address()]) {
      const socket = connect(port, '127.0.0.1')
      socket.write('x')
      await once(socket, 'data')
      socket.destroy()
      beside.echoes++
    }
    await sleep(1)
    await new Promise(resolve => setTimeout(resolve, 1))
  }
  server.close()
  ours.close()
}
const talking = besideIt()
Promise.reject(new Error('beside'))

const first = await day()
// Leaves work to the thread pool that ends after the simulation, and then throws, rejects, waits and writes.
await simulate({}, async ({ host }) => {
  const server = host('server', () => void createServer(socket => socket.on('error', () => {})).listen(80))
  const client = host('client')
  await sleep(1)
  client.run(() => {
    const socket = connect(80, 'server')
    pbkdf2('a', 'b', 200_000, 32, 'sha512', () => {
      setTimeout(() => console.log('a timer of a world that is over'), 1)
      Promise.reject(new Error('late rejection'))
      socket.write('late')
      throw new Error('late')
    })
  })
  server.crash()
})
const second = await day()
await sleep(300)
const third = await day()
beside.isOver = true
await talking
const nested = await simulate({}, () => simulate({}, () => 1)).catch(error => error.cause.code)
console.log(
  JSON.stringify({
    first: first.value,
    isSame: new Set([first, second, third].map(({ hash }) => hash)).size === 1,
    years: [...beside.years],
    echoes: beside.echoes > 3,
    rejections,
    nested,
  }),
)
