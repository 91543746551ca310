// The leak check beside everything that a test may leave open: each is found, and named once; what was closed is not.
import { type ChildProcess, spawn } from 'node:child_process'
import dgram from 'node:dgram'
import { once } from 'node:events'
import fs from 'node:fs'
import http from 'node:http'
import http2 from 'node:http2'
import net, { type AddressInfo } from 'node:net'
import { setInterval as every, setTimeout as sleep } from 'node:timers/promises'
import { MessageChannel, Worker } from 'node:worker_threads'
import { connect, createServer } from '@x/core'
import { portable } from '@x/core/transport'
import { describe, expect, it } from 'vitest'
import { expectNoLeaks, type LeakError, memoryNetwork, simulate, tempEndpoint } from '../src'

type Leaker = (ends: (() => unknown)[]) => Promise<unknown> | unknown

async function leaksOf(body: () => Promise<unknown> | unknown): Promise<string[]> {
  return expectNoLeaks(body).then(
    () => [],
    (error: LeakError) => {
      if (error.name !== 'LeakError') throw error
      for (const { what, openedAt } of error.leaks) {
        // Node makes a FileHandle in nobody's context.
        if (!what.startsWith('file of')) expect(openedAt[0]).toMatch(/leak-kinds\.test\.ts:\d+/)
      }
      return error.leaks.map(leak => leak.what.replace(/:\d{4,5}\b/g, ':PORT'))
    },
  )
}

const idle = (): void => {}

