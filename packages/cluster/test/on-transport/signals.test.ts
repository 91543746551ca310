// A cluster that follows signals, in a program of its own.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { afterEach, describe, expect, it } from 'vitest'
import { cluster as nodeCluster, type Worker } from '../../src'
import { Client, fixture, startAnswering, transport } from '../support/cluster-under-test'

const programs: ChildProcess[] = []

afterEach(() => {
  for (const program of programs.splice(0)) program.kill('SIGKILL')
})

/** A running program: its port, its next word, a signal for it, and its end. */
async function start(env: NodeJS.ProcessEnv = {}) {
  const program = spawn(process.execPath, [fixture('signalled-cluster.mjs')], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  programs.push(program)
  const exited = once(program, 'exit')
  // Its workers write to the same pipe: it closes when the last of them has ended.
  const gone = once(program, 'close')
  const lines = createInterface({ input: program.stdout })[Symbol.asyncIterator]()
  const told = async (): Promise<unknown> => {
    const { value, done } = await lines.next()
    return done ? 'end' : JSON.parse(value)
  }
  const port = (await told()) as number
  return { port, told, exited, gone, signal: (name: NodeJS.Signals) => program.kill(name) }
}

const client = (port: number) => new Client({ host: '127.0.0.1', port })

/** Connects until nobody accepts any more. */
async function untilRefused(port: number): Promise<void> {
  for (;;) {
    const probe = client(port)
    const line = await probe.line()
    await probe.close()
    if (line === null) return
  }
}

/** A program that was told to end, and accepts no more, while a client is connected. */
async function startEnding(env?: NodeJS.ProcessEnv) {
  const program = await start(env)
  const last = client(program.port)
  await last.line()
  program.signal('SIGTERM')
  await untilRefused(program.port)
  return { ...program, last }
}

describe.skipIf(process.platform === 'win32')(`signals on ${transport}`, () => {
  it('[C5] SIGHUP replaces the workers, and a connection of an old one goes on', async () => {
    const { port, told, signal } = await start()
    const old = client(port)
    expect(['1', '2']).toContain(await old.line())
    const reloaded = told()
    signal('SIGHUP')
    let current = client(port)
    while (Number(await current.line()) < 3) {
      await current.close()
      current = client(port)
    }
    expect(await old.ask('still here')).toBe('still here')
    await Promise.all([old.close(), current.close()])
    expect(await reloaded).toBe('reload')
  })

  it.each(['SIGTERM', 'SIGINT', 15])(
    '[C5] %s by worker.kill() ends a worker that leaves signals to the primary',
    async signal => {
      const { cluster } = await startAnswering({ signals: true, restart: { minDelayMs: 1 } })
      const [worker] = cluster.workers
      const exit = once(cluster, 'worker:exit')
      worker?.kill(signal as NodeJS.Signals)
      const name = signal === 15 ? 'SIGTERM' : signal
      expect(await exit).toMatchObject([{ id: worker?.id, signal: name, isExpected: false }])
    },
  )

  it('[C5] a signal by worker.kill() ends a worker that is still loading', async () => {
    const start = startAnswering({ signals: true, workers: 1 })
    const { workers } = nodeCluster
    for (const worker of Object.values(workers ?? {})) worker?.kill()
    await expect(start).rejects.toMatchObject({ code: 'ERR_X_WORKER_START' })
  })

  it('[C5] a worker that SIGHUP to the whole group ends while it loads is started again, three times at most', async () => {
    let signals = 3
    const signal = ({ process: { pid = 0 } }: Worker): void => {
      if (signals-- > 0) process.kill(pid, 'SIGHUP')
    }
    nodeCluster.on('fork', signal)
    try {
      const { cluster } = await startAnswering({ signals: true, workers: 1 })
      expect(signals).toBe(-1)
      signals = 3
      expect(await cluster.reload()).toMatchObject({ replaced: 1 })
      signals = 4
      await expect(cluster.reload()).rejects.toMatchObject({ code: 'ERR_X_RELOAD_FAILED' })
      expect(signals).toBe(0)
    } finally {
      nodeCluster.off('fork', signal)
    }
  })

  it('[C5] SIGTERM waits for the connections that stand, then ends with 0', async () => {
    const { last, told, exited } = await startEnding()
    expect(await last.ask('a last word')).toBe('a last word')
    await last.close()
    expect(await told()).toBe('stop')
    expect(await exited).toEqual([0, null])
  })

  it('[C5] a second SIGTERM does not wait', async () => {
    const { last, told, exited, signal } = await startEnding()
    signal('SIGTERM')
    expect(await last.line()).toBeNull()
    expect(await told()).toBe('stop')
    expect(await exited).toEqual([0, null])
  })

  it('[C5] a worker that drains when the primary is killed goes on, and ends when it has drained', async () => {
    const { last, gone, signal } = await startEnding()
    signal('SIGKILL')
    expect(await last.ask('still here')).toBe('still here')
    await last.close()
    await gone
  })

  it('[C5] a worker that has drained ends where the primary is killed before it lets it go', async () => {
    const { last, told, gone, signal } = await startEnding({ TELL_LEAVING: '1' })
    expect(await told()).toBe('leaving') // the one without a connection
    signal('SIGSTOP')
    await last.close()
    expect(await told()).toBe('leaving')
    signal('SIGKILL')
    await gone
  })
})
