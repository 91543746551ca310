// The policies, without sockets: which worker each picks.
import { describe, expect, it } from 'vitest'
import {
  type Candidate,
  type Incoming,
  leastConnections,
  type Policy,
  roundRobin,
  sticky,
  toPolicy,
  weighted,
} from '../src/primary/policy'
import { PolicyCaller } from '../src/primary/policy/policy-caller'

function workers(...ids: number[]): Candidate[] {
  return ids.map(id => ({ id, place: id - 1, connections: 0, weight: 1 }))
}

function from(remoteAddress: string): Incoming {
  return { remoteAddress, remotePort: 1, firstBytes: Buffer.alloc(0) }
}

function picks(policy: Policy, candidates: Candidate[], times: number): number[] {
  return Array.from({ length: times }, () => policy.pick(candidates, from(''))?.id ?? 0)
}

describe('round-robin', () => {
  it('[C3] takes each worker in turn', () => {
    expect(picks(roundRobin(), workers(1, 2, 3), 7)).toEqual([1, 2, 3, 1, 2, 3, 1])
  })

  it('[C3] goes on with the next where one has left', () => {
    const policy = roundRobin()
    expect(picks(policy, workers(1, 2, 3), 2)).toEqual([1, 2])
    expect(picks(policy, workers(1, 3), 3)).toEqual([3, 1, 3])
  })
})

describe('least-connections', () => {
  it('[C3] takes the worker with the fewest for its weight', () => {
    const policy = leastConnections()
    const candidates = [
      { id: 1, place: 0, connections: 4, weight: 1 },
      { id: 2, place: 1, connections: 6, weight: 2 },
    ]
    expect(policy.pick(candidates, from(''))?.id).toBe(2)
  })

  it('[C3] takes equals in turn', () => {
    expect(picks(leastConnections(), workers(1, 2, 3), 6)).toEqual([1, 2, 3, 1, 2, 3])
  })
})

describe('weighted', () => {
  it('[C3] spreads in proportion to weight and without bursts', () => {
    const candidates = [
      { id: 1, place: 0, connections: 0, weight: 5 },
      { id: 2, place: 1, connections: 0, weight: 1 },
      { id: 3, place: 2, connections: 0, weight: 1 },
    ]
    expect(picks(weighted(), candidates, 7)).toEqual([1, 1, 2, 1, 3, 1, 1])
  })
})

describe('sticky', () => {
  const addresses = Array.from({ length: 3_000 }, (_, i) => `10.${i % 7}.${i % 251}.${i % 253}-${i}`)
  const place = (candidates: Candidate[]): Map<string, number> => {
    const policy = sticky()
    return new Map(addresses.map(address => [address, policy.pick(candidates, from(address))?.id ?? 0]))
  }

  it('[C3] sends an address to the same worker each time', () => {
    expect(place(workers(1, 2, 3))).toEqual(place(workers(1, 2, 3)))
  })

  it('[C3] moves only the share of a worker that is added, and only to it', () => {
    const before = place(workers(1, 2, 3, 4))
    const after = place(workers(1, 2, 3, 4, 5))
    const moved = addresses.filter(address => before.get(address) !== after.get(address))
    expect(moved.every(address => after.get(address) === 5)).toBe(true)
    expect(moved.length / addresses.length).toBeGreaterThan(0.15)
    expect(moved.length / addresses.length).toBeLessThan(0.25)
  })

  it('[C3] spreads addresses evenly', () => {
    const placed = [...place(workers(1, 2, 3)).values()]
    for (const id of [1, 2, 3]) {
      const share = placed.filter(worker => worker === id).length / placed.length
      expect(share).toBeGreaterThan(0.29)
      expect(share).toBeLessThan(0.38)
    }
  })
})

describe('a choice of policy', () => {
  it('[C3] may be a function, which is asked with the address and the loads', () => {
    const policy = toPolicy((candidates, incoming) =>
      incoming.remoteAddress === '::1' ? (candidates[1] ?? null) : (candidates[0] ?? null),
    )
    expect(policy.needsAddress).toBe(true)
    expect(policy.pick(workers(4, 5), from('::1'))?.id).toBe(5)
    expect(policy.pick(workers(4, 5), from('::2'))?.id).toBe(4)
  })

  it('[C3] throws for a name that is none', () => {
    expect(() => toPolicy('fastest' as never)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' }),
    )
  })
})

describe('a policy that looks at first bytes', () => {
  const bytes = Buffer.from('x')

  /** Asks `isEnough` and `pick` for two connections: what `isEnough` was taken to say, and what was told. */
  function twice(isEnough: () => unknown): { answers: unknown[]; told: string[] } {
    const told: string[] = []
    const peek = { isEnough: isEnough as () => boolean }
    const policy: Policy = { name: 'mine', needsAddress: false, peek, pick: ([first]) => first! }
    const caller = new PolicyCaller(policy, error => told.push(error.message))
    const answers = [1, 2].map(() => {
      const answer = caller.peek?.isEnough(bytes)
      caller.pick(workers(1), from(''))
      return answer
    })
    return { answers, told }
  }

  it.each([
    ['throws', () => JSON.parse('{'), 'threw in isEnough'],
    ['answers a promise', () => Promise.reject(new Error('late')), 'answered no boolean in isEnough'],
    ['answers a number', () => 0, 'answered no boolean in isEnough'],
    ['answers nothing', () => {}, 'answered no boolean in isEnough'],
  ])('[E5] and %s in isEnough goes by what there is, which is told once', (_what, isEnough, text) => {
    const { answers, told } = twice(isEnough)
    expect(answers).toEqual([true, true])
    expect(told).toHaveLength(1)
    expect(told[0]).toContain(text)
    expect(told[0]).toContain('asked for a worker by what has come')
  })
})
