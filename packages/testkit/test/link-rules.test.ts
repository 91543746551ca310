// Rules on the links of a simulation: packets are values that a rule sees, the ready-made faults are those of handles, and an
// answer that has no meaning for a packet is refused.
import { once } from 'node:events'
import { connect, createServer, type Socket } from '@x/core'
import { describe, expect, it } from 'vitest'
import { faults, type Packet, type Rule, type Simulation, type SimulationError, simulate } from '../src'

/** A server that echoes, and a connection to it from another host, under a rule of the whole network. */
async function echo({ host, network, clock }: Simulation, rule: Rule) {
  const server = host('server', () => {
    createServer(socket => {
      socket.on('error', () => {})
      socket.pipe(socket)
    }).listen(80)
  })
  const client = host('client')
  await clock.sleep(1)
  const guard = network.add(rule)
  const socket: Socket = client.run(() => connect(80, 'server'))
  return { server, client, socket, guard }
}

async function answerOf(socket: Socket, question: string): Promise<string> {
  socket.write(question)
  return String((await once(socket, 'data'))[0])
}

const errorOf = async (socket: Socket) =>
  ((await once(socket, 'error')) as [NodeJS.ErrnoException])[0].code as string

describe('a packet', () => {
  it('[T3] is a value with its ends, its flag, its place in the stream and its bytes', async () => {
    const seen: Packet[] = []
    await simulate({}, async simulation => {
      const { socket } = await echo(simulation, ({ packet }) => {
        if (packet) seen.push(packet)
        return undefined
      })
      expect(await answerOf(socket, 'hello')).toBe('hello')
      socket.end()
      await once(socket, 'close')
    })
    const lines = seen.map(
      ({ from, flag, sequence, payload, wireBytes }) =>
        `${from} ${flag} ${sequence} ${payload ?? '-'} ${wireBytes}`,
    )
    expect(lines).toEqual([
      'client syn 0 - 40',
      'server syn-ack 0 - 40',
      'client ack 1 - 40',
      'client data 1 hello 45',
      'server ack 1 - 40',
      'server data 1 hello 45',
      'client ack 6 - 40',
      'client fin 6 - 40',
      'server ack 6 - 40',
      'server fin 6 - 40',
      'client ack 7 - 40',
    ])
    const [first, second] = seen
    expect(first).toMatchObject({
      to: 'server',
      source: { family: 'IPv4', address: '10.0.0.2' },
      destination: { family: 'IPv4', address: '10.0.0.1', port: 80 },
      isRepeated: false,
    })
    expect([second?.source, second?.destination]).toEqual([first?.destination, first?.source])
  })

  it('[T3] is told from its repetition', async () => {
    const repeated: string[] = []
    const { virtualMs } = await simulate({}, async simulation => {
      const once = faults.times(1, ({ packet }) => (packet?.flag === 'data' ? 'drop' : undefined))
      const { socket } = await echo(simulation, operation => {
        if (operation.packet?.isRepeated) repeated.push(`${operation.packet.from} ${operation.packet.flag}`)
        return once(operation)
      })
      expect(await answerOf(socket, 'hello')).toBe('hello')
    })
    expect(repeated).toEqual(['client data'])
    expect(virtualMs).toBeGreaterThan(200)
    expect(virtualMs).toBeLessThan(220)
  })
})

