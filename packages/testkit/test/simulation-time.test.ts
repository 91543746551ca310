// Time and context in a simulation: every way to wait is virtual, the thread pool is waited for, what is over stays over,
// and what stands beside a simulation is not touched by it.
import { execFile } from 'node:child_process'
import crypto from 'node:crypto'
import fs from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import type { Duplex } from 'node:stream'
import timers from 'node:timers'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import zlib from 'node:zlib'
import { connect, createServer } from '@x/core'
import { describe, expect, it } from 'vitest'
import { faults, type SimulationError, simulate } from '../src'

const { setTimeout: takenBefore } = timers
const { scryptSync, randomFillSync, generateKeyPairSync } = crypto
const big = Buffer.alloc(3_000_000, 'abc')

const { WebAssembly: webAssembly } = globalThis as unknown as {
  WebAssembly: { compile(bytes: Uint8Array): Promise<unknown> }
}

/** A module of WebAssembly with that many empty functions, 128 to 16,383 (W3C WebAssembly Core, 5.5). */
function moduleOf(functions: number): Uint8Array<ArrayBuffer> {
  const count = [(functions & 127) | 128, functions >> 7]
  const section = (id: number, bytes: readonly number[]) => {
    const size = bytes.length
    return [id, (size & 127) | 128, ((size >> 7) & 127) | 128, size >> 14, ...bytes]
  }
  const types = Array.from({ length: functions }, () => 0)
  const bodies = Array.from({ length: functions }, () => [2, 0, 0x0b]).flat()
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...[1, 4, 1, 0x60, 0, 0],
    ...section(3, [...count, ...types]),
    ...section(10, [...count, ...bodies]),
  ])
}

