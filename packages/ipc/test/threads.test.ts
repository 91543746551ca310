// Channels in worker threads: what a thread holds when it ends.
import { once } from 'node:events'
import { openSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { createChannel, createDescriptor } from '../src/index'
import { ability } from './wires'

const { transport, isAble, why } = ability('handoff', 'descriptors')
const program = path.join(__dirname, 'programs', 'hoarding-thread.mjs')

describe.skipIf(!isAble || process.platform !== 'linux')(`a worker thread that ends${why}`, () => {
  it('[I5] leaves open none of the descriptors that it received, whether it was given them or not', async () => {
    const open = () => readdirSync('/proc/self/fd').length
    const descriptor = () => createDescriptor(openSync('/dev/null', 'r'))
    const round = async () => {
      const [near, far] = transport.descriptors!.socketPair() as [number, number]
      const worker = new Worker(program, { workerData: { fd: far, count: 5 } })
      const channel = createChannel(near)
      const kept = once(worker, 'message')
      for (let count = 0; count < 5; count++) void channel.send('keep', { handles: [await descriptor()] })
      await kept
      // Nobody listens any more: these wait in its inbox.
      const waiting = [0, 1, 2].map(async () => channel.send('wait', { handles: [await descriptor()] }))
      for (const each of waiting) each.catch(({ handles }) => handles[0].close())
      await channel.request('are they there')
      const closed = once(channel, 'close')
      await worker.terminate()
      await closed
      await Promise.allSettled(waiting)
    }
    await round()
    const before = open()
    for (let times = 0; times < 5; times++) await round()
    expect(open()).toBe(before)
  })
})
