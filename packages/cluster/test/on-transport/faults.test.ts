// What goes wrong in a worker, in the primary or between them stops no address.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import net from 'node:net'
import { describe, expect, it } from 'vitest'
import { cluster as nodeCluster, startCluster } from '../../src'
import { Client, fixture, startAnswering, transport, until } from '../support/cluster-under-test'
// @ts-expect-error a plain module, shared with the soak command
import { takeDescriptors } from '../support/descriptor-limit.mjs'

const here = { host: '127.0.0.1' }
const hasPrlimit = process.platform === 'linux'

/** A cluster of the plain worker, and its port. */
async function startPlain(env: NodeJS.ProcessEnv, workers = 2) {
  let port = 0
  const cluster = await startCluster({
    exec: fixture('plain-worker.mjs'),
    workers,
    env,
    health: false,
    onListening: (_worker, info) => {
      port = info.port
    },
  })
  return { cluster, port, [Symbol.asyncDispose]: () => cluster.stop() }
}

/** Connects so many times at once; what each was answered, null where it was answered nothing. */
function askAll(port: number, times: number, question = ''): Promise<(string | null)[]> {
  return Promise.all(
    Array.from({ length: times }, async () => {
      const client = new Client({ ...here, port })
      if (question !== '') client.socket.write(question)
      const line = await client.line()
      await client.close()
      return line
    }),
  )
}

/** Runs a task while this process can open no more descriptors. */
async function withoutDescriptors(task: () => Promise<void>): Promise<void> {
  const giveBack = await takeDescriptors()
  try {
    await task()
  } finally {
    await giveBack()
  }
}

