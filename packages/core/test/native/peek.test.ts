// The first bytes of a descriptor are looked at, and stay where they are.
import { AsyncLocalStorage } from 'node:async_hooks'
import { closeSync, readSync, writeSync } from 'node:fs'
import net, { type AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { type Peek, type Status, UV_EBADF, UV_ECONNRESET, UV_EINVAL } from '../../src/transport'
import { uncaughtErrors } from '../bed'
import { absent, after, closed, descriptors, native, opened } from './bed'

type Look = NonNullable<NonNullable<typeof descriptors>['peek']>

const found: Look | null = absent === null ? descriptors.peek : null
const look = found as Look
const why = absent ?? (found === null ? 'there is no epoll here' : null)

/** Both ends of a connection, closed with the test. */
function ends(): readonly [number, number] {
  const pair = opened(descriptors.socketPair())
  after(() => descriptors.close(pair))
  return pair
}

/** What is seen, one after the other. */
class Seen {
  readonly peek: Peek
  readonly all: [Status, string][] = []
  #wake: (() => void) | null = null

  constructor(fd: number, most = 100) {
    this.peek = opened(
      look(fd, most, (status, bytes) => {
        this.all.push([status, String(bytes)])
        this.#wake?.()
      }),
    )
    after(() => this.peek.stop())
  }

  async count(count: number): Promise<[Status, string][]> {
    while (this.all.length < count) await new Promise<void>(resolve => (this.#wake = resolve))
    return this.all
  }
}

async function turns(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise(resolve => setImmediate(resolve))
}

/** A client of the host, and the descriptor that was accepted for it. */
async function connected(): Promise<{ client: net.Socket; fd: number }> {
  const listener = native.listener('tcp')
  after(() => closed(listener))
  listener.bind({ family: 'IPv4', address: '127.0.0.1', port: 0 }, {})
  const accepted = new Promise<number>(resolve => {
    listener.listenDescriptors(
      5,
      (_status, fds) => resolve(fds[0] as number),
      () => {},
    )
  })
  const { port } = listener.sockname() as AddressInfo
  const client = net.connect(port, '127.0.0.1').on('error', () => {})
  after(() => void client.destroy())
  const fd = await accepted
  after(() => descriptors.close([fd]))
  return { client, fd }
}

describe.skipIf(why !== null)(`looks at descriptors${why === null ? '' : ` (left out: ${why})`}`, () => {
  it('tells what came before and what comes after, all of it each time, and leaves it', async () => {
    const [ours, theirs] = ends()
    writeSync(theirs, 'one')
    const seen = new Seen(ours)
    expect(seen.all).toEqual([])
    await seen.count(1)
    writeSync(theirs, 'two')
    expect(await seen.count(2)).toEqual([
      [1, 'one'],
      [1, 'onetwo'],
    ])
    const into = Buffer.alloc(10)
    expect(into.subarray(0, readSync(ours, into)).toString()).toBe('onetwo')
  })

  it('wakes nobody for what was looked at and is still there', async () => {
    const [ours, theirs] = ends()
    writeSync(theirs, 'one')
    const seen = new Seen(ours)
    await seen.count(1)
    await turns()
    expect(seen.all).toHaveLength(1)
  })

  it('is over at the limit, and at the end of the stream', async () => {
    const [ours, theirs] = ends()
    writeSync(theirs, 'more than that')
    expect(await new Seen(ours, 4).count(1)).toEqual([[0, 'more']])
    const [left, right] = ends()
    const seen = new Seen(left)
    closeSync(right)
    expect(await seen.count(1)).toEqual([[0, '']])
  })

  it('tells bytes and the end behind them', async () => {
    const { client, fd } = await connected()
    const seen = new Seen(fd)
    client.write('hello')
    await seen.count(1)
    client.end()
    expect(await seen.count(2)).toEqual([
      [1, 'hello'],
      [0, 'hello'],
    ])
  })

  it('tells of a connection that was reset', async () => {
    const { client, fd } = await connected()
    const seen = new Seen(fd)
    client.resetAndDestroy()
    expect(await seen.count(1)).toEqual([[UV_ECONNRESET, '']])
  })

  it('tells nothing after stop, and may begin again', async () => {
    const [ours, theirs] = ends()
    const first = new Seen(ours)
    first.peek.stop()
    first.peek.stop()
    writeSync(theirs, 'one')
    expect(await new Seen(ours).count(1)).toEqual([[1, 'one']])
    expect(first.all).toEqual([])
  })

  it('costs no other what one listener throws', async () => {
    const thrown = uncaughtErrors()
    const [a, b] = [ends(), ends()]
    const first = opened(
      look(a[0], 10, () => {
        throw new Error('of a look')
      }),
    )
    after(() => first.stop())
    const seen = new Seen(b[0])
    for (const [, theirs] of [a, b]) writeSync(theirs, 'x')
    await seen.count(1)
    await turns()
    expect(thrown.map(({ message }) => message)).toEqual(['of a look'])
  })

  it('calls in the async context of the call that asked', async () => {
    const [ours, theirs] = ends()
    const storage = new AsyncLocalStorage<string>()
    writeSync(theirs, 'x')
    const store = await new Promise(resolve => {
      const peek = storage.run('mine', () => opened(look(ours, 10, () => resolve(storage.getStore()))))
      after(() => peek.stop())
    })
    expect(store).toBe('mine')
  })

  it.each([
    [-1, 10, UV_EBADF],
    [9999, 10, UV_EBADF],
    [0.5, 10, UV_EBADF],
    [0, 0, UV_EINVAL],
    [0, 65_537, UV_EINVAL],
    [0, Number.NaN, UV_EINVAL],
  ])('refuses descriptor %d with a limit of %d', (fd, most, status) => {
    expect(look(fd, most, () => {})).toBe(status)
  })
})
