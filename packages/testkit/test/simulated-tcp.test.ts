// TCP on the simulated network as RFC 9293, RFC 6298 and Linux (tcp(7)) have it: what travels, what is repeated, what is
// given up, and what a host answers that has forgotten.
import {
  errno,
  type ListenerHandle,
  type Status,
  type StreamHandle,
  type TcpAddress,
} from '@x/core/transport'
import { describe, expect, it } from 'vitest'
import { faults, type SimulatedHost, type Simulation, simulate } from '../src'
import { connect, deferred, listen, readAll, shutdown, write } from './handles'

const at = (host: SimulatedHost): TcpAddress => ({ family: 'IPv4', address: host.address, port: 80 })

const MOST = { maxVirtualMs: 40 * 86_400_000 }

/** Two hosts, a listener on the second, and what it accepts. */
async function two({ host }: Simulation, backlog = 511) {
  const [a, b] = [host('a'), host('b')]
  const accepted: StreamHandle[] = []
  const first = deferred<StreamHandle>()
  const listener = await listen(
    b.transport,
    at(b),
    (_status, stream) => {
      if (!stream) return
      accepted.push(stream)
      first.resolve(stream)
    },
    backlog,
  )
  return { a, b, listener, accepted, first: first.promise }
}

/** A connection between them. */
async function pair(simulation: Simulation) {
  const hosts = await two(simulation)
  const { stream: client, status } = await connect(hosts.a.transport, at(hosts.b))
  expect(status).toBe(0)
  return { ...hosts, client, server: await hosts.first }
}

const second = (ms: number) => Math.round(ms / 1000)

describe('simulated TCP: connecting', () => {
  it('[T3] with the way back cut: the client repeats its SYN and times out, the server accepts nobody', async () => {
    await simulate(MOST, async simulation => {
      const { a, b, accepted } = await two(simulation)
      simulation.network.partitionOneWay(b, a)
      const { status } = await connect(a.transport, at(b))
      expect(status).toBe(errno('ETIMEDOUT'))
      expect(second(simulation.clock.nowMs)).toBe(127)
      await simulation.clock.sleep(3_600_000)
      expect(accepted).toEqual([])
      // What the server made for it is gone.
      expect(b.openHandles).toBe(1)
    })
  })

  it('[T3] with the way there cut for a while: connects with the next SYN', async () => {
    await simulate(MOST, async simulation => {
      const { a, b } = await two(simulation)
      const repair = simulation.network.partitionOneWay(a, b)
      const connecting = connect(a.transport, at(b))
      await simulation.clock.sleep(4000)
      repair()
      expect((await connecting).status).toBe(0)
      expect(second(simulation.clock.nowMs)).toBe(7)
    })
  })

  it('[T3] a confirmation that is lost delays the server, not the client', async () => {
    await simulate(MOST, async simulation => {
      const { network, clock } = simulation
      const { a, b, accepted } = await two(simulation)
      network.link(a, b, [faults.latency({ ms: 100 })])
      const connecting = connect(a.transport, at(b))
      await clock.sleep(150)
      const repair = network.partitionOneWay(a, b)
      expect((await connecting).status).toBe(0)
      expect(clock.nowMs).toBe(200)
      await clock.sleep(500)
      expect(accepted).toEqual([])
      repair()
      await clock.sleep(5000)
      expect(accepted.length).toBe(1)
    })
  })

  it('[T3] a full backlog: who does not get in times out, who waits long enough gets in', async () => {
    await simulate(MOST, async simulation => {
      const { a, b, listener, accepted } = await two(simulation, 1)
      listener.pause?.()
      const outcomes: Promise<{ status: Status }>[] = []
      for (let client = 0; client < 4; client++) outcomes.push(connect(a.transport, at(b)))
      expect((await Promise.all(outcomes)).map(({ status }) => status)).toEqual([
        0,
        0,
        errno('ETIMEDOUT'),
        errno('ETIMEDOUT'),
      ])
      expect(second(simulation.clock.nowMs)).toBe(127)
      const late = connect(a.transport, at(b))
      await simulation.clock.sleep(10_000)
      listener.resume?.()
      expect((await late).status).toBe(0)
      await simulation.clock.sleep(10)
      expect(accepted.length).toBe(3)
    })
  })

  it('[T3] a killed host refuses at once, a crashed one does not answer', async () => {
    await simulate(MOST, async simulation => {
      const { a, b } = await two(simulation)
      b.kill()
      expect((await connect(a.transport, at(b))).status).toBe(errno('ECONNREFUSED'))
      expect(simulation.clock.nowMs).toBe(2)
      b.crash()
      expect((await connect(a.transport, at(b))).status).toBe(errno('ETIMEDOUT'))
    })
  })

  it('[T3] a host that crashes between SYN and confirmation: refused or reset, never left', async () => {
    for (const afterMs of [5, 15, 25, 35]) {
      await simulate(MOST, async simulation => {
        const { a, b } = await two(simulation)
        simulation.network.link(a, b, [faults.latency({ ms: 10 })])
        const connecting = connect(a.transport, at(b))
        await simulation.clock.sleep(afterMs)
        b.crash()
        await simulation.clock.sleep(1)
        b.restart()
        const { stream, status } = await connecting
        if (status < 0) return expect(status).toBe(errno('ECONNREFUSED'))
        const reading = readAll(stream)
        await write(stream, 'x')
        expect((await reading).status).toBe(errno('ECONNRESET'))
      })
    }
  })
})

