// The leak check: what is left open is named with the line that opened it, and nothing else is.
import { spawn } from 'node:child_process'
import crypto from 'node:crypto'
import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import { createServer } from '@x/core'
import { portable } from '@x/core/transport'
import { describe, expect, it } from 'vitest'
import { expectNoLeaks, failOnLeaks, type LeakError, memoryNetwork, type RunnerHooks } from '../src'
import { closed, dial, portOf, serve } from './classes'

/** The leaks of a body, or none. */
async function leaksOf(body: () => Promise<void> | void): Promise<LeakError | null> {
  return expectNoLeaks(body).then(
    () => null,
    (error: LeakError) => error,
  )
}

describe('leak check', () => {
  it('[T5] finds nothing where all is closed', async () => {
    for (const transport of [undefined, portable, memoryNetwork()]) {
      const leaks = await leaksOf(async () => {
        const server = await serve(socket => socket.pipe(socket), undefined, transport)
        const socket = await dial({ port: portOf(server), host: '127.0.0.1' }, transport)
        socket.end()
        socket.resume()
        await once(socket, 'close')
        await closed(server)
        clearTimeout(setTimeout(() => {}, 60_000))
        setTimeout(() => {}, 60_000).unref()
      })
      expect(leaks).toBe(null)
    }
  })

  it('[T5] names a server that was left open, and the line that opened it', async () => {
    for (const transport of [undefined, portable, memoryNetwork()]) {
      const left = createServer(transport ? { transport } : {})
      const error = await leaksOf(async () => {
        left.listen(0, '127.0.0.1')
        await once(left, 'listening')
      })
      expect(error?.message).toContain(`TCP server`)
      expect(error?.leaks.some(leak => leak.what === `TCP server on 127.0.0.1:${portOf(left)}`)).toBe(true)
      expect(error?.leaks[0]?.openedAt[0]).toMatch(/test[\\/]leaks\.test\.ts:\d+/)
      await closed(left)
    }
  })

  it('[T5] names both ends of a connection', async () => {
    const transport = memoryNetwork()
    const server = await serve(() => {}, { port: 80, host: '127.0.0.1' }, transport)
    const error = await leaksOf(async () => {
      await dial({ port: 80, host: '127.0.0.1' }, transport)
    })
    expect(error?.leaks.map(leak => leak.what).sort()).toEqual([
      'TCP connection 127.0.0.1:49152 > 127.0.0.1:80',
      'TCP connection 127.0.0.1:80 > 127.0.0.1:49152',
    ])
    server.close()
  })

  it('[T5] names timers, child processes and servers of node:net', async () => {
    const ends: (() => void)[] = []
    try {
      const error = await leaksOf(async () => {
        const timer = setInterval(() => {}, 1234)
        ends.push(() => clearInterval(timer))
        const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
        ends.push(() => child.kill())
        const server = net.createServer().listen(0, '127.0.0.1')
        ends.push(() => server.close())
        await once(server, 'listening')
      })
      const names = error?.leaks.map(leak => leak.what)
      expect(names).toContain('interval of 1234 ms')
      expect(names).toContain('child process')
      expect(names).toContainEqual(expect.stringMatching(/^TCP server of node:net on 127\.0\.0\.1:\d+$/))
      expect(names?.length).toBe(3)
    } finally {
      for (const end of ends) end()
    }
  })

  it('[T5] waits for what is closing', async () => {
    const leaks = await leaksOf(async () => {
      const server = await serve(() => {})
      server.close()
    })
    expect(leaks).toBe(null)
  })

  it('[T5] does not take what was done at once for an operation under way', async () => {
    const { privateKey } = crypto.generateKeyPairSync('ed25519')
    await expectNoLeaks(() => [
      crypto.randomBytes(8),
      crypto.randomFillSync(Buffer.alloc(8)),
      ...Array.from({ length: 200 }, () => crypto.randomUUID()),
      crypto.randomInt(5),
      crypto.scryptSync('a', 'b', 8),
      crypto.pbkdf2Sync('a', 'b', 1, 8, 'sha1'),
      crypto.hkdfSync('sha256', 'a', 'b', 'c', 8),
      crypto.generateKeyPairSync('ed25519'),
      crypto.generateKeySync('hmac', { length: 64 }),
      crypto.generatePrimeSync(32),
      crypto.checkPrimeSync(7n),
      crypto.sign(null, Buffer.from('a'), privateKey),
      fs.openAsBlob(__filename),
    ])
  })

  it('[T5] hands on what the body returns or throws', async () => {
    expect(await expectNoLeaks(() => 7)).toBe(7)
    await expect(expectNoLeaks(() => Promise.reject(new Error('own')))).rejects.toThrow('own')
  })

  it('[T5] is one line for a whole file of tests', async () => {
    const hooks: { before: () => void; after: () => Promise<void> } = { before() {}, async after() {} }
    const runner: RunnerHooks = {
      beforeEach(hook) {
        hooks.before = hook
      },
      afterEach(hook) {
        hooks.after = hook
      },
    }
    failOnLeaks(runner)
    hooks.before()
    const timer = setTimeout(() => {}, 60_000)
    await expect(hooks.after()).rejects.toThrow('timer of 60000 ms')
    clearTimeout(timer)
    hooks.before()
    await hooks.after()
  })
})
