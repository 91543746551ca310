// What workers listen on together beside one port of one host.

import { once } from 'node:events'
import { createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { selectTransport } from '@x/core/transport'
import { freePort } from '@x/presets/free-port'
import { describe, expect, it } from 'vitest'
import {
  blockWorker,
  Client,
  countAnswers,
  startAnswering,
  transport,
  until,
} from '../support/cluster-under-test'

/** Where the machine has no IPv6, nothing can listen on it. */
const hasIpv6 = Object.values(networkInterfaces())
  .flat()
  .some(entry => entry?.address === '::1')

describe(`addresses on ${transport}`, () => {
  it('[C2] shares the same port of different hosts, each by itself', async () => {
    const port = await freePort()
    const hosts = ['127.0.0.1', '127.0.0.2']
    await startAnswering({ where: hosts.map(host => ({ host, port })), port, readyOn: 'call' })
    for (const host of hosts) expect([...(await countAnswers({ host, port }, 8)).values()]).toEqual([4, 4])
  })

  it.skipIf(!hasIpv6)(
    '[C2] keeps IPv6 alone where that is asked for, beside IPv4 on the same port',
    async () => {
      const port = await freePort()
      await startAnswering({
        where: [
          { host: '0.0.0.0', port },
          { host: '::', port, ipv6Only: true },
        ],
        port,
        readyOn: 'call',
      })
      for (const host of ['127.0.0.1', '::1']) {
        expect([...(await countAnswers({ host, port }, 8)).values()]).toEqual([4, 4])
      }
    },
  )

  it.skipIf(transport === 'portable')('[C2] shares a descriptor of the primary', async () => {
    // Portable takes over the number itself, which here belongs to the server that opened it.
    const holder = createServer().listen(0, '127.0.0.1')
    await once(holder, 'listening')
    const { port } = holder.address() as { port: number }
    const held = (holder as unknown as { _handle: { fd: number } })._handle.fd
    const fd = selectTransport().transport.descriptors!.duplicate(held)
    holder.close()
    await startAnswering({ where: { fd }, port })
    expect([...(await countAnswers({ host: '127.0.0.1', port }, 8)).values()]).toEqual([4, 4])
  })

  it('[C3] has connections wait while the only worker restarts', async () => {
    const { port, cluster } = await startAnswering({ workers: 1, restart: { minDelayMs: 300 } })
    const fatal = new Client({ host: '127.0.0.1', port })
    const first = await fatal.line()
    const exited = once(cluster, 'worker:exit')
    fatal.socket.write('die\n')
    await exited
    const waiting = Array.from({ length: 5 }, () => new Client({ host: '127.0.0.1', port }))
    const answers = await Promise.all(waiting.map(client => client.line()))
    expect(new Set(answers).size).toBe(1)
    expect(Number(answers[0])).toBeGreaterThan(Number(first))
    await Promise.all(waiting.map(client => client.close()))
  })

  it('[C3] serves what was sent to the only worker before it was told to leave', async () => {
    const { port, cluster } = await startAnswering({ workers: 1, restart: false })
    const [worker] = cluster.workers
    worker?.process.kill('SIGSTOP')
    // So that it looks at the IPC channel first, and finds the order to leave there.
    cluster.send(0, { echo: 'first' })
    const clients = Array.from({ length: 5 }, () => new Client({ host: '127.0.0.1', port }))
    await until(() => cluster.status().workers[0]?.underWay === clients.length)
    worker?.disconnect()
    worker?.process.kill('SIGCONT')
    for (const client of clients) {
      expect(await client.line()).toBe(String(worker?.id))
      await client.close()
    }
  })

  it('[C3] gives what a worker that hangs has not taken to others', async () => {
    const { port, cluster } = await startAnswering({
      workers: 2,
      health: { intervalMs: 50, deadlineMs: 500 },
      restart: { minDelayMs: 1 },
    })
    const unhealthy: number[] = []
    cluster.on('unhealthy', id => unhealthy.push(id))
    const hung = await blockWorker({ host: '127.0.0.1', port })
    const clients = Array.from({ length: 6 }, () => new Client({ host: '127.0.0.1', port }))
    const answers = await Promise.all(clients.map(client => client.line()))
    expect(answers).not.toContain(String(hung))
    // On a busy machine one that is well may seem to hang, too; what it had taken ends with it.
    if (unhealthy.every(id => id === hung)) expect(answers).not.toContain(null)
    await Promise.all(clients.map(client => client.close()))
    await until(() => unhealthy.includes(hung))
  })
})
