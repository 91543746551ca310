// Peers that are too slow or have gone, and streams that fail: each ends its own channel.
import { once } from 'node:events'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Channel, connect, createChannel, listen } from '../src/index'
import { deferred, ending } from './channels'
import { endOf, victim } from './victim'
import { frame, memoryPair, preamble, temporaryFolder } from './wires'

const MESSAGE = 1
const REQUEST = 2
const NONE = 0
const BYTES = 2

describe('a slow peer', () => {
  it('[I6] that says nothing is given up', async () => {
    const { target } = await victim({ patienceMs: 20 })
    const error = await endOf(target)
    expect(error).toMatchObject({ code: 'ERR_X_CHANNEL_SLOW' })
    expect(error?.message).toMatch(/hello/)
  })

  it('[I6] that begins a frame and does not finish it is given up, however it drips', async () => {
    const { target, peer } = await victim({ patienceMs: 200 })
    const closed = endOf(target)
    peer.write(Buffer.concat([preamble(), frame(MESSAGE, BYTES, Buffer.alloc(50_000)).subarray(0, 100)]))
    const drip = setInterval(() => peer.write('x'), 5)
    const error = await closed
    clearInterval(drip)
    expect(error).toMatchObject({ code: 'ERR_X_CHANNEL_SLOW' })
    expect(error?.message).toMatch(/frame/)
  })

  it('[I6] is not one that was in time while our own process stood still', async () => {
    const { target, peer } = await victim({ patienceMs: 20 })
    peer.write(Buffer.concat([preamble(), frame(REQUEST, NONE, '', 1)]))
    target.serve(() => 'here')
    const until = performance.now() + 50
    while (performance.now() < until);
    let heard = ''
    peer.on('data', chunk => {
      heard += String(chunk)
    })
    while (!heard.includes('here') && target.ending === null)
      await new Promise(resolve => setImmediate(resolve))
    expect(target.ending).toBeNull()
  })

  it('[I6] that does not answer our end is given up', async () => {
    const { target, peer } = await victim({ patienceMs: 20 })
    peer.write(preamble())
    target.serve(() => 'here')
    peer.write(frame(REQUEST, NONE, '', 1))
    await once(peer, 'data')
    const closed = endOf(target)
    void target.close()
    expect(await closed).toMatchObject({ code: 'ERR_X_CHANNEL_SLOW' })
  })
})

describe('a peer that goes away while nothing more is read of it', () => {
  it.each([{ inboxLimit: 1 }, { requestLimit: 1 }])('[I6] is noticed, with %o', async limits => {
    const { target, peer } = await victim(limits, false)
    const signals: AbortSignal[] = []
    target.serve((_value, { signal }) => {
      signals.push(signal)
      return new Promise(() => {})
    })
    const closed = endOf(target)
    const some = [1, 2, 3].flatMap(id => [frame(MESSAGE, BYTES, 'held'), frame(REQUEST, NONE, '', id)])
    peer.write(Buffer.concat([preamble(), ...some]), () => peer.destroy())
    expect(await closed).toMatchObject({ code: 'ERR_X_CHANNEL_LOST' })
    expect(signals.length).toBeGreaterThan(0)
    expect(signals.every(signal => signal.aborted)).toBe(true)
  })
})

describe('a stream that throws', () => {
  it('[I6] where it is written to ends its own channel', async () => {
    const [stream] = memoryPair()
    const target = createChannel(stream)
    ending(target)
    stream.write = () => {
      throw new Error('as thrown')
    }
    expect(await endOf(target)).toMatchObject({ message: 'as thrown' })
  })
})

describe('the memory of what was sent', () => {
  const texts = Array.from({ length: 2000 }, (_, at) => `${at}`.padEnd(600, '.'))

  /** Each in a turn of its own, so that each is given to the stream by itself. */
  async function sendEach(channel: Channel): Promise<void> {
    for (const each of texts) {
      void channel.send(Buffer.from(each))
      await new Promise(resolve => setImmediate(resolve))
    }
  }

  it('[I6] stays as it is where the stream gives it to its reader', async () => {
    const [stream, other] = memoryPair()
    const [from, to] = ending(createChannel(stream), createChannel(other))
    const heard: unknown[] = []
    to.on('message', ({ value }) => heard.push(value))
    await sendEach(from)
    expect(heard.map(String)).toEqual(texts)
  })

  it('[I6] stays as it is until a socket has sent it', async () => {
    const { folder, remove } = temporaryFolder()
    onTestFinished(remove)
    const server = await listen(`${folder}/s`)
    const accepting = once(server, 'connection')
    const [from] = ending(createChannel(await connect(`${folder}/s`)))
    const [accepted] = await accepting
    server.close()
    await sendEach(from)
    // More than the system takes: the rest waits here.
    expect(from.backlog).toBeGreaterThan(0)
    const [to] = ending(createChannel(accepted))
    const heard: unknown[] = []
    for await (const { value } of to) if (heard.push(value) === texts.length) break
    expect(heard.map(String)).toEqual(texts)
  })
})

describe('a stream that delivers while it is written to', () => {
  it('[I6] gets each frame once, in order, from listeners that answer at once', async () => {
    const [stream, other] = memoryPair(1 << 20)
    const [first, second] = ending(createChannel(stream), createChannel(other))
    await Promise.all([once(first, 'open'), once(second, 'open')])
    const heard: string[] = []
    // Longer than what is kept for the turn's end, so that it is written at once.
    const long = 'x'.repeat(40_000)
    const { promise: done, resolve } = deferred<void>()
    const answer = (from: Channel, name: string) =>
      from.on('message', ({ value }) => {
        const [count, which] = value as [number, number]
        heard.push(`${name} ${count} ${which}`)
        if (count === 5) resolve()
        else if (which === 2) for (const at of [1, 2]) void from.send([count + 1, at, long])
      })
    answer(first, 'first')
    answer(second, 'second')
    for (const at of [1, 2]) void first.send([0, at, long])
    await done
    await new Promise(setImmediate)
    const expected = [0, 1, 2, 3, 4].flatMap(count =>
      [1, 2].map(which => `${count % 2 === 0 ? 'second' : 'first'} ${count} ${which}`),
    )
    expect(heard).toEqual([...expected, 'first 5 1', 'first 5 2'])
  })
})
