// The in-memory network as the contract sees it; what every transport must do is the conformance suite's.
import { execFile } from 'node:child_process'
import { connect as connectSocket, createServer } from '@x/core'
import { errno, type StreamHandle, type TcpAddress, type Timer } from '@x/core/transport'
import { describe, expect, it } from 'vitest'
import { memoryNetwork } from '../src'
import { close, connect, LOOPBACK, listen, pair, readAll, shutdown, turn, write } from './handles'

const at = (address: string, port: number): TcpAddress => ({
  family: address.includes(':') ? 'IPv6' : 'IPv4',
  address,
  port,
})

function busyFor(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}

describe('memory network', () => {
  it('[T2] carries bytes both ways and tells each end of the other’s end', async () => {
    const { listener, client, server } = await pair(memoryNetwork())
    const [atServer, atClient] = [readAll(server), readAll(client)]
    expect(await write(client, 'ping')).toBe(1)
    await shutdown(client)
    expect(await atServer).toEqual({ data: Buffer.from('ping'), status: 0 })
    expect(await write(server, 'pong')).toBe(1)
    await shutdown(server)
    expect(await atClient).toEqual({ data: Buffer.from('pong'), status: 0 })
    await close(client, server, listener)
  })

  it('[T2] refuses where nobody listens, and where there is no way', async () => {
    const network = memoryNetwork()
    expect((await connect(network, at('127.0.0.1', 9))).status).toBe(errno('ECONNREFUSED'))
    expect((await connect(network, at('::1', 9))).status).toBe(errno('ECONNREFUSED'))
    expect((await connect(network, at('192.0.2.1', 9))).status).toBe(errno('ENETUNREACH'))
    expect((await connect(network, { path: '/run/none' })).status).toBe(errno('ENOENT'))
    expect((await connect(network, { path: '\0none' })).status).toBe(errno('ECONNREFUSED'))
  })

  it('[T2] takes a port once in a network, and once in another', async () => {
    const [one, two] = [memoryNetwork(), memoryNetwork()]
    const first = await listen(one, at('0.0.0.0', 80))
    expect(one.listener('tcp').bind(at('127.0.0.1', 80))).toBe(errno('EADDRINUSE'))
    expect(one.listener('tcp').bind(at('::', 80))).toBe(errno('EADDRINUSE'))
    expect(one.listener('tcp').bind(at('::', 80), { ipv6Only: true })).toBe(0)
    expect(one.listener('tcp').bind(at('192.0.2.1', 80))).toBe(errno('EADDRNOTAVAIL'))
    const second = await listen(two, at('0.0.0.0', 80))
    await close(first, second)
    expect(one.listener('tcp').bind(at('127.0.0.1', 80))).toBe(0)
  })

  it('[T2] gives dynamic ports in turn, from the first one in each network', async () => {
    for (const network of [memoryNetwork(), memoryNetwork()]) {
      const listeners = [await listen(network, LOOPBACK), await listen(network, LOOPBACK)]
      expect(listeners.map(listener => listener.sockname())).toEqual([
        at('127.0.0.1', 49152),
        at('127.0.0.1', 49153),
      ])
      await close(...listeners)
    }
  })

  it('[T2] shows an IPv4 client to a dual listener as a mapped address', async () => {
    const network = memoryNetwork()
    const accepted: StreamHandle[] = []
    const listener = await listen(network, at('::', 80), (_status, stream) => stream && accepted.push(stream))
    const { stream: client } = await connect(network, at('127.0.0.1', 80))
    await turn()
    const local = client.sockname() as TcpAddress
    expect(client.peername()).toEqual(at('127.0.0.1', 80))
    expect(accepted[0]?.peername()).toEqual(at('::ffff:127.0.0.1', local.port))
    expect(accepted[0]?.sockname()).toEqual(at('::ffff:127.0.0.1', 80))
    await close(client, accepted[0]!, listener)
  })

  it('[T2] holds as much as its capacity, then lets writers wait for the reader', async () => {
    const { listener, client, server } = await pair(memoryNetwork({ capacityBytes: 1000 }))
    let finished = false
    const answer = client.write([Buffer.alloc(1500, 'a'), Buffer.alloc(1000, 'b')], () => {
      finished = true
    })
    expect(answer).toBe(0)
    expect([client.bytesWritten, client.writeQueueSize]).toEqual([1000, 1500])
    await turn()
    expect(finished).toBe(false)
    const all = readAll(server)
    client.shutdown(() => {})
    expect((await all).data.toString()).toBe('a'.repeat(1500) + 'b'.repeat(1000))
    expect(finished).toBe(true)
    expect([client.bytesWritten, client.writeQueueSize, server.bytesRead]).toEqual([2500, 0, 2500])
    await close(client, server, listener)
  })

  it('[T2] leaves written chunks alone: they may be changed once they are taken', async () => {
    const { listener, client, server } = await pair(memoryNetwork())
    const chunk = Buffer.from('before')
    client.write([chunk], () => {})
    chunk.fill('x')
    client.shutdown(() => {})
    expect((await readAll(server)).data.toString()).toBe('before')
    await close(client, server, listener)
  })

  it('[T2] refuses a host that is no text, as a lookup of the system does', () => {
    const server = createServer({ transport: memoryNetwork() })
    expect(() => server.listen({ port: 0, host: 5 as never })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
    )
  })

  it('[T2] resets: a peer that has read all reads ECONNRESET, and writes EPIPE', async () => {
    const { listener, client, server } = await pair(memoryNetwork())
    const all = readAll(server)
    await new Promise<void>(resolve => client.reset(resolve))
    expect(await all).toEqual({ data: Buffer.alloc(0), status: errno('ECONNRESET') })
    expect(await write(server, 'x')).toBe(errno('EPIPE'))
    await close(server, listener)
  })

  it('[T2] resets: a peer reads what came before and the end, as from libuv, and writes ECONNRESET once', async () => {
    const { listener, client, server } = await pair(memoryNetwork())
    const all = readAll(server)
    await write(client, 'last words')
    await new Promise<void>(resolve => client.reset(resolve))
    expect(await all).toEqual({ data: Buffer.from('last words'), status: 0 })
    expect(await write(server, 'x')).toBe(errno('ECONNRESET'))
    expect(await write(server, 'x')).toBe(errno('EPIPE'))
    await close(server, listener)
  })

  it('[T2] closing with unread bytes is a reset', async () => {
    const { listener, client, server } = await pair(memoryNetwork())
    await write(client, 'unread')
    const all = readAll(client)
    await close(server)
    expect(await all).toEqual({ data: Buffer.alloc(0), status: errno('ECONNRESET') })
    await close(client, listener)
  })

  it('[T2] writing to a closed TCP peer is answered by a reset, to a closed local peer by EPIPE at once', async () => {
    for (const [place, first] of [[LOOPBACK, 1] as const, [{ path: '/x' }, errno('EPIPE')] as const]) {
      const { listener, client, server } = await pair(memoryNetwork(), place)
      const all = readAll(client)
      await close(server)
      expect(await all).toEqual({ data: Buffer.alloc(0), status: 0 })
      expect(await write(client, 'x')).toBe(first)
      expect(await write(client, 'x')).toBe(errno('EPIPE'))
      await close(client, listener)
    }
  })

  it('[T2] clients that give up before they are let in keep nobody out', async () => {
    const network = memoryNetwork()
    let accepted = 0
    const listener = network.listener('tcp')
    expect(listener.bind(at('127.0.0.1', 80))).toBe(0)
    // A backlog of 1 has room for two (listen(2)).
    listener.listen(
      1,
      (_status, stream) => {
        accepted++
        stream?.close()
      },
      () => {},
    )
    const streams = Array.from({ length: 8 }, () => network.stream('tcp'))
    const answers = streams.map(
      stream => new Promise<number>(resolve => stream.connect(at('127.0.0.1', 80), resolve)),
    )
    for (const stream of streams.slice(2, 6)) stream.close()
    const [ok, cancelled] = [0, errno('ECANCELED')]
    expect(await Promise.all(answers)).toEqual([ok, ok, ...Array(4).fill(cancelled), ok, ok])
    expect(accepted).toBe(4)
    await close(...streams, listener)
    expect(network.openHandles).toBe(0)
  })

  it('[T2] a full backlog lets TCP clients wait and turns local ones away', async () => {
    const network = memoryNetwork()
    const accepted: StreamHandle[] = []
    const accept = (_status: number, stream: StreamHandle | null) => stream && accepted.push(stream)
    const tcp = await listen(network, at('127.0.0.1', 80), accept, 1)
    const local = await listen(network, { path: '/x' }, accept, 1)
    tcp.pause()
    local.pause()
    const waiting = [1, 2, 3].map(() => connect(network, at('127.0.0.1', 80)))
    const refused = [1, 2, 3].map(() => connect(network, { path: '/x' }))
    expect((await Promise.all(refused)).map(({ status }) => status)).toEqual([0, 0, errno('EAGAIN')])
    const early = await Promise.race([Promise.all(waiting), turn().then(() => 'waits')])
    expect(early).toBe('waits')
    tcp.resume()
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([0, 0, 0])
    await turn()
    expect(accepted.length).toBe(3)
    const streams = [...(await Promise.all(waiting)), ...(await Promise.all(refused))].map(one => one.stream)
    await close(tcp, local, ...streams, ...accepted)
    expect(network.openHandles).toBe(0)
  })

  it('[T2] closing a listener resets what it had not accepted', async () => {
    const network = memoryNetwork()
    const listener = await listen(network, at('127.0.0.1', 80))
    listener.pause()
    const { stream } = await connect(network, at('127.0.0.1', 80))
    const all = readAll(stream)
    await close(listener)
    expect((await all).status).toBe(errno('ECONNRESET'))
    await close(stream)
  })

  it('[T2] spreads connections over listeners that share a port', async () => {
    const network = memoryNetwork()
    const counts = [0, 0]
    const listeners = counts.map((_count, index) => {
      const listener = network.listener('tcp')
      expect(listener.bind(at('127.0.0.1', 80), { reusePort: true })).toBe(0)
      expect(
        listener.listen(
          10,
          () => counts[index]!++,
          () => {},
        ),
      ).toBe(1)
      return listener
    })
    const streams = await Promise.all([1, 2, 3, 4].map(() => connect(network, at('127.0.0.1', 80))))
    await turn()
    expect(counts).toEqual([2, 2])
    await close(...streams.map(one => one.stream), ...listeners)
  })

  it('[T2] a busy process does not turn a refusal into a time-out', async () => {
    const transport = memoryNetwork()
    const codes: string[] = []
    const socket = connectSocket({ port: 81, transport, autoSelectFamilyAttemptTimeout: 10 })
    // The attempt has been refused by then, and the time-out of it is long over when the loop goes on.
    socket.once('connectionAttempt', () => process.nextTick(busyFor, 30))
    socket.on('connectionAttemptTimeout', () => codes.push('timed out'))
    socket.on('error', error => codes.push((error as NodeJS.ErrnoException).code ?? ''))
    await new Promise(resolve => socket.on('close', resolve))
    expect(codes).toEqual(['ECONNREFUSED'])
  })

  it('[T2] a time-out that is due can be cleared, and started anew', async () => {
    const { clock } = memoryNetwork()
    const seen: string[] = []
    let timers: (Timer | undefined)[] = []
    // In the turn in which all are due, and before the others: it was set first, for the same time.
    const due = new Promise<void>(resolve => {
      setTimeout(() => {
        const [cleared, anew] = timers as [Timer, Timer]
        clock?.clearTimeout(cleared)
        anew.refresh()
        seen.push('due')
        resolve()
      }, 1)
    })
    timers = ['cleared', 'anew'].map(name => clock?.setTimeout(() => seen.push(name), 1))
    const start = performance.now()
    while (performance.now() < start + 5);
    await due
    await new Promise(resolve => clock?.setTimeout(() => resolve(null), 2))
    expect(seen).toEqual(['due', 'anew'])
  })

  it('[T2] nobody connects to itself by chance', async () => {
    // The first port of a network to connect from.
    const { status } = await connect(memoryNetwork(), at('127.0.0.1', 49_152))
    expect(status).toBe(errno('ECONNREFUSED'))
  })

  it('[T2] answers lookups from its names', async () => {
    const network = memoryNetwork({ addresses: ['10.0.0.1'], names: { db: ['10.0.0.1'] } })
    const ask = (name: string, family = 0) =>
      new Promise(resolve =>
        network.lookup(name, { all: true, family }, (error, found) => resolve(error?.code ?? found)),
      )
    expect(await ask('db')).toEqual([{ address: '10.0.0.1', family: 4 }])
    expect(await ask('localhost', 6)).toEqual([{ address: '::1', family: 6 }])
    expect(await ask('nowhere')).toBe('ENOTFOUND')
  })

  it('[T2] keeps the process while a referenced listener listens, and no longer', async () => {
    const run = (last: string) =>
      new Promise<string>(resolve => {
        const script = `const { memoryNetwork } = require('./dist')
          const listener = memoryNetwork().listener('tcp')
          listener.bind({ family: 'IPv4', address: '127.0.0.1', port: 80 })
          listener.listen(1, () => {}, () => {})
          process.on('exit', () => console.log('ended by itself'))
          process.on('SIGTERM', () => process.exit())
          ${last}`
        const child = execFile(process.execPath, ['-e', script], (_error, stdout) => resolve(stdout))
        child.stdout?.on('data', text => String(text).includes('idle') && child.kill('SIGKILL'))
      })
    expect(await run('listener.unref()')).toBe('ended by itself\n')
    expect(await run('listener.close()')).toBe('ended by itself\n')
    expect(await run("setTimeout(() => console.log('idle'), 1).unref(); setImmediate(() => {})")).toBe(
      'idle\n',
    )
  })
})
