import { once } from 'node:events'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  type AdmissionOptions,
  BlockList,
  connect as connectTo,
  createServer,
  type DropArgument,
  type ServerOpts,
  type Socket,
} from '../../src'
import { peerKeys } from '../../src/admission/peer-keys'
import { Peers } from '../../src/admission/peers'
import { TokenBucket } from '../../src/admission/token-bucket'
import { canPause, type Listening, pair, serve, transports, uncaughtErrors } from '../bed'

/** A client of a server that may drop it, from an address of the loopback network. */
function dial(listening: Listening, localAddress = '127.0.0.1'): Socket {
  const client = listening.dial({ localAddress })
  client.on('error', () => {})
  client.resume()
  return client
}

/** Connects, and waits until the server has taken the connection or dropped it. */
async function arrive(listening: Listening, localAddress?: string): Promise<'in' | DropArgument> {
  const { server } = listening
  const outcome = new Promise<'in' | DropArgument>(resolve => {
    const taken = (): void => settle('in')
    const settle = (what: 'in' | DropArgument): void => {
      server.removeListener('connection', taken)
      server.removeListener('drop', settle as (drop?: DropArgument) => void)
      resolve(what)
    }
    server.on('connection', taken)
    server.on('drop', settle as (drop?: DropArgument) => void)
  })
  dial(listening, localAddress)
  return outcome
}

