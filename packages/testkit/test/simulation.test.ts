// The simulated network as handles see it: distance, weather, misfortune, virtual time, and that a seed repeats.
import { errno, type StreamHandle, type TcpAddress } from '@x/core/transport'
import { describe, expect, it } from 'vitest'
import { faults, type SimulatedHost, type Simulation, type SimulationError, simulate } from '../src'
import { connect, deferred, listen, pair, readAll, shutdown, write } from './handles'

const port = (host: SimulatedHost, number: number): TcpAddress => ({
  family: 'IPv4',
  address: host.address,
  port: number,
})

/** A connection from one host to another. */
async function dial(from: SimulatedHost, to: SimulatedHost) {
  const accepted = deferred<StreamHandle>()
  await listen(to.transport, port(to, 80), (_status, stream) => stream && accepted.resolve(stream))
  const { stream: client, status } = await connect(from.transport, port(to, 80))
  expect(status).toBe(0)
  return { client, server: await accepted.promise }
}

function two({ host }: Simulation) {
  return [host('a'), host('b')] as const
}

describe('simulated network', () => {
  it('[T3] takes the latency of its links, in virtual time', async () => {
    const report = await simulate({ seed: 1 }, async simulation => {
      const { network, clock } = simulation
      const [a, b] = two(simulation)
      network.link(a, b, [faults.latency({ ms: 50 })])
      const { client, server } = await dial(a, b)
      const connected = clock.nowMs
      const reading = readAll(server)
      await write(client, 'hello')
      await shutdown(client)
      expect((await reading).data.toString()).toBe('hello')
      return { connected, read: clock.nowMs }
    })
    // A server accepts once the client has confirmed: the third way.
    expect(report.value).toEqual({ connected: 150, read: 200 })
    expect(report.virtualMs).toBe(200)
  })

  it('[T3] takes the time that its bandwidth asks for', async () => {
    const { value } = await simulate(
      { link: [faults.bandwidth({ bytesPerSecond: 100_000 })] },
      async simulation => {
        const { client, server } = await dial(...two(simulation))
        const before = simulation.clock.nowMs
        const reading = readAll(server)
        await write(client, Buffer.alloc(1_000_000))
        await shutdown(client)
        expect((await reading).data.length).toBe(1_000_000)
        return simulation.clock.nowMs - before
      },
    )
    expect(value).toBeGreaterThanOrEqual(10_000)
    expect(value).toBeLessThan(10_100)
  })

  it('[T3] shows loss as delay, and loses and disorders nothing', async () => {
    const { value } = await simulate(
      { seed: 7, link: [faults.loss(0.3), faults.jitter({ ms: 20 })] },
      async simulation => {
        const { client, server } = await dial(...two(simulation))
        const sent = simulation.random.bytes(200_000)
        const reading = readAll(server)
        await write(client, sent)
        await shutdown(client)
        expect((await reading).data.equals(sent)).toBe(true)
        return simulation.clock.nowMs
      },
    )
    expect(value).toBeGreaterThan(400)
  })

  it('[T3] a partition holds what is sent until it is repaired', async () => {
    const { value } = await simulate({}, async simulation => {
      const { network, clock } = simulation
      const [a, b] = two(simulation)
      const { client, server } = await dial(a, b)
      const repair = network.partition(a, b)
      const reading = readAll(server)
      await write(client, 'late')
      await shutdown(client)
      expect(await Promise.race([reading, clock.sleep(5000).then(() => 'nothing')])).toBe('nothing')
      repair()
      expect((await reading).data.toString()).toBe('late')
      return clock.nowMs
    })
    expect(value).toBeGreaterThan(5000)
    expect(value).toBeLessThan(13_000)
  })

  it('[T3] a one-way partition lets the other way pass', async () => {
    await simulate({}, async simulation => {
      const { network, clock } = simulation
      const [a, b] = two(simulation)
      const { client, server } = await dial(a, b)
      network.partitionOneWay(a, b)
      const [atServer, atClient] = [readAll(server), readAll(client)]
      await write(client, 'x')
      await write(server, 'y')
      await shutdown(server)
      expect((await atClient).data.toString()).toBe('y')
      expect(await Promise.race([atServer, clock.sleep(60_000).then(() => 'nothing')])).toBe('nothing')
    })
  })

  it('[T3] TCP gives up: a SYN after two minutes, a connection after a quarter of an hour', async () => {
    await simulate({}, async simulation => {
      const { network, clock } = simulation
      const [a, b] = two(simulation)
      const { client } = await dial(a, b)
      network.partition(a, b)
      const before = clock.nowMs
      expect((await connect(a.transport, port(b, 80))).status).toBe(errno('ETIMEDOUT'))
      expect(Math.round((clock.nowMs - before) / 1000)).toBe(127)
      const reading = readAll(client)
      await write(client, 'x')
      expect((await reading).status).toBe(errno('ETIMEDOUT'))
      expect(Math.round((clock.nowMs - before) / 60_000)).toBeGreaterThan(14)
    })
  })

  it('[T3] a crash tells nobody; after the restart what is sent is answered by a reset', async () => {
    await simulate({}, async simulation => {
      const { clock } = simulation
      const [a, b] = two(simulation)
      const { client } = await dial(a, b)
      const reading = readAll(client)
      b.crash()
      expect(await Promise.race([reading, clock.sleep(60_000).then(() => 'nothing')])).toBe('nothing')
      b.restart()
      await write(client, 'anybody?')
      expect((await reading).status).toBe(errno('ECONNRESET'))
      expect((await connect(a.transport, port(b, 80))).status).toBe(errno('ECONNREFUSED'))
    })
  })

  it('[T3] a killed host’s system ends its connections', async () => {
    await simulate({}, async simulation => {
      const [a, b] = two(simulation)
      const { client } = await dial(a, b)
      const reading = readAll(client)
      b.kill()
      expect(await reading).toEqual({ data: Buffer.alloc(0), status: 0 })
      expect(b.openHandles).toBe(0)
    })
  })

  it('[T3] software starts again with its host, and its timers end with it', async () => {
    const starts: number[] = []
    const ticks: number[] = []
    await simulate({}, async ({ host, clock }) => {
      const a = host('a', () => {
        starts.push(clock.nowMs)
        setInterval(() => ticks.push(clock.nowMs), 1000)
      })
      await clock.sleep(2500)
      a.crash()
      await clock.sleep(5000)
      a.restart()
      await clock.sleep(1500)
    })
    expect(starts).toEqual([0, 7500])
    expect(ticks).toEqual([1000, 2000, 8500])
  })

  it('[T3] resolves names of hosts, and reaches nobody else', async () => {
    await simulate({}, async ({ host }) => {
      const a = host('a', { addresses: ['192.168.1.1', 'fd00::1'] })
      const found = await new Promise(resolve =>
        a.transport.lookup?.('a', { all: true }, (_error, addresses) => resolve(addresses)),
      )
      expect(found).toEqual([
        { address: '192.168.1.1', family: 4 },
        { address: 'fd00::1', family: 6 },
      ])
      const nowhere = { family: 'IPv4', address: '8.8.8.8', port: 53 } as const
      expect((await connect(a.transport, nowhere)).status).toBe(errno('EHOSTUNREACH'))
    })
  })

  it('[T3] paths and loopback are a host’s own', async () => {
    await simulate({}, async simulation => {
      const [a, b] = two(simulation)
      await pair(a.transport, { path: '/run/x' })
      expect((await connect(b.transport, { path: '/run/x' })).status).toBe(errno('ENOENT'))
    })
  })

  it('[T3] the clock stands while there is something to do, and dates and timers follow it', async () => {
    const { value, virtualMs } = await simulate({}, async ({ clock }) => {
      const began = performance.now()
      for (let turns = 0; turns < 100; turns++) await new Promise(resolve => setImmediate(resolve))
      expect(clock.nowMs).toBe(0)
      await new Promise(resolve => setTimeout(resolve, 3_600_000))
      expect(performance.now() - began).toBe(3_600_000)
      return new Date().toISOString()
    })
    expect(value).toBe('2000-01-01T01:00:00.000Z')
    expect(virtualMs).toBe(3_600_000)
    expect(new Date().getFullYear()).toBeGreaterThan(2020)
  })

  it('[T3] the clock sleeps for months, and not for nonsense', async () => {
    const { value } = await simulate({ maxVirtualMs: 1e12 }, async ({ clock }) => {
      await clock.sleep(100 * 86_400_000)
      expect(() => clock.sleep(Number.NaN)).toThrow(RangeError)
      expect(() => clock.sleep(-1)).toThrow(RangeError)
      return clock.nowMs
    })
    expect(value).toBe(100 * 86_400_000)
  })

  const storm = (seed: number) =>
    simulate(
      { seed, link: [faults.latency({ ms: 10 }), faults.jitter({ ms: 30 }), faults.loss(0.1)] },
      async simulation => {
        const { random, network } = simulation
        const [a, b] = two(simulation)
        const { client, server } = await dial(a, b)
        const reading = readAll(server)
        for (let round = 0; round < 20; round++) {
          if (random.chance(0.2)) network.partition(a, b)
          if (random.chance(0.5)) network.repair()
          client.write([random.bytes(random.integer(1, 30_000))], () => {})
          await simulation.clock.sleep(Math.random() * 100)
        }
        network.repair()
        await shutdown(client)
        return (await reading).data.length
      },
    )

  it('[T3] the same seed gives the same run to the last byte, another seed another', async () => {
    const first = await storm(11)
    const other = await storm(12)
    const again = await storm(11)
    expect([again.hash, again.value, again.virtualMs]).toEqual([first.hash, first.value, first.virtualMs])
    expect(again.trace()).toBe(first.trace())
    expect(other.hash).not.toBe(first.hash)
  })

  it('[T3] a run that fails names its seed, how to replay it, and the end of its trace', async () => {
    const failing = simulate({ seed: 4711 }, async ({ note }) => {
      note('about to fail')
      throw new Error('two leaders')
    })
    const error = await failing.then(
      () => null,
      (reason: SimulationError) => reason,
    )
    expect(error?.message).toMatch(/seed 4711 failed after 0 virtual ms: two leaders/)
    expect(error?.message).toContain('X_TESTKIT_SEED=4711')
    expect(error?.message).toContain('note about to fail')
    expect(error?.cause).toEqual(new Error('two leaders'))
  })

  it('[T3] an error that nobody catches, in a timer or a promise, is the simulation’s', async () => {
    const late = () => setTimeout(() => void Promise.reject(new Error('nobody caught it')), 10)
    await expect(
      simulate({}, ({ clock, host }) => {
        host('a', late)
        return clock.sleep(100)
      }),
    ).rejects.toThrow('nobody caught it')
    const sync = () => {
      setTimeout(() => {
        throw new Error('thrown')
      }, 10)
    }
    await expect(
      simulate({}, ({ clock, host }) => {
        host('a', sync)
        return clock.sleep(100)
      }),
    ).rejects.toThrow('thrown')
  })

  it('[T3] a run in which nothing is left to do, or time is up, is told rather than hung', async () => {
    await expect(simulate({}, () => new Promise(() => {}))).rejects.toThrow('stands still')
    const forever = simulate({ maxVirtualMs: 60_000 }, () => {
      setInterval(() => {}, 1000)
      return new Promise(() => {})
    })
    await expect(forever).rejects.toThrow('did not end within 60000 virtual ms')
  })

  it('[T3] simulations of one process wait for each other', async () => {
    const order: string[] = []
    const run = (name: string) =>
      simulate({}, async ({ clock }) => {
        order.push(`${name} starts`)
        await clock.sleep(1000)
        order.push(`${name} ends`)
      })
    await Promise.all([run('one'), run('two')])
    expect(order).toEqual(['one starts', 'one ends', 'two starts', 'two ends'])
  })
})
