// How connections come to workers, in real processes.

import { rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { freePort } from '@x/presets/free-port'
import { describe, expect, it } from 'vitest'
import { Client, countAnswers, startAnswering, transport, until } from '../support/cluster-under-test'

const here = { host: '127.0.0.1' }

describe(`spread on ${transport}`, () => {
  it('[C2 C3] shares one address between workers, in turn', async () => {
    const { port } = await startAnswering({ workers: 3 })
    const counts = await countAnswers({ ...here, port }, 30)
    expect([...counts.values()]).toEqual([10, 10, 10])
  })

  it('[C2] shares a local path, and removes it at the end', async () => {
    const file = path.join(tmpdir(), `x-cluster-${process.pid}-${transport}.sock`)
    rmSync(file, { force: true })
    const { cluster } = await startAnswering({ where: { path: file, readableAll: true, writableAll: true } })
    expect(statSync(file).mode & 0o666).toBe(0o666)
    const counts = await countAnswers({ path: file }, 10)
    expect([...counts.values()]).toEqual([5, 5])
    await cluster.drain()
    expect(await new Client({ path: file }).line()).toBeNull()
  })

  it('[C2] gives an exclusive listener to the first worker alone', async () => {
    const { port } = await startAnswering({ workers: 1 })
    const second = startAnswering({ workers: 1, where: { port, ...here, exclusive: true }, restart: false })
    await expect(second).rejects.toMatchObject({ code: 'ERR_X_WORKER_START' })
  })

  it('[C3] gives each new connection to the worker with the fewest', async () => {
    const { port, cluster } = await startAnswering({ workers: 2, policy: 'least-connections' })
    const held = [new Client({ ...here, port }), new Client({ ...here, port })]
    const [first] = await Promise.all(held.map(client => client.line()))
    await held[1]?.close()
    await until(() => cluster.getConnections() === 1)
    const next = new Client({ ...here, port })
    expect(await next.line()).not.toBe(first)
    await Promise.all([held[0]?.close(), next.close()])
  })

  it('[C3] sends one address to one worker when sticky', async () => {
    const { port } = await startAnswering({ workers: 3, policy: 'sticky' })
    const counts = await countAnswers({ ...here, port }, 12)
    expect([...counts.values()]).toEqual([12])
    const other = await countAnswers({ ...here, port, localAddress: '127.0.0.77' }, 6)
    expect([...other.values()]).toEqual([6])
  })

  it('[C3] spreads by weight', async () => {
    const { port, cluster } = await startAnswering({
      workers: 2,
      policy: 'weighted',
      weight: place => (place === 0 ? 3 : 1),
    })
    const counts = await countAnswers({ ...here, port }, 16)
    const [heavy, light] = cluster.status().workers.map(worker => counts.get(worker.id))
    expect([heavy, light]).toEqual([12, 4])
  })

  it('[C3] asks a function, which sees the address', async () => {
    const seen: string[] = []
    const { port } = await startAnswering({
      workers: 2,
      policy: (candidates, incoming) => {
        seen.push(incoming.remoteAddress)
        return candidates.at(-1) ?? null
      },
    })
    const counts = await countAnswers({ ...here, port }, 4)
    expect([...counts.values()]).toEqual([4])
    expect(seen).toEqual(['127.0.0.1', '127.0.0.1', '127.0.0.1', '127.0.0.1'])
  })

  it('[C3] gives a connection that a full worker does not take to another', async () => {
    const { port } = await startAnswering({ workers: 2, env: { MAX_CONNECTIONS: '1' } })
    const clients = [
      new Client({ ...here, port }),
      new Client({ ...here, port }),
      new Client({ ...here, port }),
    ]
    const [one, two] = await Promise.all(clients.slice(0, 2).map(client => client.line()))
    expect(new Set([one, two]).size).toBe(2)
    // Both are full: the third waits, until one has room again.
    await clients[0]?.close()
    expect(await clients[2]?.line()).toBe(one)
    await Promise.all(clients.map(client => client.close()))
  })

  it.skipIf(transport === 'portable')('[C3] lets every worker accept on the shared socket', async () => {
    const { port } = await startAnswering({ workers: 2, policy: 'shared' })
    const counts = await countAnswers({ ...here, port }, 20)
    expect([...counts.values()].reduce((sum, count) => sum + count, 0)).toBe(20)
  })

  it.skipIf(transport === 'portable')('[C3] gives each worker a socket of its own on the port', async () => {
    const { port } = await startAnswering({ workers: 2, policy: 'reuse-port' })
    const counts = await countAnswers({ ...here, port }, 40)
    expect(counts.size).toBe(2)
  })

  it('[C3] serves one address while a crowd is at another', async () => {
    const [crowded, quiet] = [await freePort(), await freePort()]
    const where = [crowded, quiet].map(port => ({ ...here, port }))
    await startAnswering({ workers: 1, where, port: crowded })
    let isOver = false
    const comeAndGo = async (): Promise<void> => {
      while (!isOver) {
        const client = new Client({ ...here, port: crowded })
        await client.line()
        await client.close()
      }
    }
    const crowd = Array.from({ length: 50 }, comeAndGo)
    const counts = await countAnswers({ ...here, port: quiet }, 20)
    isOver = true
    await Promise.all(crowd)
    expect([...counts.values()]).toEqual([20])
  })

  it('[C6] counts connections across workers', async () => {
    const { port, cluster } = await startAnswering({ workers: 2 })
    const clients = Array.from({ length: 6 }, () => new Client({ ...here, port }))
    await Promise.all(clients.map(client => client.line()))
    expect(cluster.getConnections()).toBe(6)
    await Promise.all(clients.map(client => client.close()))
  })

  it.each(['node:net', '@x/core'])(
    "[C6] counts those of %s's servers that accept for themselves",
    async NET => {
      const { port, cluster } = await startAnswering({ workers: 2, policy: 'shared', env: { NET } })
      const clients = Array.from({ length: 4 }, () => new Client({ ...here, port }))
      await Promise.all(clients.map(client => client.line()))
      await until(() => cluster.getConnections() === 4)
      await Promise.all(clients.map(client => client.close()))
      await until(() => cluster.getConnections() === 0)
    },
  )
})
