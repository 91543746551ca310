// What each ready-made fault does to a connection, on an in-memory network; and rules that come and go.
import { errno, type StreamHandle, type TcpAddress } from '@x/core/transport'
import { describe, expect, it } from 'vitest'
import { faults, faulty, memoryNetwork, type Rule, simulate } from '../src'
import { close, connect, deferred, LOOPBACK, listen, readAll, shutdown, turn, write } from './handles'

/** A plain server and a client under rules, so that each rule acts once. */
async function underRules(...rules: Rule[]) {
  const network = memoryNetwork()
  const transport = faulty(network, rules)
  const accepted = deferred<StreamHandle>()
  const listener = await listen(network, LOOPBACK, (_status, stream) => stream && accepted.resolve(stream))
  const { stream: client, status } = await connect(transport, listener.sockname() as TcpAddress)
  expect(status).toBe(0)
  const server = await accepted.promise
  return { transport, client, server, end: () => close(client, server, listener) }
}

/** The sizes of what arrives, until the end. */
function readSizes(stream: StreamHandle): Promise<number[]> {
  const sizes: number[] = []
  return new Promise(resolve => {
    const finish = () => resolve(sizes)
    stream.readStart({ onData: chunk => sizes.push(chunk.length), onEnd: finish, onError: finish })
  })
}