describe.each(transports)('the admission of a server on the $name transport', transport => {
  const admitting = (admission: AdmissionOptions, listener?: (socket: Socket) => void) =>
    serve({ transport, admission, ...(listener && { listener }) })

  it('[E2] bounds the open connections of an address, and frees their places', async () => {
    const listening = await admitting({ maxPerAddress: 2 })
    expect(await arrive(listening)).toBe('in')
    expect(await arrive(listening)).toBe('in')
    expect(await arrive(listening)).toMatchObject({ reason: 'address-limit', remoteAddress: '127.0.0.1' })
    expect(await arrive(listening, '127.0.0.2')).toBe('in')
    const [first] = listening.server.sockets()
    first!.destroy()
    await once(first!, 'close')
    expect(await arrive(listening)).toBe('in')
    expect(listening.server.dropCounts()).toMatchObject({ 'address-limit': 1, 'max-connections': 0 })
  })

  it('[E2] bounds the open connections of a network', async () => {
    const listening = await admitting({ maxPerNetwork: 2 })
    expect(await arrive(listening, '127.0.0.2')).toBe('in')
    expect(await arrive(listening, '127.0.0.3')).toBe('in')
    expect(await arrive(listening, '127.0.0.4')).toMatchObject({ reason: 'network-limit' })
    expect(await arrive(listening, '127.0.1.4')).toBe('in')
  })

  it('[E2] bounds how fast connections come, for an address and for all', async () => {
    const slow = { perSecond: 0.001 }
    const own = await admitting({ addressRate: { ...slow, burst: 2 } })
    expect(await arrive(own)).toBe('in')
    expect(await arrive(own)).toBe('in')
    expect(await arrive(own)).toMatchObject({ reason: 'address-rate' })
    expect(await arrive(own, '127.0.0.2')).toBe('in')
    const all = await admitting({ acceptRate: slow })
    expect(await arrive(all)).toBe('in')
    expect(await arrive(all, '127.0.0.2')).toMatchObject({ reason: 'accept-rate' })
  })

  it('[E2] closes a connection about which a filter of the program throws', async () => {
    const thrown = uncaughtErrors()
    const filter = (from: string) => ({
      check: (address: string) => {
        if (address === from) throw new Error(from)
        return address.startsWith('127.')
      },
    })
    const any = filter('none')
    const header = 'PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n'
    const cases: [ServerOpts, string?][] = [
      [{ blockList: filter('127.0.0.1') }],
      [{ admission: { exempt: filter('127.0.0.1') } }],
      [{ proxyProtocol: { trusted: filter('127.0.0.1') } }],
      [{ proxyProtocol: { trusted: any }, blockList: filter('192.0.2.1') }, header],
      [{ proxyProtocol: { trusted: any }, admission: { exempt: filter('192.0.2.1') } }, header],
    ]
    // That of a proxied client blocks none of the proxies.
    for (const [options, first] of cases) {
      const { blockList } = options
      const blocks = blockList && { check: (address: string) => blockList.check(address, 'ipv4') && false }
      const listening = await serve({ transport, ...options, ...(blocks && { blockList: blocks }) })
      listening.server.on('connection', () => expect.unreachable())
      const client = dial(listening)
      if (first !== undefined) client.write(first)
      await once(client, 'close')
      // Nothing of it is left to wait for.
      await new Promise(resolve => listening.server.close(resolve))
    }
    const messages = ['127.0.0.1', '127.0.0.1', '127.0.0.1', '192.0.2.1', '192.0.2.1']
    expect(thrown.map(({ message }) => message)).toEqual(messages)
  })

  it('[E2] limits nobody who is exempt', async () => {
    const exempt = new BlockList()
    exempt.addAddress('127.0.0.9')
    const listening = await admitting({ maxPerAddress: 1, exempt })
    for (let i = 0; i < 3; i++) expect(await arrive(listening, '127.0.0.9')).toBe('in')
  })

  it('[E2] takes an IPv4 client of an IPv6 server for an IPv4 client', async () => {
    const {
      server,
      port,
      dial: connect,
    } = await serve({ transport, admission: { maxPerAddress: 1 } }, { port: 0, host: '::' })
    const dialled = (host: string) => connect({ port, host }).on('error', () => {})
    dialled('127.0.0.1')
    await once(server, 'connection')
    dialled('127.0.0.1')
    const [drop] = await once(server, 'drop')
    expect(drop).toMatchObject({ reason: 'address-limit', remoteAddress: '::ffff:127.0.0.1' })
  })

  it('[E2] drops a client that sends no first byte, and keeps one that does', async () => {
    const listening = await admitting({ firstByteMs: 40 })
    const talker = dial(listening)
    await listening.accepted()
    talker.write('hello')
    const silent = dial(listening)
    const [drop] = await once(listening.server, 'drop')
    expect(drop).toMatchObject({ reason: 'first-byte', remotePort: silent.localPort })
    expect(listening.server.sockets()).toHaveLength(1)
  })

  it('[E2] does not hold against a client what the program has not read', async () => {
    const listening = await pair({ transport, pauseOnConnect: true, admission: { firstByteMs: 20 } })
    const { server, near, far } = listening
    near.write('hello')
    // One that came later, and that is read from, is dropped.
    const silent = dial(listening)
    const other = await listening.accepted()
    other.resume()
    const [drop] = await once(server, 'drop')
    expect(drop).toMatchObject({ reason: 'first-byte', remotePort: silent.localPort })
    far.resume()
    const [data] = await once(far, 'data')
    expect(String(data)).toBe('hello')
  })

  it('[E2] drops the oldest of too many silent clients', async () => {
    const listening = await admitting({ maxSilent: 2 })
    const talker = dial(listening)
    const talking = await listening.accepted()
    talker.write('hello')
    await once(talking, 'data')
    const oldest = dial(listening)
    await listening.accepted()
    dial(listening)
    await listening.accepted()
    const port = oldest.localPort
    dial(listening)
    const [drop] = await once(listening.server, 'drop')
    expect(drop).toMatchObject({ reason: 'max-silent', remotePort: port })
    expect(talking.destroyed).toBe(false)
    expect(listening.server.sockets()).toHaveLength(3)
  })

  it('[E2] takes no client that the program does not read from for a silent one', async () => {
    const listening = await pair({ transport, pauseOnConnect: true, admission: { maxSilent: 1 } })
    listening.near.write('hello')
    const silent = dial(listening)
    const other = await listening.accepted()
    other.resume()
    dial(listening)
    const [drop] = await once(listening.server, 'drop')
    expect(drop).toMatchObject({ reason: 'max-silent', remotePort: silent.localPort })
    listening.far.resume()
    expect(String((await once(listening.far, 'data'))[0])).toBe('hello')
  })

  it('[E2] drops a client that is slower than the least rate', async () => {
    const listening = await admitting({ leastRate: { bytesPerSecond: 1000, windowMs: 50 } }, socket =>
      socket.resume(),
    )
    const slow = dial(listening)
    await listening.accepted()
    const fast = dial(listening)
    await listening.accepted()
    const pour = setInterval(() => fast.write(Buffer.alloc(1000)), 5)
    onTestFinished(() => clearInterval(pour))
    const port = slow.localPort
    const [drop] = await once(listening.server, 'drop')
    expect(drop).toMatchObject({ reason: 'least-rate', remotePort: port })
    expect(listening.server.sockets()).toHaveLength(1)
  })

  it('[E2] drops and counts each of several silent clients', async () => {
    const listening = await admitting({ firstByteMs: 20 })
    let told = 0
    listening.server.on('drop', () => told++)
    for (let i = 0; i < 3; i++) {
      dial(listening)
      await listening.accepted()
    }
    while (told < 3) await once(listening.server, 'drop')
    expect(listening.server.connections).toBe(0)
    expect(listening.server.dropCounts()['first-byte']).toBe(3)
  })

  it('[E2] tells why a connection beyond maxConnections was dropped', async () => {
    const listening = await serve({ transport })
    listening.server.maxConnections = 0
    expect(await arrive(listening)).toMatchObject({ reason: 'max-connections' })
    expect(listening.server.dropCounts()['max-connections']).toBe(1)
  })

  it.runIf(!canPause(transport))('[E2] refuses to leave connections in the backlog', async () => {
    const { server } = await serve({ transport })
    expect(() => server.pauseAccept()).toThrow(expect.objectContaining({ code: 'ERR_X_UNSUPPORTED' }))
    const waiting = createServer({ transport, admission: { excess: 'wait' } })
    waiting.listen(0, '127.0.0.1')
    expect(await once(waiting, 'error')).toMatchObject([{ code: 'ERR_X_UNSUPPORTED' }])
    expect(waiting.listening).toBe(false)
    const early = createServer({ transport }).pauseAccept().listen(0, '127.0.0.1')
    expect(await once(early, 'error')).toMatchObject([{ code: 'ERR_X_UNSUPPORTED' }])
  })

  describe.runIf(canPause(transport))('that leaves clients in the backlog', () => {
    it('[E2] accepts nobody between pauseAccept and resumeAccept', async () => {
      const { server, dial: connect } = await serve({ transport })
      server.pauseAccept()
      let count = 0
      server.on('connection', () => count++)
      const clients = [connect(), connect(), connect()]
      await Promise.all(clients.map(client => once(client, 'connect')))
      // A connection that is made for a listener that accepts would have been told by now.
      await pair({ transport })
      expect(count).toBe(0)
      server.resumeAccept()
      while (count < 3) await once(server, 'connection')
    })

    it('[E2] may be paused before it listens', async () => {
      const server = createServer({ transport }).pauseAccept()
      onTestFinished(() => void server.close())
      let count = 0
      server.on('connection', socket => {
        count++
        socket.destroy()
      })
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      const { near } = await pair({ transport })
      near.destroy()
      const client = connectTo((server.address() as { port: number }).port, '127.0.0.1')
      await once(client, 'connect')
      await pair({ transport })
      expect(count).toBe(0)
      server.resumeAccept()
      await once(server, 'connection')
      client.destroy()
    })

    it('[E2] lets connections beyond maxConnections wait', async () => {
      const listening = await serve({ transport, admission: { excess: 'wait' } })
      const { server } = listening
      server.maxConnections = 2
      server.on('drop', () => expect.unreachable())
      let most = 0
      let served = 0
      server.on('connection', socket => {
        served++
        most = Math.max(most, server.connections)
        socket.on('error', () => {})
        socket.on('data', () => socket.end('done'))
      })
      const answers = Array.from({ length: 20 }, async () => {
        const client = listening.dial()
        client.write('serve me')
        const [data] = await once(client, 'data')
        return String(data)
      })
      expect(await Promise.all(answers)).toEqual(Array.from({ length: 20 }, () => 'done'))
      expect(served).toBe(20)
      expect(most).toBe(2)
    })

    it('[E2] lets connections beyond the accept rate wait', async () => {
      const listening = await serve({
        transport,
        admission: { excess: 'wait', acceptRate: { perSecond: 50, burst: 1 } },
      })
      const startedAt = performance.now()
      let served = 0
      listening.server.on('connection', () => served++)
      listening.server.on('drop', () => expect.unreachable())
      for (let i = 0; i < 6; i++) dial(listening)
      while (served < 6) await once(listening.server, 'connection')
      // Five had to wait for a token of 20 ms each.
      expect(performance.now() - startedAt).toBeGreaterThan(95)
    })
  })
})