describe('simulated TCP: sending', () => {
  it('[T3] has a window for each round trip', async () => {
    const { value } = await simulate({ link: [faults.latency({ ms: 50 })] }, async simulation => {
      const { client, server } = await pair(simulation)
      const before = simulation.clock.nowMs
      const reading = readAll(server)
      await Promise.all([write(client, Buffer.alloc(655_360)), shutdown(client)])
      expect((await reading).data.length).toBe(655_360)
      return simulation.clock.nowMs - before
    })
    // 65,536 bytes each 100 ms.
    expect(value).toBeGreaterThanOrEqual(950)
    expect(value).toBeLessThanOrEqual(1150)
  })

  it('[T3] with the way back cut: sends one window, repeats it, and times out', async () => {
    await simulate(MOST, async simulation => {
      const { a, b, client, server } = await pair(simulation)
      simulation.network.partitionOneWay(b, a)
      const before = simulation.clock.nowMs
      const failing = readAll(client)
      const writing = write(client, Buffer.alloc(1_000_000))
      readAll(server)
      expect((await failing).status).toBe(errno('ETIMEDOUT'))
      expect(await writing).toBeLessThan(0)
      expect(server.bytesRead).toBeLessThanOrEqual(65_536)
      expect(second(simulation.clock.nowMs - before)).toBe(927)
    })
  })

  it('[T3] a link that loses nearly all is given up, in bounded time', async () => {
    await simulate(MOST, async simulation => {
      const { a, b, client } = await pair(simulation)
      simulation.network.link(a, b, [faults.loss(0.9999)])
      const reading = readAll(client)
      await write(client, 'x')
      expect((await reading).status).toBe(errno('ETIMEDOUT'))
      expect(second(simulation.clock.nowMs)).toBe(927)
    })
  })

  it('[T3] a reader that pauses for a day stops the writer, and loses nothing', async () => {
    const { events } = await simulate({ ...MOST, link: [faults.loss(0.2)] }, async simulation => {
      const { client, server } = await pair(simulation)
      const data = simulation.random.bytes(500_000)
      const writing = write(client, data)
      void shutdown(client)
      await simulation.clock.sleep(86_400_000)
      expect(client.bytesWritten).toBeLessThanOrEqual(65_536)
      expect((await readAll(server)).data.equals(data)).toBe(true)
      expect(await writing).toBe(0)
    })
    expect(events).toBeLessThan(3000)
  })

  it('[T3] whatever is lost, both ways: every byte comes, once and in order', async () => {
    for (let seed = 1; seed <= 25; seed++) {
      await simulate({ seed, ...MOST }, async simulation => {
        const { random, network, clock } = simulation
        const { a, b, client, server } = await pair(simulation)
        network.linkOneWay(a, b, [
          faults.loss(random.next() * 0.4),
          faults.jitter({ ms: random.integer(0, 50) }),
        ])
        network.linkOneWay(b, a, [
          faults.loss(random.next() * 0.4),
          faults.bandwidth({ bytesPerSecond: random.integer(20_000, 1e6) }),
        ])
        const [there, back] = [
          random.bytes(random.integer(1, 300_000)),
          random.bytes(random.integer(1, 300_000)),
        ]
        const reading = Promise.all([readAll(server), readAll(client)])
        for (const [stream, data] of [
          [client, there],
          [server, back],
        ] as const) {
          void write(stream, data)
          void shutdown(stream)
        }
        for (let round = 0; round < 5; round++) {
          await clock.sleep(random.integer(0, 2000))
          if (random.chance(0.5)) network.partitionOneWay(a, b)
          if (random.chance(0.5)) network.partitionOneWay(b, a)
          await clock.sleep(random.integer(0, 5000))
          network.repair()
        }
        const [atServer, atClient] = await reading
        expect([atServer.status, atClient.status]).toEqual([0, 0])
        expect(atServer.data.equals(there) && atClient.data.equals(back)).toBe(true)
      })
    }
  })
})

