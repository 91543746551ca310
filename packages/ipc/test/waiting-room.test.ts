// Peers that wait for `authorize`: they count, they have a deadline, and one that leaves is noticed.
import { once } from 'node:events'
import { chmodSync, readdirSync } from 'node:fs'
import { type Socket as NodeSocket, connect as netConnect } from 'node:net'
import path from 'node:path'
import type { Server } from '@x/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type LocalListenOptions, listen, type Peer } from '../src/index'
import { deferred } from './channels'
import { ability, temporaryFolder } from './wires'

const { isAble, why } = ability('credentials', 'credentials')

let folder = ''
let remove = () => {}
let server: Server | null = null
const peers: NodeSocket[] = []

beforeEach(() => {
  ;({ folder, remove } = temporaryFolder())
  chmodSync(folder, 0o755)
})
afterEach(async () => {
  for (const peer of peers.splice(0)) peer.destroy()
  if (server?.listening) {
    server.close()
    await once(server, 'close')
  }
  remove()
})

const at = () => path.join(folder, 's')
const openDescriptors = () => readdirSync('/proc/self/fd').length

async function serve(options: LocalListenOptions): Promise<Server> {
  server = await listen(at(), options, socket => {
    socket.on('error', () => {}).end('hello')
  })
  return server
}

async function dial(): Promise<NodeSocket> {
  const peer = netConnect(at())
  peers.push(peer)
  peer.on('error', () => {}).resume()
  await once(peer, 'connect')
  return peer
}

describe.skipIf(!isAble || process.platform !== 'linux')(`peers that wait for authorize${why}`, () => {
  it('[I4] count as connections, and those beyond maxConnections are dropped', async () => {
    const asked: Peer[] = []
    const one = await serve({
      authorize: (_credentials, peer) => {
        asked.push(peer)
        return new Promise(() => {})
      },
    })
    one.maxConnections = 3
    let dropped = 0
    const allDropped = deferred<void>()
    one.on('drop', () => ++dropped === 7 && allDropped.resolve())
    await Promise.all(Array.from({ length: 10 }, dial))
    await allDropped.promise
    expect(asked).toHaveLength(3)
  })

  it('[I4] are closed once they have left, and the hook hears of it', async () => {
    const before = openDescriptors()
    const signals: AbortSignal[] = []
    const one = await serve({
      authorize: (_credentials, { signal }) => {
        signals.push(signal)
        return new Promise(() => {})
      },
    })
    one.maxConnections = 10
    for (let round = 0; round < 50; round++) {
      const those = await Promise.all(Array.from({ length: 10 }, dial))
      for (const peer of those) peer.destroy()
      await Promise.all(those.map(peer => peer.closed || once(peer, 'close')))
      // Room for the next: those are noticed.
      for (const signal of signals.splice(0)) if (!signal.aborted) await once(signal, 'abort')
    }
    expect(openDescriptors()).toBeLessThanOrEqual(before + 2)
  })

  it('[I4] are closed at their deadline', async () => {
    const aborted = deferred<void>()
    await serve({
      authorizeTimeoutMs: 20,
      authorize: (_credentials, { signal }) => {
        signal.addEventListener('abort', () => aborted.resolve())
        return new Promise(() => {})
      },
    })
    const peer = await dial()
    await Promise.all([once(peer, 'close'), aborted.promise])
  })

  it('[I4] beyond 128 wait in the backlog, and are asked about once there is room', async () => {
    const waiting: ((isAdmitted: boolean) => void)[] = []
    let most = 0
    const isFull = deferred<void>()
    await serve({
      authorize: () => {
        const answer = new Promise<boolean>(resolve => waiting.push(resolve))
        most = Math.max(most, waiting.length)
        if (waiting.length === 128) isFull.resolve()
        return answer
      },
    })
    const all = Promise.all(
      Array.from({ length: 200 }, async () => {
        const peer = await dial()
        await once(peer, 'end')
      }),
    )
    await isFull.promise
    let isOver = false
    void all.then(() => {
      isOver = true
    })
    while (!isOver) {
      waiting.shift()?.(true)
      await new Promise(resolve => setImmediate(resolve))
    }
    expect(most).toBeLessThanOrEqual(128)
  })

  it('[I4] are turned away when the server closes', async () => {
    const asked = deferred<AbortSignal>()
    const one = await serve({
      authorize: (_credentials, { signal }) => {
        asked.resolve(signal)
        return new Promise(() => {})
      },
    })
    const peer = await dial()
    const signal = await asked.promise
    one.close()
    await Promise.all([once(one, 'close'), once(peer, 'close')])
    expect(signal.aborted).toBe(true)
  })
})
