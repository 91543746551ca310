// Where connections go, with workers that the test answers for and a clock that it drives.
import { describe, expect, it } from 'vitest'
import type { Settled } from '../src/primary/carrier'
import { type Destination, Dispatcher } from '../src/primary/dispatcher'
import type { Candidate, Policy } from '../src/primary/policy'
import { roundRobin, sticky } from '../src/primary/policy'
import { PolicyCaller } from '../src/primary/policy/policy-caller'

interface Batch {
  readonly listener: number
  readonly connections: readonly number[]
  readonly settled: Settled
}

/** A worker with a window of four. */
class FakeWorker implements Destination {
  readonly candidate: Candidate
  readonly batches: Batch[] = []
  state: Destination['state'] = 'ready'
  isPaused = false
  roomChanges = 0
  #underWay = 0

  constructor(
    readonly id: number,
    readonly changed: () => void = () => {},
  ) {
    this.candidate = { id, place: id - 1, weight: 1, connections: 0 }
  }

  get hasRoom(): boolean {
    return this.state === 'ready' && !this.isPaused && this.#underWay < 4
  }

  reserve(): void {
    this.#underWay++
  }

  give(listener: number, connections: readonly unknown[], settled: Settled): void {
    this.batches.push({ listener, connections: connections as readonly number[], settled })
  }

  get given(): number[] {
    return this.batches.flatMap(batch => batch.connections)
  }

  /** Says that it may take what it has refused. */
  tellRoom(): void {
    this.roomChanges++
    this.changed()
  }

  /** Answers its oldest batch. */
  answer(refused: readonly number[] = [], why: Parameters<Settled>[1] = 'full'): void {
    const batch = this.batches.shift() as Batch
    this.#underWay -= batch.connections.length
    batch.settled(refused, why)
    this.changed()
  }
}

function setUp(policy: Policy = roundRobin(), addressOf: (connection: number) => string = () => '') {
  const released: number[] = []
  const flow: boolean[] = []
  const warnings: Error[] = []
  const timers: { call: () => void; ms: number }[] = []
  const dispatcher = new Dispatcher({
    os: {
      setTimeout(call, ms) {
        const timer = { call, ms, unref() {} }
        timers.push(timer)
        return timer
      },
      clearTimeout(timer) {
        timers.splice(timers.indexOf(timer as never), 1)
      },
    },
    policy: new PolicyCaller(policy, error => warnings.push(error)),
    incoming: (connection, firstBytes) => ({
      remoteAddress: addressOf(connection as number),
      remotePort: 1,
      firstBytes,
    }),
    release: connections => released.push(...(connections as readonly number[])),
    flow: isOpen => flow.push(isOpen),
  })
  const tick = (): number | undefined => {
    const timer = timers.shift()
    timer?.call()
    return timer?.ms
  }
  const join = (...ids: number[]): FakeWorker[] =>
    ids.map(id => {
      const worker = new FakeWorker(id, () => dispatcher.changed(id))
      dispatcher.join(worker, id * 10)
      return worker
    })
  return { dispatcher, released, flow, warnings, timers, tick, join }
}

