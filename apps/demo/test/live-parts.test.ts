// The parts of the live page that draw nothing, without a browser: what the model makes of events, and how a cost is told.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { SequenceCheck } from '../src/load/sequence-check'
import { type Cost, describeCost } from '../src/page/browser/episode'
import { Model, type Move } from '../src/page/browser/model'
import type { WorkerSummary } from '../src/page/page-events'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('the model', () => {
  const worker = (id: number, place: number, state: WorkerSummary['state'] = 'ready') => ({
    id,
    place,
    state,
    pid: id,
  })
  const client = (id: number) => ({ id, name: '', isSubscriber: true })
  const states = (model: Model) => model.lanes.map(({ worker: { id }, state }) => [id, state])

  it('puts a successor below the worker that it replaces, and shows the draining for a moment', () => {
    const model = new Model()
    model.set([worker(1, 0), worker(2, 1)])
    model.set([worker(1, 0, 'draining'), worker(2, 1), worker(3, 0)])
    model.set([worker(2, 1), worker(3, 0)])
    expect(states(model)).toEqual([
      [1, 'draining'],
      [3, 'ready'],
      [2, 'ready'],
    ])
    expect(model.living.map(({ id }) => id)).toEqual([2, 3])
    vi.advanceTimersByTime(1000)
    expect(states(model)[0]).toEqual([1, 'ended'])
    vi.advanceTimersByTime(6000)
    model.tidy()
    expect(states(model).map(([id]) => id)).toEqual([3, 2])
  })

  it('shows a worker that was killed as ended at once, without clients', () => {
    const model = new Model()
    model.set([worker(1, 0)])
    model.setClients({ worker: 1, clients: [client(5)] })
    model.set([])
    expect(model.lanes).toMatchObject([{ state: 'ended', clients: [], clientCount: 0 }])
  })

  it('sees a client that is in another worker as moved, once, whoever of the two tells first', () => {
    const moves: Move[] = []
    const model = new Model()
    model.onMove = move => moves.push(move)
    model.set([worker(1, 0), worker(2, 1)])
    model.setClients({ worker: 1, clients: [client(5), client(6)] })
    model.setClients({ worker: 2, clients: [client(5)] })
    model.setClients({ worker: 1, clients: [] })
    model.setClients({ worker: 2, clients: [client(5), client(6)] })
    expect(moves).toEqual([
      { id: 5, from: 1, to: 2 },
      { id: 6, from: 1, to: 2 },
    ])
    expect(model.lanes.map(({ clients }) => clients.length)).toEqual([0, 2])
  })

  it('forgets a client that has gone: one that comes later by the same number has not moved', () => {
    const moves: Move[] = []
    const model = new Model()
    model.onMove = move => moves.push(move)
    model.set([worker(1, 0), worker(2, 1)])
    model.setClients({ worker: 1, clients: [client(5)] })
    model.setClients({ worker: 1, clients: [] })
    vi.advanceTimersByTime(2000)
    model.setClients({ worker: 2, clients: [client(5)] })
    expect(moves).toEqual([])
  })
})

describe('a cost', () => {
  const nothing: Cost = {
    received: 1234,
    lost: 0,
    doubled: 0,
    outOfOrder: 0,
    broken: 0,
    medianMs: 1.234,
    slowestMs: 20.4,
    usualMs: 1,
  }

  it.each<[Partial<Cost>, string]>([
    [
      {},
      'no message lost, doubled or out of order; 1,234 received. Median latency 1.2 ms (1.0 ms before), slowest message 20 ms.',
    ],
    [
      { lost: 1, broken: 2, usualMs: null },
      '1 message lost, 2 connections broken; 1,234 received. Median latency 1.2 ms, slowest message 20 ms.',
    ],
    [
      { lost: 7, doubled: 2, outOfOrder: 3, broken: 1, received: 0, medianMs: null },
      '7 messages lost, 2 doubled, 3 out of order, 1 connection broken; 0 received.',
    ],
  ])('%o is told in words', (cost, words) => {
    expect(describeCost({ ...nothing, ...cost })).toBe(words)
  })

  it('counts the numbers that are missing within bounds', () => {
    const check = new SequenceCheck()
    for (const number of [0, 3, 4, 8]) check.take(number)
    expect([
      check.missing(),
      check.missing(2),
      check.missing(0, 6),
      check.missing(3, 6),
      check.missing(9),
    ]).toEqual([5, 4, 3, 1, 0])
  })
})