describe('virtual time', () => {
  it('[T3] is that of every way to wait, and code beside a simulation keeps its own', async () => {
    const file = path.join(__dirname, 'programs', 'beside-simulation.mjs')
    const { stdout } = await promisify(execFile)(process.execPath, [file])
    expect(JSON.parse(stdout)).toEqual({
      first: { aborted: 'AbortError', nowMs: 86_409_002, year: 2000, hours: 86_409 / 3600 },
      isSame: true,
      years: [new Date().getFullYear()],
      echoes: true,
      rejections: ['beside'],
      nested: 'ERR_X_NESTED_SIMULATION',
    })
  })

  it('[T3] has timers that are cleared by number, disposed of, closed and checked as Node has them', async () => {
    const { value } = await simulate({}, async ({ clock }) => {
      const fired: string[] = []
      clearTimeout(Number(setTimeout(() => fired.push('by number'), 10)))
      clearInterval(String(Number(setInterval(() => fired.push('by text'), 10))))
      setTimeout(() => fired.push('disposed'), 10)[Symbol.dispose]()
      setTimeout(() => fired.push('closed'), 10).close()
      setTimeout(() => fired.push('left alone'), 10)
      expect(() => setTimeout('text' as never)).toThrow(
        expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
      )
      await clock.sleep(20)
      return fired
    })
    expect(value).toEqual(['left alone'])
  })

  it('[T3] names a worker thread', async () => {
    const workers: Worker[] = []
    const failing = simulate({}, () => {
      workers.push(new Worker('', { eval: true }))
      throw new Error('as asked')
    })
    const error = (await failing.catch((error: SimulationError) => error)) as SimulationError
    for (const worker of workers) await worker.terminate()
    expect(error.outside.join()).toContain('a worker thread, at')
  })

  const works: Record<string, () => Promise<unknown>> = {
    scrypt: () => promisify(crypto.scrypt)('a', 'b', 64),
    pbkdf2: () => promisify(crypto.pbkdf2)('a', 'b', 100_000, 64, 'sha512'),
    randomBytes: () => promisify(crypto.randomBytes)(1000),
    generateKeyPair: () => promisify(crypto.generateKeyPair)('rsa', { modulusLength: 2048 }),
    'an asynchronous signature': () => {
      const { privateKey } = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 })
      return new Promise(resolve => crypto.sign('sha256', big, privateKey, resolve))
    },
    'crypto.subtle': () => crypto.subtle.digest('SHA-512', big),
    gzip: () => promisify(zlib.gzip)(big),
    brotli: () => promisify(zlib.brotliCompress)(big.subarray(0, 500_000)),
    'a stream of zlib': async () => {
      const deflate = zlib.createDeflate()
      deflate.end(big)
      for await (const _ of deflate);
    },
    readFile: () => fs.promises.readFile(__filename),
    'a stream of a file': async () => {
      for await (const _ of fs.createReadStream(__filename));
    },
    'a blob of a file': async () => {
      const read = async () => (await fs.openAsBlob(__filename)).text()
      for (let time = 0; time < 20; time++) await read()
    },
    WebAssembly: () => webAssembly.compile(moduleOf(5000)),
    'several at once': () =>
      Promise.all([
        promisify(crypto.scrypt)('a', 'b', 64),
        promisify(zlib.gzip)(big),
        fs.promises.readFile(__filename),
      ]),
  }
  for (const [name, work] of Object.entries(works)) {
    it(`[T3] waits for ${name}`, async () => {
      const { value, virtualMs } = await simulate({}, async ({ clock }) => {
        const late = clock.sleep(1).then(() => 'the clock went on')
        return Promise.race([work().then(() => 'done'), late])
      })
      expect([value, virtualMs]).toEqual(['done', 0])
    })
  }

  it('[T3] does not wait for what was done at once', async () => {
    const done: unknown[] = []
    const { virtualMs } = await simulate({}, async ({ clock }) => {
      // Their resources go with the next garbage collection.
      done.push(scryptSync('a', 'b', 8), randomFillSync(Buffer.alloc(4)), generateKeyPairSync('ed25519'))
      await clock.sleep(1000)
    })
    expect([done.length, virtualMs]).toEqual([3, 1000])
  })

  it('[T3] what closes as the simulation ends may still set a timer, which never fires', async () => {
    const fired: string[] = []
    await simulate({}, async ({ host, clock }) => {
      host('server', () => void createServer().listen(80))
      await clock.sleep(1)
      const socket = host('client').run(() => connect(80, 'server'))
      socket.on('close', () => process.nextTick(() => setTimeout(() => fired.push('after close'), 1)))
      process.nextTick(() => process.nextTick(() => setTimeout(() => fired.push('after a tick'), 1)))
      setImmediate(() => setImmediate(() => setTimeout(() => fired.push('after a turn'), 1)))
    })
    await new Promise(resolve => setTimeout(resolve, 20))
    expect(fired).toEqual([])
  })

  it('[T6] a server of node:http on a host serves clients of node:http over the simulated network', async () => {
    const { value, outside } = await simulate(
      { link: [faults.latency({ ms: 20 })] },
      async ({ host, clock }) => {
        host('web', () => {
          const web = http.createServer((request, response) => response.end(`hello ${request.url}`))
          createServer(socket => void web.emit('connection', socket)).listen(80)
        })
        const client = host('client')
        await clock.sleep(1)
        const get = (path: string) =>
          new Promise<string>((resolve, reject) => {
            const createConnection = () => connect(80, 'web') as unknown as Duplex
            const request = http.get({ host: 'web', path, createConnection }, async response => {
              const chunks: Buffer[] = []
              for await (const chunk of response) chunks.push(chunk as Buffer)
              resolve(Buffer.concat(chunks).toString())
            })
            request.on('error', reject)
          })
        return client.run(async () => [await get('/a'), await get('/b'), clock.nowMs])
      },
    )
    expect(value.slice(0, 2)).toEqual(['hello /a', 'hello /b'])
    expect(value[2]).toBeGreaterThanOrEqual(160)
    expect(value[2]).toBeLessThan(400)
    expect(outside).toEqual([])
  })

  it('[T3] names a timer whose function was taken before', async () => {
    const run = simulate({}, () => new Promise(resolve => takenBefore(resolve, 1e6).unref()))
    const error = await run.catch((reason: SimulationError) => reason)
    expect(String(error)).toContain('stands still')
    expect(String(error)).toMatch(
      /outside of the simulation: a real timer \(.*\), at .*simulation-time\.test\.ts:\d+/,
    )
  })

  it('[T3] names what does not repeat', async () => {
    const error = (await simulate({}, async () => {
      const { port1 } = new MessageChannel()
      port1.close()
      throw new Error('own')
    }).catch(reason => reason)) as SimulationError
    expect(error.outside).toEqual([
      expect.stringMatching(/^a message port, at .*simulation-time\.test\.ts:\d+/),
    ])
  })

  it('[T3] a failure shows the line that failed, and prints nothing twice', async () => {
    const error = (await simulate({ seed: 5 }, async ({ clock }) => {
      await clock.sleep(5)
      throw new Error('own')
    }).catch(reason => reason)) as SimulationError
    const [frame] = (error.stack ?? '').split('\n').filter(line => /^ +at /.test(line))
    expect(frame).toContain('simulation-time.test.ts')
    expect(Object.keys(error)).toEqual([])
    expect([error.seed, error.virtualMs, error.name]).toEqual([5, 5, 'SimulationError'])
  })

  it('[T3] a failure that comes from no line shows that of the simulation', async () => {
    const failing = simulate({}, () => new Promise(() => {}))
    const error = (await failing.catch(reason => reason)) as SimulationError
    const [frame] = (error.stack ?? '').split('\n').filter(line => /^ +at /.test(line))
    expect(frame).toContain('simulation-time.test.ts')
  })

  it('[T3] a failure names Node’s version beside the seed', async () => {
    const failing = simulate({ seed: 5 }, () => Promise.reject(new Error('own')))
    await expect(failing).rejects.toThrow(`to replay: X_TESTKIT_SEED=5 (on Node ${process.versions.node})`)
  })

  it('[T3] a rejection of a host that has crashed is nobody’s', async () => {
    const { value } = await simulate({}, async ({ host, clock }) => {
      let fail = (_error: Error) => {}
      const doomed = host('doomed', () => {
        const work = async () => {
          await new Promise((_resolve, reject) => {
            fail = reject
          })
        }
        void work()
      })
      await clock.sleep(5)
      doomed.crash()
      fail(new Error('of a host that is gone'))
      await clock.sleep(5)
      return 'lives'
    })
    expect(value).toBe('lives')
  })

  it('[T3] leaves every function as it was', async () => {
    const shown = () => [
      setTimeout,
      clearTimeout,
      setInterval,
      clearInterval,
      setImmediate,
      Date,
      Math.random,
      AbortSignal.timeout,
      process.hrtime,
      timers.setTimeout,
      Object.getOwnPropertyDescriptor(performance, 'now'),
    ]
    const before = shown()
    await simulate({}, ({ clock }) => clock.sleep(5))
    const after = shown()
    expect(after.every((each, index) => each === before[index])).toBe(true)
  })
})
