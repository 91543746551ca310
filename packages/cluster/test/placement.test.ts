// Placement of connections on workers, with takers that the test answers for.
import { describe, expect, it } from 'vitest'
import { roundRobin } from '../src/policy'
import { Placement, type Taker } from '../src/primary/placement'

interface Batch {
  readonly listener: number
  readonly tokens: readonly string[]
  readonly answer: (refused: readonly string[]) => void
}

class FakeTaker implements Taker<string> {
  readonly weight = 1
  load = 0
  isOpen = true
  readonly batches: Batch[] = []
  constructor(readonly id: number) {}
  take(listener: number, tokens: readonly string[], done: (refused: readonly string[]) => void): void {
    this.batches.push({ listener, tokens, answer: done })
  }
}

function setUp(): { placement: Placement<string>; released: string[]; flow: boolean[] } {
  const released: string[] = []
  const flow: boolean[] = []
  const placement = new Placement<string>({
    policy: roundRobin(),
    incoming: () => ({ remoteAddress: '', remotePort: 0 }),
    release: tokens => released.push(...tokens),
    flow: isOpen => flow.push(isOpen),
  })
  return { placement, released, flow }
}

/** The first of two workers has refused a connection, and the second is asked. */
async function setUpRefused() {
  const { placement, flow } = setUp()
  const [one, two] = [new FakeTaker(1), new FakeTaker(2)]
  placement.join(one, 1)
  placement.join(two, 1)
  placement.add(['a'])
  await turn()
  one.batches[0]?.answer(['a'])
  await turn()
  return { placement, flow, one, two }
}

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

describe('placement', () => {
  it('[C3] hands what one turn accepted to each worker in one batch', async () => {
    const { placement, released } = setUp()
    const [one, two] = [new FakeTaker(1), new FakeTaker(2)]
    placement.join(one, 7)
    placement.join(two, 8)
    placement.add(['a', 'b', 'c', 'd'])
    await turn()
    expect(one.batches.map(batch => [batch.listener, batch.tokens])).toEqual([[7, ['a', 'c']]])
    expect(two.batches.map(batch => [batch.listener, batch.tokens])).toEqual([[8, ['b', 'd']]])
    expect(released).toEqual([])
    one.batches[0]?.answer([])
    expect(released).toEqual(['a', 'c'])
  })

  it('[C3] stops accepting while there is no worker, and starts again with the first', async () => {
    const { placement, flow } = setUp()
    placement.add(['a'])
    expect(flow).toEqual([false])
    const one = new FakeTaker(1)
    placement.join(one, 1)
    expect(flow).toEqual([false, true])
    await turn()
    expect(one.batches[0]?.tokens).toEqual(['a'])
  })

  it('[C3] keeps nothing of what comes back when all is closed', () => {
    const { placement, released } = setUp()
    const one = new FakeTaker(1)
    placement.join(one, 1)
    placement.add(['a', 'b'])
    expect(placement.close()).toEqual([])
    one.batches[0]?.answer(['a', 'b'])
    expect(released).toEqual(['a', 'b'])
  })

  it('[C3] offers a refused connection to another worker, and to nobody twice before there is room', async () => {
    const { placement, flow, one, two } = await setUpRefused()
    expect(two.batches[0]?.tokens).toEqual(['a'])
    two.batches[0]?.answer(['a'])
    await turn()
    expect(one.batches.length + two.batches.length).toBe(2)
    expect(flow.at(-1)).toBe(false)
    placement.reopen(1)
    await turn()
    expect(one.batches[1]?.tokens).toEqual(['a'])
  })

  it('[C3] offers a connection again to a worker that got room while another was asked', async () => {
    const { placement, one, two } = await setUpRefused()
    placement.reopen(1)
    two.batches[0]?.answer(['a'])
    await turn()
    expect(one.batches[1]?.tokens).toEqual(['a'])
  })

  it('[C3] gives a worker that does not confirm no more than a window', async () => {
    const { placement, flow } = setUp()
    const hung = new FakeTaker(1)
    placement.join(hung, 1)
    placement.add(Array.from({ length: 100 }, (_, i) => String(i)))
    await turn()
    expect(hung.batches.flatMap(batch => batch.tokens)).toHaveLength(64)
    expect(flow.at(-1)).toBe(false)
    const other = new FakeTaker(2)
    placement.join(other, 1)
    await turn()
    expect(other.batches.flatMap(batch => batch.tokens)).toHaveLength(36)
  })

  it('[C3] places again what a dead worker had not confirmed', async () => {
    const { placement, released } = setUp()
    const dying = new FakeTaker(1)
    placement.join(dying, 1)
    placement.add(['a', 'b'])
    await turn()
    placement.leave(1)
    dying.batches[0]?.answer(['a', 'b'])
    const other = new FakeTaker(2)
    placement.join(other, 1)
    await turn()
    expect(other.batches[0]?.tokens).toEqual(['a', 'b'])
    other.batches[0]?.answer([])
    expect(released).toEqual(['a', 'b'])
    expect(placement.placed).toBe(2)
  })

  it('gives back on close what nobody has', async () => {
    const { placement } = setUp()
    placement.add(['a', 'b'])
    expect(placement.close()).toEqual(['a', 'b'])
  })
})