/** What is left open, and what it is called; a leaker that opens two handles names both. */
const kinds: Record<string, readonly [Leaker, readonly string[]]> = {
  'an interval': [
    ends => {
      const timer = setInterval(idle, 1e6)
      ends.push(() => clearInterval(timer))
    },
    ['interval of 1000000 ms'],
  ],
  'a timer': [
    ends => {
      const timer = setTimeout(idle, 1e6)
      ends.push(() => clearTimeout(timer))
    },
    ['timer of 1000000 ms'],
  ],
  'a timer of a promise': [
    ends => {
      const abort = new AbortController()
      sleep(1e6, null, abort).catch(idle)
      ends.push(() => abort.abort())
    },
    ['timer of 1000000 ms'],
  ],
  'an interval of promises': [
    ends => {
      const abort = new AbortController()
      every(1e6, null, abort).next().catch(idle)
      ends.push(() => abort.abort())
    },
    ['interval of 1000000 ms'],
  ],
  'a timer that a promise opens a tick later': [
    async ends => {
      void Promise.resolve().then(() => {
        const timer = setTimeout(idle, 1e6)
        ends.push(() => clearTimeout(timer))
      })
    },
    ['timer of 1000000 ms'],
  ],
  'a retry after a refusal': [
    ends => {
      const socket = net.connect(1, '127.0.0.1')
      socket.on('error', () => {
        const timer = setTimeout(idle, 1e6)
        ends.push(() => clearTimeout(timer))
      })
    },
    ['timer of 1000000 ms'],
  ],
  'a retry of a core socket after a refusal': [
    ends => {
      const socket = connect(1, '127.0.0.1')
      socket.on('error', () => {
        const timer = setTimeout(idle, 1e6)
        ends.push(() => clearTimeout(timer))
      })
    },
    ['timer of 1000000 ms'],
  ],
  'what a file operation opens': [
    ends => {
      fs.stat('/', () => {
        const timer = setTimeout(idle, 1e6)
        ends.push(() => clearTimeout(timer))
      })
    },
    ['timer of 1000000 ms'],
  ],
  'a server of node:net': [
    ends => {
      const server = net.createServer().listen(0, '127.0.0.1')
      ends.push(() => server.close())
    },
    ['TCP server of node:net on 127.0.0.1:PORT'],
  ],
  'a server that resolves its host first': [
    ends => {
      const server = net.createServer().listen(0, 'localhost')
      ends.push(() => server.close())
    },
    [expect.stringMatching(/^TCP server of node:net on /)],
  ],
  'a core server that resolves its host first': [
    ends => {
      const server = createServer().listen(0, 'localhost')
      ends.push(() => server.close())
    },
    [expect.stringMatching(/^TCP server on /)],
  ],
  'a server of node:http': [
    ends => {
      const server = http.createServer().listen(0, '127.0.0.1')
      ends.push(() => server.close())
    },
    ['TCP server of node:net on 127.0.0.1:PORT'],
  ],
  'a server of node:http2': [
    ends => {
      const server = http2.createServer().listen(0, '127.0.0.1')
      ends.push(() => server.close())
    },
    ['TCP server of node:net on 127.0.0.1:PORT'],
  ],
  'a local server': [
    ends => {
      const endpoint = tempEndpoint()
      const server = net.createServer().listen(endpoint.path)
      ends.push(() => server.close(() => endpoint.release()))
    },
    ['local server of node:net'],
  ],
  'a UDP socket': [
    ends => {
      const socket = dgram.createSocket('udp4').bind(0, '127.0.0.1')
      ends.push(() => socket.close())
    },
    ['UDP socket on 127.0.0.1:PORT'],
  ],
  'a child process': [
    ends => {
      const child: ChildProcess = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], {
        stdio: 'ignore',
      })
      ends.push(() => child.kill())
    },
    ['child process'],
  ],
  'a worker thread': [
    ends => {
      const worker = new Worker('setInterval(() => {}, 1000)', { eval: true })
      ends.push(() => worker.terminate())
    },
    ['worker thread'],
  ],
  'a message port that listens': [
    ends => {
      const { port1 } = new MessageChannel()
      port1.on('message', idle)
      ends.push(() => port1.close())
    },
    ['message port'],
  ],
  'a broadcast channel that listens': [
    ends => {
      const channel = new BroadcastChannel('leak-kinds')
      channel.onmessage = idle
      ends.push(() => channel.close())
    },
    ['message port'],
  ],
  'a watched folder': [
    ends => {
      const watcher = fs.watch(__dirname)
      ends.push(() => watcher.close())
    },
    ['file watcher'],
  ],
  'a watched file': [
    ends => {
      fs.watchFile(__filename, idle)
      ends.push(() => fs.unwatchFile(__filename))
    },
    ['file watcher'],
  ],
  'a FileHandle': [
    async ends => {
      const file = await fs.promises.open(__filename)
      ends.push(() => file.close())
    },
    ['file of node:fs/promises'],
  ],
  'immediates that come again and again': [
    ends => {
      let isOver = false
      const again = () => void (isOver || setImmediate(again))
      again()
      ends.push(() => {
        isOver = true
      })
    },
    ['immediate that comes again and again'],
  ],
  'a core server': [
    ends => {
      const server = createServer().listen(0, '127.0.0.1')
      ends.push(() => server.close())
    },
    ['TCP server on 127.0.0.1:PORT'],
  ],
  'a core server on the portable transport': [
    ends => {
      const server = createServer({ transport: portable }).listen(0, '127.0.0.1')
      ends.push(() => server.close())
    },
    ['TCP server on 127.0.0.1:PORT'],
  ],
  'a server in memory': [
    ends => {
      const server = createServer({ transport: memoryNetwork() }).listen(80, '127.0.0.1')
      ends.push(() => server.close())
    },
    ['TCP server on 127.0.0.1:80'],
  ],
}

/** A connection of both classes, each end named once. */
const connections: Record<string, Leaker> = {
  'node:net': async ends => {
    const server = net.createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const client = net.connect((server.address() as AddressInfo).port, '127.0.0.1')
    const [peer] = (await once(server, 'connection')) as [net.Socket]
    await once(client, 'ready')
    server.close()
    ends.push(
      () => client.destroy(),
      () => peer.destroy(),
    )
  },
  native: ends => coreConnection(ends),
  portable: ends => coreConnection(ends, portable),
  memory: ends => coreConnection(ends, memoryNetwork()),
}

async function coreConnection(
  ends: (() => unknown)[],
  transport?: ReturnType<typeof memoryNetwork> | typeof portable,
) {
  const chosen = transport ? { transport } : {}
  const server = createServer(chosen).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const client = connect({ ...chosen, port, host: '127.0.0.1' })
  const [[peer]] = await Promise.all([once(server, 'connection'), once(client, 'connect')])
  server.close()
  ends.push(
    () => client.destroy(),
    () => peer.destroy(),
  )
}

