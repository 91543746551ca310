// The load at a fixed rate: nothing that a server does, or does not do, may make it leave out or move a request.
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { asker, whyNoAsker } from '../benches/loads.mjs'
import { standLoad } from '../child.mjs'

const PING_LENGTH = 14
const RATE = 1000
const COUNT = 300

/**
 * A server that answers the first request of a connection, by which the load sees that it was accepted, and then nothing
 * before it has heard so many more in all.
 */
async function startSilent(until: number): Promise<number> {
  let heard = 0
  const waiting = new Map<Socket, number>()
  const server = createServer(socket => {
    socket.on('error', () => {})
    socket.once('data', () => {
      socket.write('+PONG\r\n')
      socket.on('data', hear)
    })
    function hear(chunk: Buffer) {
      heard += chunk.length / PING_LENGTH
      waiting.set(socket, (waiting.get(socket) ?? 0) + chunk.length / PING_LENGTH)
      if (heard < until) return
      for (const [asking, count] of waiting) asking.write('+PONG\r\n'.repeat(count))
      waiting.clear()
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return (server.address() as { port: number }).port
}

async function ask(port: number, clients: number) {
  const load = await standLoad(null, [asker() ?? '', port, clients, 'open', COUNT, RATE])
  const outcome = JSON.parse(await load.work())
  await load.release()
  return outcome
}

const reason = whyNoAsker()

describe.skipIf(reason !== null)(`the load at a fixed rate ${reason ?? ''}`, () => {
  it('sends on while no request is answered', async () => {
    // A load that waits for answers would never send the last.
    const { count } = await ask(await startSilent(COUNT), 3)
    expect(count).toBe(COUNT)
  })

  it('counts latency from the planned time of sending', async () => {
    const { latencyUs } = await ask(await startSilent(COUNT), 1)
    // The last is sent at its planned time at the earliest, and only then is the first answered.
    const planned = (request: number) => (request * 1e6) / RATE
    expect(latencyUs.max).toBeGreaterThanOrEqual(planned(COUNT - 1))
    // Half of them have waited for half of that time or longer: a stall counts for each that it keeps waiting.
    expect(latencyUs.p50).toBeGreaterThanOrEqual(planned(COUNT / 2 - 1))
  })
})