describe('a dispatcher', () => {
  it('[C3] gives each worker what one turn accepted in one batch, and keeps it until it is confirmed', () => {
    const { dispatcher, released, join } = setUp()
    const [one, two] = join(1, 2)
    dispatcher.add([1, 2, 3, 4])
    expect(one!.batches.map(({ listener, connections }) => [listener, connections])).toEqual([[10, [1, 3]]])
    expect(two!.batches.map(({ listener, connections }) => [listener, connections])).toEqual([[20, [2, 4]]])
    expect(released).toEqual([])
    one!.answer()
    expect(released).toEqual([1, 3])
  })

  it('[C3] accepts nothing while no worker is ready', () => {
    const { dispatcher, flow, join } = setUp()
    const starting = new FakeWorker(1)
    starting.state = 'starting'
    dispatcher.join(starting, 1)
    expect(flow).toEqual([false])
    join(2)
    expect(flow).toEqual([false, true])
  })

  it('[C3] offers what a full worker refused to another, and to nobody twice before it tells of room', () => {
    const { dispatcher, flow, join } = setUp()
    const [one, two] = join(1, 2)
    dispatcher.add([1])
    one!.answer([0])
    expect(two!.given).toEqual([1])
    two!.answer([0])
    expect([one!.given, two!.given]).toEqual([[], []])
    expect(flow.at(-1)).toBe(false)
    one!.changed()
    expect(one!.given).toEqual([])
    one!.tellRoom()
    expect(one!.given).toEqual([1])
    expect(flow.at(-1)).toBe(true)
  })

  it('[C3] remembers room that a worker told of while another was asked', () => {
    const { dispatcher, join } = setUp()
    const [one, two] = join(1, 2)
    dispatcher.add([1])
    one!.answer([0])
    one!.tellRoom()
    two!.answer([0])
    expect(one!.given).toEqual([1])
  })

  it('[C3] offers again by timer what everybody refused, less and less often', () => {
    const { dispatcher, tick, join } = setUp()
    const [only] = join(1)
    dispatcher.add([1, 2])
    const refuse = (): number | undefined => {
      only!.answer([0, 1])
      return tick()
    }
    expect([1, 2, 3, 4, 5, 6, 7, 8].map(refuse)).toEqual([20, 40, 80, 160, 320, 640, 1000, 1000])
    only!.answer([1])
    expect(tick()).toBe(20)
    expect(only!.given).toEqual([2])
  })

  it('[C3] does not hold a shortage against a worker', () => {
    const { dispatcher, released, join } = setUp()
    const [only] = join(1)
    dispatcher.add([1])
    only!.isPaused = true
    only!.answer([0], 'shortage')
    expect(only!.given).toEqual([])
    only!.isPaused = false
    only!.tellRoom()
    expect(only!.given).toEqual([1])
    only!.answer()
    expect(released).toEqual([1])
  })

  it('[C3] gives a worker that does not confirm no more than its window', () => {
    const { dispatcher, flow, join } = setUp()
    const [hung] = join(1)
    dispatcher.add([1, 2, 3, 4, 5, 6])
    expect(hung!.given).toEqual([1, 2, 3, 4])
    expect(flow.at(-1)).toBe(false)
    const [other] = join(2)
    expect(other!.given).toEqual([5, 6])
  })

  it('[C3] gives to others what a dead worker had not confirmed', () => {
    const { dispatcher, released, join } = setUp()
    const [dying] = join(1)
    dispatcher.add([1, 2])
    dispatcher.leave(1)
    dying!.state = 'gone'
    dying!.answer([0, 1], 'ended')
    const [other] = join(2)
    expect(other!.given).toEqual([1, 2])
    other!.answer()
    expect(released).toEqual([1, 2])
  })

  it('[C3] releases on close what waits, and afterwards what comes back or comes late', () => {
    const { dispatcher, released, join } = setUp()
    const [one] = join(1)
    dispatcher.add([1, 2, 3, 4, 5])
    dispatcher.close()
    expect(released).toEqual([5])
    one!.answer([0, 1, 2, 3], 'ended')
    dispatcher.add([6])
    expect(released).toEqual([5, 1, 2, 3, 4, 6])
  })
})