describe('a rule on links', () => {
  it('[T3] may be the one that a transport has: latency is one thing', async () => {
    const rule = faults.latency({ ms: 30 })
    const { virtualMs } = await simulate({ link: [rule] }, async simulation => {
      const { socket } = await echo(simulation, () => undefined)
      expect(await answerOf(socket, 'hello')).toBe('hello')
    })
    // The start of the server, the handshake, the question and its answer.
    expect(virtualMs).toBe(1 + 4 * 30)
  })

  it('[T3] refuse answers a SYN by a reset, blackhole by nothing', async () => {
    const { value } = await simulate({}, async simulation => {
      const { socket, guard, client } = await echo(simulation, faults.refuse())
      const codes: unknown[] = [await errorOf(socket), simulation.clock.nowMs]
      guard()
      using _ = simulation.network.add(faults.blackhole())
      codes.push(await errorOf(client.run(() => connect(80, 'server'))), simulation.clock.nowMs > 100_000)
      return codes
    })
    expect(value).toEqual(['ECONNREFUSED', 1, 'ETIMEDOUT', true])
  })

  it('[T3] stall holds everything until it is taken off', async () => {
    const { value } = await simulate({}, async simulation => {
      const { socket, guard } = await echo(simulation, faults.stall())
      await simulation.clock.sleep(60_000)
      expect(socket.connecting).toBe(true)
      guard()
      const answer = await answerOf(socket, 'hello')
      return [answer, simulation.clock.nowMs < 60_020]
    })
    expect(value).toEqual(['hello', true])
  })

  it('[T3] that resets: both ends hear of it', async () => {
    const { value } = await simulate({}, async simulation => {
      const { socket, server } = await echo(simulation, ({ packet }) =>
        packet?.payload?.includes('bad') ? 'reset' : undefined,
      )
      expect(await answerOf(socket, 'good')).toBe('good')
      socket.write('bad')
      const code = await errorOf(socket)
      await simulation.clock.sleep(10)
      return [code, server.openHandles]
    })
    expect(value).toEqual(['ECONNRESET', 1])
  })

  it('[T3] slowClose delays the end alone', async () => {
    const { value } = await simulate({}, async simulation => {
      const { socket } = await echo(simulation, faults.slowClose({ ms: 150 }))
      expect(await answerOf(socket, 'hello')).toBe('hello')
      const before = simulation.clock.nowMs
      socket.end()
      socket.resume()
      await once(socket, 'close')
      return simulation.clock.nowMs - before
    })
    expect(value).toBe(2 * 151)
  })

  it('[T3] bandwidth is shared by all connections of a link, each way for itself', async () => {
    const { value } = await simulate(
      { link: [faults.bandwidth({ bytesPerSecond: 100_000 })] },
      async ({ host, clock }) => {
        host('server', () => {
          createServer(socket => void socket.resume()).listen(80)
        })
        const client = host('client')
        await clock.sleep(1)
        const sent = Array.from({ length: 4 }, () => {
          const socket = client.run(() => connect(80, 'server'))
          socket.end(Buffer.alloc(50_000))
          return once(socket, 'close')
        })
        await Promise.all(sent)
        return clock.nowMs
      },
    )
    expect(Math.abs(value - 2000)).toBeLessThan(30)
  })

  it('[T3] bandwidth lets the others pass while a packet with a long way is under way', async () => {
    const { value } = await simulate({}, async ({ host, network, clock }) => {
      const server = host('server', () => void createServer(socket => socket.resume()).listen(80))
      const client = host('client')
      await clock.sleep(1)
      // The first connection has a way of its own, which takes a minute.
      const detour = faults.only(({ connection }) => connection === 1, faults.latency({ ms: 60_000 }))
      network.linkOneWay(client, server, [detour, faults.bandwidth({ bytesPerSecond: 10_000 })])
      const [far, near] = client.run(() => [connect(80, 'server'), connect(80, 'server')])
      await once(near!, 'connect')
      const beganMs = clock.nowMs
      near!.end(Buffer.alloc(10_000))
      await once(near!, 'close')
      const nearMs = clock.nowMs - beganMs
      await once(far!, 'connect')
      return { nearMs, farMs: clock.nowMs }
    })
    // Ten thousand bytes and their headers.
    expect(value.nearMs).toBeGreaterThan(1000)
    expect(value.nearMs).toBeLessThan(1100)
    expect(value.farMs).toBeGreaterThan(60_000)
  })

  it('[T3] with an answer that has no meaning for a packet is refused, and the simulation names it', async () => {
    const wrong: Record<string, unknown> = {
      end: 'end',
      fail: { fail: 'EIO' },
      bytes: { bytes: 5 },
      'then end': { then: 'end' },
      null: null,
      'not a number': { delayMs: Number.NaN },
    }
    for (const [name, answer] of Object.entries(wrong)) {
      const error = (await simulate({}, async simulation => {
        const { socket } = await echo(simulation, function mine({ packet }) {
          return packet?.flag === 'syn' ? (answer as never) : undefined
        })
        await once(socket, 'connect')
      }).catch(reason => reason)) as SimulationError
      expect([name, (error.cause as NodeJS.ErrnoException)?.code]).toEqual([name, 'ERR_X_BAD_ACTION'])
      expect(error.message).toContain('The rule mine answered')
    }
  })

  it('[T3] that is none is refused at once', async () => {
    const wrong: unknown[] = [{ latencyMs: 5 }, faults.latency({ ms: 5 }), [{ latencyMs: 5 }], undefined]
    for (const rules of wrong) {
      await simulate({}, ({ host, network }) => {
        const [a, b] = [host('a'), host('b')]
        expect(() => network.link(a, b, rules as never)).toThrow(TypeError)
      })
    }
  })
})

describe('rules that change while packets are held', () => {
  it('[T4] let all go that they can, also where a rule throws for one of them', async () => {
    const { value, virtualMs } = await simulate({}, async simulation => {
      const { socket, guard } = await echo(simulation, faults.stall())
      const { host, network, clock } = simulation
      const other = host('other')
      const next: Socket = other.run(() => connect(80, 'server'))
      await clock.sleep(1)
      let isFaulty = true
      const faulty = network.add(({ packet }) => {
        if (isFaulty && packet?.from === 'client') throw new Error('of the rule')
        return undefined
      })
      expect(guard).toThrow('of the rule')
      expect(await answerOf(next, 'free')).toBe('free')
      isFaulty = false
      faulty()
      return await answerOf(socket, 'too')
    })
    expect(value).toBe('too')
    // Before anything is sent again.
    expect(virtualMs).toBeLessThan(1000)
  })
})