describe('what admission stands on', () => {
  it('[E2] a token bucket takes no notice of a clock that jumps back, and keeps to its burst when it jumps ahead', () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 2 }, 1000)
    bucket.take(1000)
    bucket.take(1000)
    expect(bucket.hasToken(1000)).toBe(false)
    expect(bucket.hasToken(0)).toBe(false)
    expect(bucket.waitMs(0)).toBeCloseTo(100)
    expect(bucket.hasToken(101)).toBe(true)
    bucket.take(1e9)
    bucket.take(1e9)
    expect(bucket.hasToken(1e9)).toBe(false)
  })

  it('[E2] a table of peers is bounded, and counts are right whatever the order', () => {
    const peers = new Peers(3, { perSecond: 1, burst: 1 }, 100)
    for (let key = 0; key < 10_000; key++) {
      peers.opened(key, key)
      peers.closed(key)
    }
    expect(peers.size).toBe(100)
    expect(peers.isTooFast(9_999, 9_999)).toBe(true)
    expect(peers.isTooFast(1, 9_999)).toBe(false)
    const open = new Map<number, number>()
    let seed = 3
    for (let step = 0; step < 20_000; step++) {
      seed = (seed * 1103515245 + 12345) % 2 ** 31
      const key = (seed >> 8) % 7
      const count = open.get(key) ?? 0
      expect(peers.isFull(key)).toBe(count >= 3)
      if (seed % 2 === 0 && count < 3) {
        peers.opened(key, step)
        open.set(key, count + 1)
      } else if (count > 0) {
        peers.closed(key)
        open.set(key, count - 1)
      }
    }
  })

  it('[E2] keys are one for both notations of IPv4, and a /64 is a network', () => {
    const bits = { ipv4: 24, ipv6: 64 }
    expect(peerKeys('::ffff:10.1.2.3', bits)).toEqual(peerKeys('10.1.2.3', bits))
    expect(peerKeys('::ffff:a01:203', bits)).toEqual(peerKeys('10.1.2.3', bits))
    expect(peerKeys('10.1.2.4', bits)!.network).toBe(peerKeys('10.1.2.3', bits)!.network)
    expect(peerKeys('10.1.3.3', bits)!.network).not.toBe(peerKeys('10.1.2.3', bits)!.network)
    expect(peerKeys('2001:db8::1', bits)!.network).toBe(peerKeys('2001:db8::ffff:1', bits)!.network)
    expect(peerKeys('2001:db8::1', bits)!.address).not.toBe(peerKeys('2001:db8::2', bits)!.address)
    expect(peerKeys('2001:db8:0:1::1', bits)!.network).not.toBe(peerKeys('2001:db8::1', bits)!.network)
    expect(peerKeys('fe80::1%lo', bits)).toEqual(peerKeys('fe80::1', bits))
    expect(peerKeys('nobody', bits)).toBeNull()
  })

  const wrong: [object, string][] = [
    [{ maxPerAddress: 0 }, 'ERR_OUT_OF_RANGE'],
    [{ maxPerNetwork: 1.5 }, 'ERR_OUT_OF_RANGE'],
    [{ networkBits: { ipv4: 33 } }, 'ERR_OUT_OF_RANGE'],
    [{ acceptRate: { perSecond: 0 } }, 'ERR_OUT_OF_RANGE'],
    [{ addressRate: 5 }, 'ERR_INVALID_ARG_TYPE'],
    [{ excess: 'later' }, 'ERR_INVALID_ARG_VALUE'],
    [{ firstByteMs: '1' }, 'ERR_INVALID_ARG_TYPE'],
    [{ leastRate: { bytesPerSecond: -1 } }, 'ERR_OUT_OF_RANGE'],
    [{ exempt: {} }, 'ERR_INVALID_ARG_TYPE'],
  ]
  it.each(wrong)('[E2] the options %o are refused with %s', (admission, code) => {
    expect(() => createServer({ admission })).toThrow(expect.objectContaining({ code }))
  })
})