describe(`faults on ${transport}`, () => {
  it.each(['@x/core', 'node:net'])(
    '[C3] a listener of %s that throws costs no other connection',
    async NET => {
      await using plain = await startPlain({ NET, THROW: '3' })
      const answers = await askAll(plain.port, 60)
      expect(answers.filter(answer => answer !== null)).toHaveLength(60)
    },
  )

  it.skipIf(!hasPrlimit)('[C3] a worker out of descriptors for a while serves all that waited', async () => {
    await using plain = await startPlain({ LIMIT: '120', HOLD: '1' }, 1)
    const crowd = Array.from({ length: 300 }, () => new Client({ ...here, port: plain.port }))
    await until(() => plain.cluster.getConnections() > 80)
    const late = Array.from({ length: 10 }, () => new Client({ ...here, port: plain.port }))
    for (const client of [...crowd, ...late]) client.socket.write('?\n')
    const answers = await Promise.all([...crowd, ...late].map(client => client.line()))
    expect(answers.filter(answer => answer === null)).toHaveLength(0)
    await Promise.all([...crowd, ...late].map(client => client.close()))
    expect(await askAll(plain.port, 10, '?')).not.toContain(null)
  })

  it('[C5] a worker that cannot be started rejects the start, and leaves nothing behind', async () => {
    const before = readdirSync('/proc/self/fd').length
    const start = startCluster({ exec: fixture('plain-worker.mjs'), workers: 2, cwd: '/no/such/folder' })
    await expect(start).rejects.toMatchObject({
      code: 'ERR_X_WORKER_START',
      cause: { code: 'ENOENT' },
    })
    await until(() => readdirSync('/proc/self/fd').length <= before)
    expect(Object.keys(nodeCluster.workers ?? {})).toEqual([])
  })

  it.skipIf(!hasPrlimit)('[C5] a reload without descriptors rejects, and the next one succeeds', async () => {
    await using plain = await startPlain({}, 1)
    await withoutDescriptors(async () => {
      await expect(plain.cluster.reload()).rejects.toMatchObject({ code: 'ERR_X_RELOAD_FAILED' })
    })
    expect(await askAll(plain.port, 4)).not.toContain(null)
    expect(await plain.cluster.reload()).toMatchObject({ replaced: 1 })
    expect(await askAll(plain.port, 4)).not.toContain(null)
  })

  it.each([
    ['null', null],
    ['a number', 7],
    ['an unknown act', { act: 'explode' }],
    ['a listen without a place', { act: 'listen', kind: 'tcp', at: null, flags: {}, backlog: 1, index: 0 }],
    ['a negative number', { act: 'connections', connections: -1 }],
    ['an answer to nothing', { act: 'taken', id: 99, isTaken: true, why: 'full', connections: 0 }],
  ])('[C5] a worker that says %s ends, with a clear error, and is replaced', async (_what, body) => {
    const { port, cluster } = await startAnswering({ workers: 1, restart: { minDelayMs: 1 } })
    const warning = once(cluster, 'warning')
    const exit = once(cluster, 'worker:exit')
    const ready = once(cluster, 'worker:ready')
    cluster.send(0, { say: { cmd: 'NODE_X_CLUSTER', body } })
    expect(await warning).toMatchObject([{ code: 'ERR_X_CLUSTER_PROTOCOL', worker: expect.any(Number) }])
    expect(await exit).toMatchObject([
      { signal: 'SIGKILL', isExpected: false, error: { code: 'ERR_X_CLUSTER_PROTOCOL' } },
    ])
    await ready
    expect(await askAll(port, 4)).not.toContain(null)
  })

  it.each([
    ['bytes that are no message', '{garbage\n'],
    ['an answer to a handle that it was not sent', '{"cmd":"NODE_HANDLE_ACK"}\n'],
    ['a refusal of a handle that it was not sent', '{"cmd":"NODE_HANDLE_NACK"}\n'],
    ['a handle of an unknown kind', '{"cmd":"NODE_HANDLE","type":"__proto__"}\n'],
  ])("[C5] a worker that writes %s to Node's IPC channel ends alone", async (_what, raw) => {
    const { port, cluster } = await startAnswering({ workers: 1, restart: { minDelayMs: 1 } })
    const exit = once(cluster, 'worker:exit')
    const ready = once(cluster, 'worker:ready')
    cluster.send(0, { raw })
    // Some of them kill the worker by what Node answers.
    expect(await exit).toMatchObject([{ isExpected: false }])
    await ready
    expect(await askAll(port, 4)).not.toContain(null)
  })

  it('[C5] a worker that asks on and on, and reads no answer, ends alone', async () => {
    const { port, cluster } = await startAnswering({ workers: 1, restart: { minDelayMs: 1 } })
    const warning = once(cluster, 'warning')
    const ready = once(cluster, 'worker:ready')
    cluster.send(0, { raw: '{"cmd":"NODE_X_CLUSTER","seq":1,"body":{"act":"leaving"}}\n'.repeat(20_000) })
    expect(await warning).toMatchObject([{ code: 'ERR_X_CLUSTER_PROTOCOL' }])
    await ready
    expect(await askAll(port, 4)).not.toContain(null)
  })

  it('[C5] a worker whose server cannot listen fails to start at once, with the reason', async () => {
    const taken = net.createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as net.AddressInfo
    const env = { IGNORE_ERRORS: '1' }
    const start = startAnswering({
      workers: 1,
      env,
      where: { port, ...here },
      port,
      readyTimeoutMs: 1_000_000,
    })
    await expect(start).rejects.toMatchObject({
      code: 'ERR_X_WORKER_START',
      cause: { code: 'EADDRINUSE', port },
    })
    taken.close()
  })

  it.each(['length', '__proto__', -1, 2, 0.5])('[C9] has no place %s to send to', async place => {
    const { cluster } = await startAnswering({ workers: 1 })
    expect(() => cluster.send(place as number, {})).toThrow(/^The .*"place"/)
  })

  it('[C5] callbacks and listeners that throw cost the cluster nothing', async () => {
    const thrown: string[] = []
    const onThrown = (error: Error): void => void thrown.push(error.message)
    const before = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.on('uncaughtException', onThrown)
    try {
      const cluster = await startCluster({
        exec: fixture('answering-worker.mjs'),
        workers: 1,
        health: false,
        env: { WHERE: JSON.stringify({ port: 0, ...here }) },
        onListening: () => {
          throw new Error('onListening')
        },
        onMessage: () => {
          throw new Error('onMessage')
        },
      })
      for (const event of ['worker:ready', 'worker:exit', 'reload', 'drained', 'stop'] as const) {
        cluster.on(event, () => {
          throw new Error(event)
        })
      }
      expect(await cluster.reload()).toMatchObject({ replaced: 1 })
      await cluster.stop()
      await new Promise(resolve => setImmediate(resolve))
    } finally {
      process.off('uncaughtException', onThrown)
      for (const listener of before) process.on('uncaughtException', listener)
    }
    for (const name of [
      'onListening',
      'onMessage',
      'worker:ready',
      'worker:exit',
      'reload',
      'drained',
      'stop',
    ]) {
      expect(thrown).toContain(name)
    }
  })

  it.each(['name', 'needsAddress', 'isBinding'])(
    '[C3] a policy whose %s throws is refused at once',
    async name => {
      const policy = Object.defineProperty({ pick: () => null }, name, {
        get() {
          throw new Error('of a getter')
        },
      })
      await expect(startAnswering({ policy: policy as never })).rejects.toThrow('of a getter')
    },
  )

  it('[C3] sticky connections of one address all go to one worker, at once too', async () => {
    const { port } = await startAnswering({ workers: 4, policy: 'sticky' })
    expect(new Set(await askAll(port, 300)).size).toBe(1)
  })

  it('[C5] signals for the whole group are left to the primary, and requests are finished', async () => {
    const program = spawn(process.execPath, [fixture('signalled-cluster.mjs')], {
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const exited = once(program, 'exit')
    const [line] = await once(program.stdout, 'data')
    const client = new Client({ ...here, port: Number(String(line)) })
    await client.line()
    process.kill(-(program.pid as number), 'SIGTERM')
    process.kill(-(program.pid as number), 'SIGHUP')
    expect(await client.ask('still here')).toBe('still here')
    await client.close()
    expect(await exited).toEqual([0, null])
  })

  it('[C1] a program with the environment of a worker, and no channel to a primary, is none', () => {
    const program = "const { isPrimary } = require('@x/cluster'); console.log(isPrimary)"
    const env = { ...process.env, X_CLUSTER_WORKER: '1' }
    const { stdout } = spawnSync(process.execPath, ['-e', program], {
      env,
      cwd: import.meta.dirname,
      encoding: 'utf8',
    })
    expect(stdout).toBe('true\n')
  })

  it('[C1] a worker that is told to disconnect before it is up leaves', async () => {
    nodeCluster.setupPrimary({ exec: fixture('plain-worker.mjs') })
    const worker = nodeCluster.fork()
    worker.disconnect()
    expect(await once(worker, 'exit')).toEqual([0, null])
  })

  it('[C1] a forked worker that cannot be started tells of it by error and exit', async () => {
    nodeCluster.setupPrimary({ exec: fixture('plain-worker.mjs'), cwd: '/no/such/folder' })
    const worker = nodeCluster.fork()
    nodeCluster.setupPrimary({ cwd: process.cwd() })
    const errors: Error[] = []
    worker.on('error', error => errors.push(error))
    const code = await new Promise(resolve => worker.once('exit', resolve))
    expect(errors).toMatchObject([{ code: 'ENOENT' }])
    expect(code).toBeLessThan(0)
    expect(worker.isDead()).toBe(true)
    await until(() => Object.keys(nodeCluster.workers ?? {}).length === 0)
  })

  it('[C9] tells workers, and is told', async () => {
    const heard: unknown[] = []
    const cluster = await startCluster<object, { echo?: unknown }>({
      exec: fixture('answering-worker.mjs'),
      workers: 2,
      health: false,
      env: { WHERE: JSON.stringify({ port: 0, ...here }) },
      onMessage: (worker, { echo }) => {
        if (echo !== undefined) heard.push([worker.id, echo])
      },
    })
    const ids = cluster.workers.map(worker => worker.id)
    expect(Object.keys(nodeCluster.workers ?? {})).toEqual(expect.arrayContaining(ids.map(String)))
    expect(cluster.broadcast({ echo: 'all' })).toBe(2)
    expect(cluster.send(1, { echo: 'one' })).toBe(true)
    await until(() => heard.length === 3)
    expect(heard).toContainEqual([ids[0], 'all'])
    expect(heard).toContainEqual([ids[1], 'one'])
    expect(() => cluster.send(2, {})).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }))
    await cluster.stop()
    expect(cluster.broadcast({ echo: 'none' })).toBe(0)
  })
})