describe('leak check', () => {
  for (const [name, [leak, expected]] of Object.entries(kinds)) {
    it(`[T5] finds ${name}, once, and does not where it was closed`, async () => {
      const ends: (() => unknown)[] = []
      try {
        expect(await leaksOf(() => leak(ends))).toEqual(expected)
      } finally {
        for (const end of ends.splice(0)) await end()
      }
      const closed = await leaksOf(async () => {
        await leak(ends)
        while (ends.length === 0) await new Promise(setImmediate)
        for (const end of ends.splice(0)) await end()
      })
      expect(closed).toEqual([])
    })
  }

  for (const [name, leak] of Object.entries(connections)) {
    it(`[T5] finds both ends of a connection of ${name}, each once`, async () => {
      const ends: (() => unknown)[] = []
      const found = await expectNoLeaks(() => leak(ends)).catch((error: LeakError) => error.leaks)
      for (const end of ends) end()
      expect(found).toHaveLength(2)
    })
  }

  it('[T5] does not take a simulation for a leak, nor what crashed in it', async () => {
    const found = await leaksOf(() =>
      simulate({}, async ({ host, clock }) => {
        const server = host('server', () => void createServer().listen(80))
        const client = host('client')
        await clock.sleep(1)
        await once(
          client.run(() => connect(80, 'server')),
          'connect',
        )
        setInterval(idle, 1000)
        server.crash()
      }),
    )
    expect(found).toEqual([])
  })

  it("[T5] what a server of before accepts is that server's: a pooled connection of fetch is no leak", async () => {
    const web = http.createServer((_request, response) => response.end('answer')).listen(0, '127.0.0.1')
    const server = createServer(socket => socket.on('error', idle).resume()).listen(0, '127.0.0.1')
    await Promise.all([once(web, 'listening'), once(server, 'listening')])
    const url = `http://127.0.0.1:${(web.address() as AddressInfo).port}`
    const ends: (() => unknown)[] = []
    const found = await leaksOf(async () => {
      expect(await (await fetch(url)).text()).toBe('answer')
      const client = connect((server.address() as AddressInfo).port, '127.0.0.1').unref()
      await Promise.all([once(client, 'connect'), once(server, 'connection')])
      ends.push(() => client.destroy())
    })
    for (const end of ends) end()
    web.closeAllConnections()
    await Promise.all([web, server].map(each => new Promise(resolve => each.close(resolve))))
    expect(found).toEqual([])
  })

  it('[T5] names the line that opened a FileHandle', async () => {
    const files: fs.promises.FileHandle[] = []
    const error = await expectNoLeaks(async () => {
      files.push(await fs.promises.open(__filename))
    }).catch((error: LeakError) => error)
    for (const file of files) await file.close()
    expect(String(error)).toContain('test/leak-kinds.test.ts')
  })

  it('[T5] checks that run at once see their own', async () => {
    const ends: (() => void)[] = []
    const leak = async () => {
      await new Promise(setImmediate)
      const timer = setInterval(idle, 1234)
      ends.push(() => clearInterval(timer))
      await sleep(20)
    }
    const outcomes = await Promise.all([leaksOf(leak), leaksOf(() => sleep(30)), leaksOf(() => sleep(5))])
    for (const end of ends) end()
    expect(outcomes).toEqual([['interval of 1234 ms'], [], []])
  })

  it('[T5] a check within a check: both see what the inner one left, and only the outer what is its own', async () => {
    const ends: (() => void)[] = []
    const open = (ms: number) => {
      const timer = setInterval(idle, ms)
      ends.push(() => clearInterval(timer))
    }
    let inner: string[] = []
    const outer = await leaksOf(async () => {
      open(1000)
      inner = await leaksOf(() => open(2000))
    })
    for (const end of ends) end()
    expect(inner).toEqual(['interval of 2000 ms'])
    expect(outer).toEqual(['interval of 1000 ms', 'interval of 2000 ms'])
  })

  it('[T5] leaves transports as it found them', async () => {
    const before = Object.getOwnPropertyDescriptors(portable)
    await Promise.all([expectNoLeaks(() => sleep(5)), expectNoLeaks(() => expectNoLeaks(() => sleep(10)))])
    expect(Object.getOwnPropertyDescriptors(portable)).toEqual(before)
  })
})