describe('a policy that is wrong', () => {
  it('[C3] is asked again by timer where it answered null once, and others are served meanwhile', () => {
    let asked = 0
    const once: Policy = {
      name: 'once',
      needsAddress: false,
      pick: candidates => (asked++ === 0 ? null : candidates[0]!),
    }
    const { dispatcher, flow, tick, join } = setUp(once)
    const [only] = join(1)
    dispatcher.add([1])
    expect(only!.given).toEqual([])
    expect(flow).toEqual([])
    tick()
    expect(only!.given).toEqual([1])
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('of the user')
      },
      'of the user',
    ],
    ['answers a number', () => 1 as never, 'none of the candidates'],
    ['answers undefined', () => undefined as never, 'none of the candidates'],
    ['answers a promise', async () => null as never, 'none of the candidates'],
    [
      'answers a promise that is rejected',
      async () => {
        throw new Error('later')
      },
      'none of the candidates',
    ],
    [
      'empties its list and answers nothing',
      (candidates: unknown[]) => void candidates.splice(0),
      'none of the candidates',
    ],
    [
      'answers somebody else',
      () => ({ id: 1, place: 0, connections: 0, weight: 1 }),
      'none of the candidates',
    ],
  ])('[C3] that %s is told of once, and connections go in turn', (_what, pick, text) => {
    const { dispatcher, warnings, join } = setUp({
      name: 'wrong',
      needsAddress: true,
      pick: pick as Policy['pick'],
    })
    const [one, two] = join(1, 2)
    dispatcher.add([1, 2, 3, 4])
    expect([one!.given, two!.given]).toEqual([
      [1, 3],
      [2, 4],
    ])
    expect(warnings).toMatchObject([{ code: 'ERR_X_CLUSTER_POLICY' }])
    expect(warnings[0]!.message).toContain(text)
  })

  it('[C3] may do to its list what it likes', () => {
    const shift = (candidates: readonly Candidate[]) => (candidates as Candidate[]).shift()!
    const { dispatcher, warnings, join } = setUp({ name: 'shift', needsAddress: true, pick: shift })
    const [one] = join(1, 2)
    dispatcher.add([1, 2])
    expect(one!.given).toEqual([1, 2])
    expect(warnings).toEqual([])
  })

  it('[C3] may close the listener that it is asked for: what it has not placed by then is released', () => {
    const set = setUp({
      name: 'closing',
      needsAddress: false,
      pick(candidates) {
        set.dispatcher.close()
        return candidates[0]!
      },
    })
    set.join(1)
    set.dispatcher.add([1, 2, 3])
    expect(set.released).toEqual([1, 2, 3])
    expect(set.timers).toEqual([])
  })

  it('[C3] may end the worker that it is asked about: nothing is given twice or lost', () => {
    const { dispatcher, join } = setUp({
      name: 'deadly',
      needsAddress: false,
      pick(candidates) {
        one!.state = 'gone'
        dispatcher.leave(1)
        return candidates[0]!
      },
    })
    const [one, two] = join(1, 2)
    dispatcher.add([1, 2, 3])
    expect(one!.given).toEqual([])
    expect(two!.given.sort()).toEqual([1, 2, 3])
  })
})

describe('a binding policy', () => {
  const addressOf = (connection: number): string => `10.0.0.${connection % 10}`

  it('[C3] has a connection wait for its own worker, and serves others meanwhile', () => {
    const { dispatcher, flow, join } = setUp(sticky(), () => '10.0.0.1')
    const workers = join(1, 2, 3, 4)
    dispatcher.add(Array.from({ length: 20 }, (_, i) => i))
    const busy = workers.filter(worker => worker.given.length > 0)
    expect(busy.map(worker => worker.given.length)).toEqual([4])
    expect(flow).toEqual([])
    const served: number[] = []
    while (busy[0]!.batches.length > 0) {
      served.push(...busy[0]!.batches[0]!.connections)
      busy[0]!.answer()
    }
    expect(served).toEqual(Array.from({ length: 20 }, (_, i) => i))
  })

  it('[C3] moves nobody but who must when a worker is replaced', () => {
    const place = (ids: number[], places: number[]): Map<string, number> => {
      const policy = sticky()
      const candidates = ids.map((id, i) => ({ id, place: places[i]!, weight: 1, connections: 0 }))
      return new Map(
        Array.from({ length: 145 }, (_, i) => `10.1.0.${i}`).map(remoteAddress => [
          remoteAddress,
          policy.pick(candidates, { remoteAddress, remotePort: 1, firstBytes: Buffer.alloc(0) })!.place,
        ]),
      )
    }
    expect(place([1, 3, 4, 9], [0, 2, 3, 1])).toEqual(place([1, 2, 3, 4], [0, 1, 2, 3]))
  })

  it('[C3] holds no more than a bound', () => {
    const { dispatcher, flow, join } = setUp(sticky(), addressOf)
    join(1)
    dispatcher.add(Array.from({ length: 300 }, (_, i) => i))
    expect(flow).toEqual([false])
  })
})
