// Servers that are closed before they listen, by their program or as their worker leaves.
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { startCluster } from '../../src'
import type { ListeningInfo } from '../../src/both/messages'
import { fixture, transport } from '../support/cluster-under-test'

describe(`servers that are closed before they listen, on ${transport}`, () => {
  it.each([['@x/core'], ['node:net']])('[C1] those of %s close once, and are not told of', async NET => {
    const told: ListeningInfo[] = []
    const cluster = await startCluster({
      exec: fixture('closing-worker.mjs'),
      workers: 1,
      readyOn: 'call',
      restart: false,
      silent: true,
      env: { NET },
      onListening: (_worker, info) => told.push(info),
    })
    const printed = text(cluster.workers[0]?.process.stdout as Readable)
    cluster.send(0, 'leave')
    await once(cluster, 'worker:exit')
    await cluster.stop()
    expect(await printed).toBe('first close\nlast close\n')
    expect(told).toHaveLength(1)
  })
})
