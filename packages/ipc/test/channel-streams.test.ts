// Peers that are too slow or have gone, and streams that fail: each ends its own channel.
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { createChannel } from '../src/index'
import { ending } from './channels'
import { endOf, victim } from './victim'
import { frame, memoryPair, preamble } from './wires'

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