describe('simulated TCP: a peer that is gone', () => {
  it('[T3] a host that crashed and is back answers an end with a reset', async () => {
    await simulate(MOST, async simulation => {
      const { b, client } = await pair(simulation)
      b.crash()
      b.restart()
      const reading = readAll(client)
      await shutdown(client)
      expect((await reading).status).toBe(errno('ECONNRESET'))
      expect(second(simulation.clock.nowMs)).toBe(0)
    })
  })

  it('[T3] what was sent while it was down is answered when it is back', async () => {
    await simulate(MOST, async simulation => {
      const { b, client } = await pair(simulation)
      const reading = readAll(client)
      b.crash()
      await write(client, 'x')
      await simulation.clock.sleep(60_000)
      b.restart()
      expect((await reading).status).toBe(errno('ECONNRESET'))
      expect(second(simulation.clock.nowMs)).toBeLessThan(120)
    })
  })

  it('[T3] keep-alive notices it: after its idle time, its interval and its count', async () => {
    await simulate(MOST, async simulation => {
      const { b, client } = await pair(simulation)
      const keepAlive = {
        name: 'keepAlive',
        enable: true,
        delaySeconds: 60,
        intervalSeconds: 10,
        count: 3,
      } as const
      expect(client.setOption(keepAlive)).toBe(0)
      const reading = readAll(client)
      // While it answers, it stands.
      await simulation.clock.sleep(3_600_000)
      b.crash()
      const before = simulation.clock.nowMs
      expect((await reading).status).toBe(errno('ETIMEDOUT'))
      const seconds = second(simulation.clock.nowMs - before)
      expect(seconds).toBeGreaterThanOrEqual(30)
      expect(seconds).toBeLessThanOrEqual(90)
    })
  })

  it('[T3] keep-alive with the system’s times: two hours, and nine questions 75 seconds apart', async () => {
    await simulate(MOST, async simulation => {
      const { b, client } = await pair(simulation)
      client.setOption({ name: 'keepAlive', enable: true, delaySeconds: 0, intervalSeconds: 0, count: 0 })
      const reading = readAll(client)
      b.crash()
      const before = simulation.clock.nowMs
      expect((await reading).status).toBe(errno('ETIMEDOUT'))
      expect(second(simulation.clock.nowMs - before)).toBe(7200 + 9 * 75)
    })
  })

  it('[T3] keep-alive of a peer that is back is answered by a reset', async () => {
    await simulate(MOST, async simulation => {
      const { b, client } = await pair(simulation)
      client.setOption({ name: 'keepAlive', enable: true, delaySeconds: 60, intervalSeconds: 10, count: 3 })
      const reading = readAll(client)
      b.crash()
      b.restart()
      expect((await reading).status).toBe(errno('ECONNRESET'))
      expect(second(simulation.clock.nowMs)).toBe(60)
    })
  })

  it('[T3] a reset that is lost is told by the answer to what comes next', async () => {
    await simulate(MOST, async simulation => {
      const { a, b, client, server } = await pair(simulation)
      const repair = simulation.network.partition(a, b)
      await new Promise<void>(resolve => void server.reset(resolve))
      await simulation.clock.sleep(1000)
      repair()
      const reading = readAll(client)
      expect(await Promise.race([reading, simulation.clock.sleep(60_000).then(() => 'nothing')])).toBe(
        'nothing',
      )
      await write(client, 'x')
      expect((await reading).status).toBe(errno('ECONNRESET'))
    })
  })

  it('[T3] a listener that closes resets who is in its backlog', async () => {
    await simulate(MOST, async simulation => {
      const { a, b, listener } = await two(simulation)
      ;(listener as ListenerHandle).pause?.()
      const { stream, status } = await connect(a.transport, at(b))
      expect(status).toBe(0)
      await simulation.clock.sleep(10)
      const reading = readAll(stream)
      listener.close()
      expect((await reading).status).toBe(errno('ECONNRESET'))
    })
  })
})