describe('faults', () => {
  it('[T4] latency delays what is written and read, in order, and not one after the other', async () => {
    await simulate({}, async ({ clock }) => {
      const { client, server, end } = await underRules(faults.latency({ ms: 100 }))
      const reading = readAll(server)
      const before = clock.nowMs
      await Promise.all([write(client, 'a'), write(client, 'b'), shutdown(client)])
      expect((await reading).data.toString()).toBe('ab')
      expect(clock.nowMs - before).toBe(100)
      const back = readAll(client)
      await write(server, 'c')
      await shutdown(server)
      expect((await back).data.toString()).toBe('c')
      expect(clock.nowMs - before).toBe(200)
      await end()
    })
  })

  it('[T4] what is delayed does not go out in the turn, however long the turn takes', async () => {
    const busy: Rule = ({ type }) => {
      if (type !== 'write') return undefined
      const until = performance.now() + 5
      while (performance.now() < until);
      return { delayMs: 1 }
    }
    const { client, server, end } = await underRules(busy, faults.slicer({ bytes: 1 }))
    const reading = readAll(server)
    const [first, second] = [deferred<number>(), deferred<number>()]
    for (const { resolve } of [first, second]) expect(client.write([Buffer.from('abc')], resolve)).toBe(0)
    expect(server.bytesRead).toBe(0)
    expect(await Promise.all([first.promise, second.promise])).toEqual([0, 0])
    await shutdown(client)
    expect((await reading).data.toString()).toBe('abcabc')
    await end()
  })

  it('[T4] bandwidth is a rate', async () => {
    await simulate({}, async ({ clock }) => {
      const { client, server, end } = await underRules(faults.bandwidth({ bytesPerSecond: 10_000 }))
      const reading = readAll(server)
      const before = clock.nowMs
      await write(client, Buffer.alloc(50_000))
      await shutdown(client)
      expect((await reading).data.length).toBe(50_000)
      expect(clock.nowMs - before).toBe(5000)
      await end()
    })
  })

  it('[T4] a slow close ends late', async () => {
    await simulate({}, async ({ clock }) => {
      const { client, server, end } = await underRules(faults.slowClose({ ms: 500 }))
      const reading = readAll(server)
      const before = clock.nowMs
      client.close()
      await reading
      expect(clock.nowMs - before).toBe(500)
      await end()
    })
  })

  it('[T4] timeout lets nothing through, then ends the connection', async () => {
    await simulate({}, async ({ clock }) => {
      const { client, server, end } = await underRules(faults.timeout({ ms: 2000 }))
      const [atServer, atClient] = [readAll(server), readAll(client)]
      client.write([Buffer.from('lost')], () => {})
      await write(server, 'lost too')
      expect(await Promise.all([atServer, atClient])).toEqual([
        { data: Buffer.alloc(0), status: 0 },
        { data: Buffer.alloc(0), status: 0 },
      ])
      expect(clock.nowMs).toBe(2000)
      await end()
    })
  })

  it('[T4] reset resets both sides, at once or after a while', async () => {
    await simulate({}, async ({ clock }) => {
      const { client, server, end } = await underRules(faults.reset({ afterMs: 300 }))
      const ends = await Promise.all([readAll(client), readAll(server)])
      expect(ends.map(({ status }) => status)).toEqual([errno('ECONNRESET'), errno('ECONNRESET')])
      expect(clock.nowMs).toBe(300)
      expect(await write(client, 'x')).toBe(errno('EPIPE'))
      await end()
    })
  })

  it('[T4] the slicer cuts, with a pause between pieces', async () => {
    await simulate({}, async ({ clock }) => {
      const { client, server, end } = await underRules(faults.slicer({ bytes: 10, delayMs: 5, on: 'write' }))
      const reading = readSizes(server)
      const before = clock.nowMs
      await write(client, Buffer.alloc(45))
      await shutdown(client)
      expect(await reading).toEqual([10, 10, 10, 10, 5])
      expect(clock.nowMs - before).toBe(20)
      await end()
    })
  })

  it('[T4] limit ends the connection after so many bytes', async () => {
    const { client, server, end } = await underRules(faults.limit({ bytes: 10 }))
    const reading = readAll(server)
    await write(client, 'six666')
    await write(client, 'eight888')
    expect(await reading).toEqual({ data: Buffer.from('six666eigh'), status: 0 })
    await end()
  })

  it('[T4] short reads and partial writes', async () => {
    const { client, server, end } = await underRules(
      faults.shortReads({ bytes: 3 }),
      faults.partialWrites({ bytes: 4 }),
    )
    const [atServer, atClient] = [readAll(server), readSizes(client)]
    await write(client, '0123456789')
    await write(server, '01234567')
    await Promise.all([shutdown(client), shutdown(server)])
    expect((await atServer).data.toString()).toBe('0123456789')
    expect(await atClient).toEqual([3, 3, 2])
    await end()
  })

  it('[T4] refuses and swallows connections', async () => {
    const network = memoryNetwork()
    const listener = await listen(network, LOOPBACK)
    const at = listener.sockname() as TcpAddress
    const refusing = faulty(network, [faults.refuse()])
    expect((await connect(refusing, at)).status).toBe(errno('ECONNREFUSED'))
    const unreachable = faulty(network, [faults.refuse('ENETUNREACH')])
    expect((await connect(unreachable, at)).status).toBe(errno('ENETUNREACH'))
    const swallowing = faulty(network, [faults.blackhole()])
    const stream = swallowing.stream('tcp')
    const statuses: number[] = []
    expect(stream.connect(at, status => statuses.push(status))).toBe(0)
    for (let turns = 0; turns < 5; turns++) await turn()
    expect(statuses).toEqual([])
    await close(stream, listener)
    expect(statuses).toEqual([errno('ECANCELED')])
  })

  it('[T4] a shortage of descriptors is told once, and costs no connection', async () => {
    const network = memoryNetwork()
    const transport = faulty(network)
    const told: number[] = []
    const accepted: StreamHandle[] = []
    const listener = await listen(transport, LOOPBACK, (status, stream) => {
      if (stream) accepted.push(stream)
      else told.push(status)
    })
    const shortage = transport.add(faults.emfile())
    const at = listener.sockname() as TcpAddress
    const clients = [await connect(network, at), await connect(network, at)]
    await turn()
    expect([told, accepted.length]).toEqual([[errno('EMFILE')], 0])
    shortage()
    while (accepted.length < 2) await turn()
    await close(...clients.map(({ stream }) => stream), ...accepted, listener)
  })

  it('[T4] failed operations answer their error', async () => {
    const network = memoryNetwork()
    const { on, fail } = faults
    expect(
      faulty(network, [on('bind', fail('EACCES'))])
        .listener('tcp')
        .bind(LOOPBACK),
    ).toBe(errno('EACCES'))
    const { client, end } = await underRules(on('write', fail('ENOBUFS')), on('shutdown', fail('ENOTCONN')))
    expect(await write(client, 'x')).toBe(errno('ENOBUFS'))
    expect(await shutdown(client)).toBe(errno('ENOTCONN'))
    await end()
    expect(() => fail('ENOSUCHERROR')).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' }))
  })

  it('[T4] a guard takes its rule off, and what was held goes on', async () => {
    const { transport, client, server, end } = await underRules()
    const reading = readAll(server)
    {
      const guard = transport.add(faults.stall())
      client.write([Buffer.from('held')], () => {})
      client.shutdown(() => {})
      for (let turns = 0; turns < 5; turns++) await turn()
      expect(server.bytesRead).toBe(0)
      guard[Symbol.dispose]()
    }
    expect((await reading).data.toString()).toBe('held')
    await end()
  })

  it('[T4] holds connecting until the rules let it', async () => {
    const network = memoryNetwork()
    const listener = await listen(network, LOOPBACK)
    const transport = faulty(network, [faults.stall()])
    const connecting = connect(transport, listener.sockname() as TcpAddress)
    expect(await Promise.race([connecting, turn().then(() => 'held')])).toBe('held')
    transport.clear()
    const { stream, status } = await connecting
    expect(status).toBe(0)
    await close(stream, listener)
  })

  it('[T4] the same seed draws the same chances', async () => {
    const draw = async (seed: number) => {
      const network = memoryNetwork()
      const listener = await listen(network, LOOPBACK)
      const transport = faulty(network, [faults.sometimes(0.5, faults.refuse())], { seed })
      const outcomes: boolean[] = []
      for (let client = 0; client < 20; client++) {
        const { stream, status } = await connect(transport, listener.sockname() as TcpAddress)
        outcomes.push(status === 0)
        await close(stream)
      }
      await close(listener)
      return outcomes.join()
    }
    expect(await draw(1)).toBe(await draw(1))
    expect(await draw(1)).not.toBe(await draw(2))
  })

  it('[T4] rules of rules: only for some, and only so often', async () => {
    const { only, times, on } = faults
    const big = only(operation => operation.bytes > 100, times(1, on('write', 'drop')))
    const { client, server, end } = await underRules(big)
    const reading = readAll(server)
    for (const text of ['small', 'B'.repeat(200), 'C'.repeat(200)]) await write(client, text)
    await shutdown(client)
    expect((await reading).data.toString()).toBe(`small${'C'.repeat(200)}`)
    await end()
  })
})
