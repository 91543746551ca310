// Rules together, and rules that answer nonsense: each rule is charged with what really goes, and an answer that is no
// action is refused by name.
import type { StreamHandle, TcpAddress } from '@x/core/transport'
import { describe, expect, it } from 'vitest'
import { faults, faulty, memoryNetwork, Random, type Rule, simulate } from '../src'
import { close, connect, deferred, LOOPBACK, listen, readAll, shutdown, write } from './handles'

const { bandwidth, latency, limit, partialWrites, slicer, stall } = faults

/** A plain server and a client under rules. */
async function underRules(...rules: Rule[]) {
  const network = memoryNetwork()
  const transport = faulty(network, rules)
  const accepted = deferred<StreamHandle>()
  const listener = await listen(network, LOOPBACK, (_status, stream) => stream && accepted.resolve(stream))
  const { stream: client } = await connect(transport, listener.sockname() as TcpAddress)
  const server = await accepted.promise
  return { transport, client, server, end: () => close(client, server, listener) }
}

/** What arrives of 200,000 bytes, and the virtual milliseconds until the end. */
async function transfer(...rules: Rule[]): Promise<{ bytes: number; ms: number }> {
  const { value } = await simulate({}, async ({ clock }) => {
    const { client, server, end } = await underRules(...rules)
    const before = clock.nowMs
    const reading = readAll(server)
    await Promise.all([write(client, Buffer.alloc(200_000)), shutdown(client)])
    const { data } = await reading
    const ms = clock.nowMs - before
    await end()
    return { bytes: data.length, ms }
  })
  return value
}

describe('rules together', () => {
  const rate = bandwidth({ bytesPerSecond: 1_000_000 })
  const cases: Record<string, [() => Rule[], { bytes: number; ms: number }]> = {
    'limit and slicer': [
      () => [limit({ bytes: 100_000 }), slicer({ bytes: 1000 })],
      { bytes: 100_000, ms: 0 },
    ],
    'slicer and limit': [
      () => [slicer({ bytes: 1000 }), limit({ bytes: 100_000 })],
      { bytes: 100_000, ms: 0 },
    ],
    'limit and bandwidth': [
      () => [limit({ bytes: 100_000 }), bandwidth({ bytesPerSecond: 5e5 })],
      { bytes: 100_000, ms: 200 },
    ],
    'bandwidth and slicer': [
      () => [bandwidth({ bytesPerSecond: 1e6 }), slicer({ bytes: 1000 })],
      { bytes: 200_000, ms: 200 },
    ],
    'bandwidth, partial writes and limit': [
      () => [bandwidth({ bytesPerSecond: 1e6 }), partialWrites({ bytes: 777 }), limit({ bytes: 150_000 })],
      { bytes: 150_000, ms: 150 },
    ],
    'two limits': [() => [limit({ bytes: 100_000 }), limit({ bytes: 50_000 })], { bytes: 50_000, ms: 0 }],
    'a limit that never gets so far': [
      () => [limit({ bytes: 300_000 }), slicer({ bytes: 10_000 })],
      { bytes: 200_000, ms: 0 },
    ],
    'bandwidth beside latency': [
      () => [latency({ ms: 50 }), bandwidth({ bytesPerSecond: 1e6 })],
      { bytes: 200_000, ms: 250 },
    ],
    // The first piece, 50,000 bytes, has passed one before it begins at the other.
    'two rates': [
      () => [bandwidth({ bytesPerSecond: 1e6 }), bandwidth({ bytesPerSecond: 5e5 })],
      { bytes: 200_000, ms: 450 },
    ],
    'one rule twice': [() => [rate, rate], { bytes: 200_000, ms: 400 }],
  }
  for (const [name, [rules, expected]] of Object.entries(cases)) {
    it(`[T4] ${name}: each is charged with what goes`, async () => {
      const { bytes, ms } = await transfer(...rules())
      expect(bytes).toBe(expected.bytes)
      expect(ms).toBeGreaterThanOrEqual(Math.floor(expected.ms * 0.98))
      expect(ms).toBeLessThanOrEqual(expected.ms + 5)
    })
  }

  it('[T4] what is held is not charged', async () => {
    const { transport, client, server, end } = await underRules(limit({ bytes: 10 }))
    const reading = readAll(server)
    const guard = transport.add(stall())
    const written = write(client, 'x'.repeat(10))
    guard()
    expect(await written).toBe(0)
    await shutdown(client)
    expect((await reading).data.length).toBe(10)
    await end()
  })

  it('[T4] a rule that takes itself off costs no other rule its turn', async () => {
    const { transport, client, server, end } = await underRules()
    const asked: string[] = []
    const guard = transport.add(({ type }) => {
      if (type !== 'write') return undefined
      asked.push('first')
      guard()
      return undefined
    })
    transport.add(({ type }) => {
      if (type === 'write') asked.push('second')
      return undefined
    })
    await write(client, 'x')
    await write(client, 'y')
    expect(asked).toEqual(['first', 'second', 'second'])
    server.close()
    await end()
  })

  it('[T4] any rules in any order let through what the tightest limit lets, in their slowest time', async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = new Random(seed)
      const most = random.integer(1, 250_000)
      const bytesPerSecond = random.integer(50_000, 5_000_000)
      const rules = random.shuffle([
        limit({ bytes: most }),
        limit({ bytes: most + random.integer(0, 50_000) }),
        slicer({ bytes: random.integer(500, 20_000), variation: random.integer(0, 400) }),
        bandwidth({ bytesPerSecond }),
        partialWrites({ bytes: random.integer(500, 60_000) }),
      ])
      const { bytes, ms } = await transfer(...rules)
      const goes = Math.min(most, 200_000)
      expect({ seed, bytes }).toEqual({ seed, bytes: goes })
      expect(Math.abs(ms - (goes * 1000) / bytesPerSecond)).toBeLessThan(5)
    }
  })
})

