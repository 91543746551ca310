// Reload, drain, restart: workers come and go, and no connection is lost.
import { once } from 'node:events'
import { HANG_MS } from '@x/presets/hang-limit'
import { describe, expect, it } from 'vitest'
import { startCluster } from '../../src'
import {
  blockWorker,
  Client,
  countAnswers,
  fixture,
  startAnswering,
  transport,
  until,
} from '../support/cluster-under-test'

const here = { host: '127.0.0.1' }

describe(`life of a cluster on ${transport}`, () => {
  it('[C5] reloads under load without losing a reply', async () => {
    const { port, cluster } = await startAnswering({ workers: 2, drainTimeoutMs: HANG_MS })
    let isOver = false
    let replies = 0
    const short = async (): Promise<void> => {
      while (!isOver) {
        const client = new Client({ ...here, port })
        expect(await client.line()).toMatch(/^\d+$/)
        expect(await client.ask('ping')).toBe('ping')
        replies++
        await client.close()
      }
    }
    const long = async (): Promise<void> => {
      const client = new Client({ ...here, port })
      await client.line()
      for (let i = 0; !isOver || i < 10; i++) expect(await client.ask(`line ${i}`)).toBe(`line ${i}`)
      await client.close()
    }
    const load = [short(), long()]
    const before = cluster.status().workers.map(worker => worker.id)
    let ready = 0
    cluster.on('worker:ready', () => ready++)
    const report = cluster.reload()
    await until(() => ready === 2)
    isOver = true
    await Promise.all(load)
    expect((await report).replaced).toBe(2)
    expect((await report).drained.map(entry => entry.forced)).toEqual([0, 0])
    expect(cluster.status().workers.some(worker => before.includes(worker.id))).toBe(false)
    expect(replies).toBeGreaterThan(0)
    expect((await countAnswers({ ...here, port }, 4)).size).toBe(2)
  })

  it('[C5] goes on with the old workers where a new one does not start', async () => {
    const env: NodeJS.ProcessEnv = {}
    const { port, cluster } = await startAnswering({ workers: 2, env })
    const before = cluster.status().workers.map(worker => worker.id)
    process.env['FAIL_START'] = '1'
    try {
      await expect(cluster.reload()).rejects.toMatchObject({ code: 'ERR_X_RELOAD_FAILED' })
    } finally {
      delete process.env['FAIL_START']
    }
    expect(cluster.status().workers.map(worker => worker.id)).toEqual(before)
    expect([...(await countAnswers({ ...here, port }, 4)).keys()].sort()).toEqual(before)
  })

  it('[C5] has one worker in a place whose worker was killed while its successor started', async () => {
    const { port, cluster } = await startAnswering({ workers: 1, restart: { minDelayMs: 1 } })
    const reloading = cluster.reload()
    process.kill(cluster.status().workers[0]!.pid!, 'SIGKILL')
    expect(await reloading).toMatchObject({ replaced: 1, drained: [] })
    const [worker, ...others] = cluster.status().workers
    expect(others).toEqual([])
    expect([...(await countAnswers({ ...here, port }, 4)).keys()]).toEqual([worker!.id])
  })

  it('[C5] starts nothing more where it is stopped during a reload', async () => {
    const { cluster } = await startAnswering({ workers: 3 })
    const pids = new Set(cluster.status().workers.map(worker => worker.pid!))
    const ready = once(cluster, 'worker:ready')
    const failed = expect(cluster.reload()).rejects.toMatchObject({
      code: 'ERR_X_RELOAD_FAILED',
      cause: { code: 'ERR_X_CLUSTER_STOPPED' },
    })
    await ready
    for (const { pid } of cluster.status().workers) pids.add(pid!)
    await cluster.stop()
    await failed
    expect(cluster.status().workers).toEqual([])
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  })

  it('[C5] ends at the deadline what does not end by itself, and says how many', async () => {
    const { port, cluster } = await startAnswering({ workers: 1 })
    const client = new Client({ ...here, port })
    await client.line()
    const [report] = await cluster.drain(100)
    expect(report).toMatchObject({ forced: 1 })
    expect(await client.line()).toBeNull()
  })

  it('[C5] waits for what a worker has to do before it leaves, up to the deadline', async () => {
    const { cluster } = await startAnswering({ workers: 2, env: { FAREWELL: '1' } })
    const drained = cluster.drain(30_000)
    for (let told = 0; told < 2; told++) {
      const [worker, message] = await once(cluster, 'message')
      expect(message).toEqual({ leaving: 30_000 })
      expect(worker.isConnected()).toBe(true)
      worker.send('farewell')
    }
    expect(await drained).toHaveLength(2)

    const { cluster: hasty } = await startAnswering({ workers: 1, env: { FAREWELL: '1' } })
    expect(await hasty.drain(1)).toHaveLength(1)
  })

  it('[C5] restarts a worker that was killed; the others go on', async () => {
    const { port, cluster } = await startAnswering({ workers: 2, restart: { minDelayMs: 1 } })
    const held = [new Client({ ...here, port }), new Client({ ...here, port })]
    const ids = await Promise.all(held.map(client => client.line()))
    const ready = once(cluster, 'worker:ready')
    held[0]?.socket.write('die\n')
    await ready
    expect(await held[0]?.line()).toBeNull()
    expect(await held[1]?.ask('still here')).toBe('still here')
    const counts = await countAnswers({ ...here, port }, 4)
    expect([...counts.values()]).toEqual([2, 2])
    expect(counts.has(Number(ids[0]))).toBe(false)
    expect(
      cluster
        .status()
        .workers.map(worker => worker.restarts)
        .sort(),
    ).toEqual([0, 1])
    await held[1]?.close()
  })

  it('[C5] replaces a worker that lets go of the primary at once, and ends it where it lives on', async () => {
    const { port, cluster } = await startAnswering({
      workers: 1,
      drainTimeoutMs: 1,
      restart: { minDelayMs: 1 },
    })
    const [first] = cluster.status().workers
    const ready = once(cluster, 'worker:ready')
    const ended = once(cluster, 'worker:exit')
    cluster.send(0, { leave: true })
    const [second] = (await ready) as [number]
    expect([...(await countAnswers({ ...here, port }, 4)).keys()]).toEqual([second])
    const [end] = await ended
    expect(end).toMatchObject({ id: first!.id, signal: 'SIGKILL' })
    expect(cluster.status().workers.map(({ id }) => id)).toEqual([second])
  })

  it('[C5] does not start where a worker lets go of the primary before it is ready, and lives on', async () => {
    const env = { LEAVE_EARLY: '1' }
    const starting = startCluster({
      exec: fixture('answering-worker.mjs'),
      workers: 1,
      readyTimeoutMs: 500,
      env,
    })
    await expect(starting).rejects.toMatchObject({ code: 'ERR_X_WORKER_START' })
  })

  it('[C5] gives up on a worker that keeps falling', async () => {
    const { port, cluster } = await startAnswering({
      workers: 1,
      restart: { minDelayMs: 1, maxDelayMs: 1, maxFailures: 2 },
    })
    const gaveUp = once(cluster, 'give-up')
    for (let i = 0; i < 3; i++) {
      const client = new Client({ ...here, port })
      await client.line()
      const settled = i < 2 ? once(cluster, 'worker:ready') : gaveUp
      client.socket.write('die\n')
      await settled
    }
    expect(await gaveUp).toMatchObject([{ place: 0, failures: 3 }])
  })

  it('[C5] replaces a worker whose event loop is blocked', async () => {
    const { port, cluster } = await startAnswering({
      workers: 1,
      health: { intervalMs: 50, deadlineMs: 500 },
      restart: { minDelayMs: 1 },
    })
    const unhealthy: number[] = []
    cluster.on('unhealthy', id => unhealthy.push(id))
    const blocked = await blockWorker({ ...here, port })
    await until(() => unhealthy.includes(blocked))
    // On a busy machine one that is well may seem to hang, too: then the next one answers.
    let answer: string | null = null
    while (answer === null) {
      const next = new Client({ ...here, port })
      answer = await next.line()
      await next.close()
    }
    expect(Number(answer)).toBeGreaterThan(blocked)
  })

  it('[C5] scales up and down', async () => {
    const { port, cluster } = await startAnswering({ workers: 1 })
    await cluster.scale(3)
    expect((await countAnswers({ ...here, port }, 9)).size).toBe(3)
    await cluster.scale(1)
    expect((await countAnswers({ ...here, port }, 3)).size).toBe(1)
  })

  it('[C5] does not start where a worker ends before it is ready', async () => {
    const start = startCluster({
      exec: fixture('answering-worker.mjs'),
      workers: 1,
      env: { FAIL_START: '1' },
    })
    await expect(start).rejects.toMatchObject({ code: 'ERR_X_WORKER_START' })
  })

  it.each([
    ['exec', { exec: '' }, 'ERR_INVALID_ARG_VALUE'],
    ['workers', { exec: 'x', workers: -1 }, 'ERR_OUT_OF_RANGE'],
    ['policy', { exec: 'x', policy: 'fastest' as never }, 'ERR_INVALID_ARG_VALUE'],
    ['policy.pick', { exec: 'x', policy: { choose() {} } as never }, 'ERR_INVALID_ARG_TYPE'],
  ])('rejects a wrong option: %s', async (_name, options, code) => {
    await expect(startCluster(options)).rejects.toMatchObject({ code })
  })
})
