// What must not take down the process or anybody else's connection: threads that end, peers that are killed,
// descriptors that run out, listeners that throw, handles that are forgotten. Each is a process of its own, on the built
// package.
import { execFile, fork } from 'node:child_process'
import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import path from 'node:path'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { HANG_MS } from '@x/presets/hang-limit'
import { describe, expect, it } from 'vitest'
import { createServer } from '../../src'
import { errno, UV_ECONNRESET } from '../../src/transport'
import { absent, after, connected, reading, written } from './bed'

const program = (name: string) => path.join(__dirname, 'programs', `${name}.cjs`)

async function run(name: string, flags: readonly string[] = [], descriptors = 4096): Promise<unknown> {
  const command = `ulimit -n ${descriptors}; exec "$0" "$@"`
  const args = ['-c', command, process.execPath, ...flags, program(name)]
  const { stdout } = await promisify(execFile)('/bin/sh', args, { timeout: HANG_MS })
  return JSON.parse(stdout)
}

describe.skipIf(absent !== null)('native transport, when things go wrong', () => {
  it('lets a worker thread end with live sockets, listeners, channels, splices and queued writes', async () => {
    const { before, after } = (await run('worker-end')) as { before: number; after: number }
    expect(after).toBe(before)
  })

  it('tells a shortage of descriptors once and serves the whole backlog when it is over', async () => {
    expect(await run('shortage', [], 40)).toEqual({ answered: 8, told: [errno('EMFILE')] })
  })

  it('takes all that has come during a long turn in the next one', async () => {
    const server = createServer(socket => socket.destroy())
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    for (let round = 0; round < 2; round++) {
      // The system connects them at once; the server has one for each tenth of a millisecond that it was away.
      for (let i = 0; i < 100; i++) net.connect(port, '127.0.0.1').resume()
      const backMs = performance.now() + 20
      while (performance.now() < backMs);
      const turns = new Set<number>()
      let turn = 0
      let counter = setImmediate(function count() {
        turn++
        counter = setImmediate(count)
      })
      let left = 100
      await new Promise<void>(resolve => {
        server.on('connection', function taken() {
          turns.add(turn)
          if (--left > 0) return
          server.off('connection', taken)
          resolve()
        })
      })
      clearImmediate(counter)
      expect(turns.size).toBe(1)
    }
    server.close()
  })

  it('leaves in the backlog what a thread that ends has not taken', async () => {
    const code = `
      const { parentPort, workerData } = require('node:worker_threads')
      const { createServer } = require(workerData.core)
      let left = 3
      const server = createServer(() => { if (--left === 0) process.exit() }).listen(0, '127.0.0.1', () => {
        parentPort.postMessage(server.address().port)
        Atomics.wait(workerData.connected, 0, 0)
      })`
    const connected = new Int32Array(new SharedArrayBuffer(4))
    const worker = new Worker(code, {
      eval: true,
      workerData: { core: path.join(__dirname, '..', '..'), connected },
    })
    const [port] = await once(worker, 'message')
    const clients = Array.from({ length: 30 }, () => net.connect(port, '127.0.0.1'))
    const ends = clients.map(
      client =>
        new Promise(resolve =>
          client
            .on('error', resolve)
            .on('end', () => resolve('end'))
            .resume(),
        ),
    )
    await Promise.all(clients.map(client => once(client, 'connect')))
    Atomics.store(connected, 0, 1)
    Atomics.notify(connected, 0)
    // Three were heard of, and one more may have been taken when the thread could hear no more.
    const seen = await Promise.all(ends)
    expect(seen.filter(how => how === 'end').length).toBeLessThanOrEqual(4)
  })

  it('loses no client of a server that is drained, or iterated over, while descriptors are short', async () => {
    expect(await run('server-shortage', [], 40)).toEqual({
      drained: { answers: 'xxxxxxxx', told: ['EMFILE'], finished: 8, idle: 0, forced: 0 },
      iterated: { answers: 'xxxxxxxx', told: [true], seen: 8 },
    })
  })

  it('takes all descriptors of a message or, at the limit of descriptors, none, and leaks none', async () => {
    expect(await run('truncated', [], 60)).toEqual({
      first: ['eight', 0, true],
      second: ['again', 8, false],
      kept: 0,
    })
  })

  it('closes what a thread received or accepted and did not take, however it ends; what it took stays', async () => {
    expect(await run('unclaimed')).toEqual({ left: 0, kept: 5 })
  })

  it('answers wrong arguments in every place with a status, before its setup too', async () => {
    expect(await run('wrong-arguments')).toMatchObject({ live: 0, left: 0 })
  })

  it('goes on with the next event where a listener throws', async () => {
    expect(await run('throwing')).toEqual({
      accepted: 12,
      answered: 12,
      caught: ['accept 0', 'accept 4', 'accept 8', 'connect 11', 'connect 5', 'read 1', 'read 5', 'read 9'],
    })
  })

  it('keeps handles that nobody refers to while they are open, and lets go of them once closed', async () => {
    expect(await run('forgotten', ['--expose-gc'])).toEqual({ gone: ['accepted', 'connecting'] })
  })

  it("tells a killed peer's reset to its own connections alone", async () => {
    const server = fork(program('echo-server'))
    after(() => server.kill('SIGKILL'))
    const [port] = (await once(server, 'message')) as [number]
    const other = fork(program('echo-server'))
    after(() => other.kill('SIGKILL'))
    const [otherPort] = (await once(other, 'message')) as [number]
    const doomed = await connected({ family: 'IPv4', address: '127.0.0.1', port })
    const living = await connected({ family: 'IPv4', address: '127.0.0.1', port: otherPort })
    const doomedEnd = reading(doomed).whole.then(
      () => 'end',
      (error: Error) => error.message,
    )
    const answer = reading(living)
    await written(living, Buffer.from('one'))
    await answer.atLeast(3)
    // Bytes that the killed process has not read make its kernel answer with a reset.
    process.kill(server.pid!, 'SIGSTOP')
    await written(doomed, Buffer.alloc(1000))
    server.kill('SIGKILL')
    await once(server, 'exit')
    expect(await doomedEnd).toBe(`read: ${UV_ECONNRESET}`)
    await written(living, Buffer.from('two'))
    expect((await answer.atLeast(6)).toString()).toBe('onetwo')
  })
})
