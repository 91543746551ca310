import { once } from 'node:events'
import { expectNoLeaks, faults, memoryNetwork, simulate } from '@x/testkit'
import { describe, expect, it } from 'vitest'
import { CounterClient, createCounterServer } from '../counter-service.mjs'

describe('in memory', () => {
  it('adds what clients ask, and leaves nothing open', async () => {
    await expectNoLeaks(async () => {
      const transport = memoryNetwork() // no port of the machine is taken
      const server = createCounterServer(new Map(), { transport }).listen(80)
      await once(server, 'listening')
      const client = new CounterClient('anna', { port: 80, transport })
      expect(await client.add('visits', 2)).toBe(2)
      expect(await client.add('visits', 3)).toBe(5)
      server.close()
      await once(server, 'close')
    })
  })
})

/** Three clients add 1 to one counter, 10 times each, while misfortune takes its course; the total at the end. */
function scenario(seed: number) {
  const link = [faults.latency({ ms: 20 }), faults.jitter({ ms: 30 }), faults.loss(0.05)]
  return simulate({ seed, link }, async ({ host, network, clock, random }) => {
    const disk = new Map()
    const server = host('server', () => void createCounterServer(disk).listen(80))
    await clock.sleep(1)
    const adding = ['anna', 'bert', 'cora'].map(name => {
      const place = host(name)
      return place.run(async () => {
        const client = new CounterClient(name, { port: 80, host: 'server' })
        for (let asked = 0; asked < 10; asked++) await client.add('visits', 1)
      })
    })
    await clock.sleep(random.integer(1, 500))
    server.crash()
    await clock.sleep(2000)
    server.restart()
    await clock.sleep(random.integer(1, 500))
    const repair = network.isolate(server)
    await clock.sleep(3000)
    repair()
    await Promise.all(adding)
    return disk.get('visits').total
  })
}

describe('on a simulated network that loses, crashes and parts', () => {
  for (let seed = 1; seed <= 20; seed++) {
    it(`counts each question once (seed ${seed})`, async () => {
      expect((await scenario(seed)).value).toBe(30)
    })
  }

  it('repeats a run by its seed', async () => {
    expect((await scenario(7)).hash).toBe((await scenario(7)).hash)
  })
})