describe('an answer that is no action', () => {
  const wrong: [unknown, string][] = [
    [null, 'no action'],
    ['rst', 'an outcome is'],
    ['', 'an outcome is'],
    [5, 'no action'],
    [true, 'no action'],
    [false, 'no action'],
    [Promise.resolve('reset'), 'not with a promise'],
    [{ bytes: Number.NaN }, 'bytes is'],
    [{ bytes: 0 }, 'bytes is'],
    [{ bytes: -1 }, 'bytes is'],
    [{ bytes: '5' }, 'bytes is'],
    [{ bytes: Number.POSITIVE_INFINITY }, 'bytes is'],
    [{ delayMs: Number.POSITIVE_INFINITY }, 'delayMs is'],
    [{ delayMs: Number.NaN }, 'delayMs is'],
    [{ delayMs: -1 }, 'delayMs is'],
    [{ delayMs: 2 ** 31 }, 'delayMs is'],
    [{ delayMs: '5' }, 'delayMs is'],
    [{ delay: 5 }, "no member 'delay'"],
    [{ then: 'rst' }, 'an outcome is'],
    [{ then: null }, 'an outcome is'],
    [{ fail: 'ENOSUCH' }, "'fail' names"],
    [{ fail: 5 }, "'fail' names"],
    [{ then: { fail: 'ENOSUCH' } }, "'fail' names"],
    [{ fail: 'EIO', delayMs: 5 }, "no member 'delayMs'"],
    [{ charge: 5 }, 'charge is'],
    [{ charge: () => Number.NaN }, 'a charge answers'],
    [() => 'reset', 'no action'],
    [[], 'no action'],
    [['reset'], 'no action'],
    [new Date(0), 'no action'],
    [new Map([['delayMs', 5]]), 'no action'],
  ]
  for (const [answer, why] of wrong) {
    const shown = typeof answer === 'function' ? 'a function' : JSON.stringify(answer)
    it(`[T4] is refused, naming the rule and the answer: ${shown}, ${why}`, () => {
      const transport = faulty(memoryNetwork())
      const guard = transport.add(function mine() {
        return answer as never
      })
      const stream = transport.stream('tcp')
      const connecting = () => stream.connect({ ...LOOPBACK, port: 1 }, () => {})
      expect(connecting).toThrow(why)
      expect(connecting).toThrow(/^The rule mine answered .+ to 'connect': /)
      expect(connecting).toThrow(expect.objectContaining({ code: 'ERR_X_BAD_ACTION', rule: 'mine' }))
      guard()
      stream.close()
    })
  }

  it('[T4] ready-made rules check their options', () => {
    const makers = [
      () => latency({ ms: Number.NaN }),
      () => latency({ ms: -1 }),
      () => faults.jitter({ ms: Number.POSITIVE_INFINITY }),
      () => bandwidth({ bytesPerSecond: 0 }),
      () => bandwidth({ bytesPerSecond: Number.NaN }),
      () => bandwidth({ bytesPerSecond: Number.POSITIVE_INFINITY }),
      () => slicer({ bytes: 0 }),
      () => slicer({ bytes: 10, variation: 0.5 }),
      () => limit({ bytes: Number.NaN }),
      () => faults.timeout({ ms: -5 }),
      () => faults.slowClose({ ms: Number.NaN }),
      () => faults.reset({ afterMs: Number.POSITIVE_INFINITY }),
      () => faults.sometimes(2, stall()),
      () => faults.times(1.5, stall()),
      () => partialWrites({ bytes: 0 }),
      () => faults.shortReads({ bytes: Number.NaN }),
    ]
    for (const make of makers) expect(make).toThrow(RangeError)
  })
})
