// relay(a, b): bytes both ways, each end passed on alone, and every way in which it may be cut short, on native and portable.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import * as nodeNet from 'node:net'
import { describe, expect, it } from 'vitest'
import { connect, createServer, type RelayOptions, type RelayReport, relay, type Socket } from '../../src'
import { loadNative, portable } from '../../src/transport'

const transports = [loadNative().transport, portable].filter(transport => transport !== null)

async function listening(server: {
  listen(port: number, host: string): unknown
  address(): unknown
}): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server as unknown as nodeNet.Server, 'listening')
  return (server.address() as AddressInfo).port
}

describe.each(transports)('relay on $name', transport => {
  /** client -> [first relay second] -> backend; the ends are node:net's. */
  async function relayed(options?: RelayOptions, early?: (first: Socket) => Promise<unknown>) {
    const backends = nodeNet.createServer({ allowHalfOpen: true })
    const backendPort = await listening(backends)
    let report: Promise<RelayReport> | undefined
    const sides: Socket[] = []
    const server = createServer({ allowHalfOpen: true, transport }, async first => {
      await early?.(first)
      const second = connect({ port: backendPort, host: '127.0.0.1', allowHalfOpen: true, transport })
      sides.push(first, second)
      report = relay(first, second, options)
    })
    const client = nodeNet.connect({ port: await listening(server), host: '127.0.0.1', allowHalfOpen: true })
    client.on('error', () => {})
    client.write('early ')
    const [backend] = (await once(backends, 'connection')) as [nodeNet.Socket]
    backend.on('error', () => {})
    const close = () => {
      for (const one of [client, backend, ...sides]) one.destroy()
      server.close()
      backends.close()
    }
    return { client, backend, sides, report: report as Promise<RelayReport>, close }
  }

  const whole = async (socket: nodeNet.Socket) => {
    const chunks: Buffer[] = []
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    await once(socket, 'end')
    return Buffer.concat(chunks)
  }

  it('moves megabytes both ways, passes on each end alone, and counts', async () => {
    const { client, backend, report, close } = await relayed()
    const there = randomBytes(3_000_000)
    const back = randomBytes(2_000_000)
    const atBackend = whole(backend)
    const atClient = whole(client)
    client.end(there)
    expect((await atBackend).equals(Buffer.concat([Buffer.from('early '), there]))).toBe(true)
    backend.end(back)
    expect((await atClient).equals(back)).toBe(true)
    const { reason, bytes, ms } = await report
    expect([reason, bytes]).toEqual(['ended', { toSecond: there.length + 6, toFirst: back.length }])
    expect(ms).toBeGreaterThan(0)
    close()
  })

  it('sends first what was read before', async () => {
    const { client, backend, close } = await relayed({}, async first => {
      await once(first, 'readable')
      first.unshift(first.read())
    })
    client.end('late')
    expect(String(await whole(backend))).toBe('early late')
    close()
  })

  it('resets the other side where one is reset', async () => {
    const { client, backend, report, close } = await relayed()
    await once(backend, 'data')
    const failed = once(backend, 'error')
    client.resetAndDestroy()
    const { reason, error } = await report
    expect([reason, (error as NodeJS.ErrnoException).code]).toEqual(['failed', 'ECONNRESET'])
    await failed.catch(error => error)
    close()
  })

  it('resets both when nothing comes for idleMs', async () => {
    const { client, report, close } = await relayed({ idleMs: 50 })
    const gone = new Promise(resolve => client.once('error', resolve))
    expect((await report).reason).toBe('idle')
    expect(await gone).toMatchObject({ code: 'ECONNRESET' })
    close()
  })

  it('is aborted by its signal, before it begins and while it runs', async () => {
    const abort = new AbortController()
    const { sides, report, close } = await relayed({ signal: abort.signal })
    abort.abort(new Error('enough'))
    const { reason, error } = await report
    expect(reason).toBe('aborted')
    expect(error).toMatchObject({ name: 'AbortError', cause: { message: 'enough' } })
    expect(sides.map(side => side.destroyed)).toEqual([true, true])
    close()
    const [one, other] = [connect({ path: '/nowhere', transport }), connect({ path: '/nowhere', transport })]
    expect((await relay(one, other, { signal: AbortSignal.abort() })).reason).toBe('aborted')
  })

  it('is idle when both sides are, and neither has moved a byte since it was found so', async () => {
    const { client, backend, sides, report, close } = await relayed({ idleMs: 60_000 })
    await once(backend, 'data')
    const [first, second] = sides as [Socket, Socket]
    first.emit('timeout')
    first.emit('timeout')
    expect([first.destroyed, second.destroyed]).toEqual([false, false])
    client.write('more')
    await once(backend, 'data')
    second.emit('timeout')
    expect([first.destroyed, second.destroyed]).toEqual([false, false])
    first.emit('timeout')
    expect((await report).reason).toBe('idle')
    close()
  })

  it('tells the error of a side that had failed before', async () => {
    const failed = connect({ path: '/nowhere', transport })
    const other = connect({ path: '/nowhere', transport })
    for (const side of [failed, other]) side.on('error', () => {})
    await new Promise(resolve => failed.once('close', resolve))
    const { reason, error } = await relay(failed, other)
    expect([reason, (error as NodeJS.ErrnoException).code]).toEqual(['failed', 'ENOENT'])
  })

  it('says that a side was destroyed before its end', async () => {
    const { sides, report, close } = await relayed()
    sides[1]!.destroy()
    expect((await report).reason).toBe('closed')
    expect(sides[0]!.destroyed).toBe(true)
    close()
  })

  it('fails where a side cannot connect', async () => {
    const free = nodeNet.createServer()
    const port = await listening(free)
    await new Promise(resolve => free.close(resolve))
    const server = createServer({ transport })
    const client = nodeNet.connect(await listening(server), '127.0.0.1')
    client.on('error', () => {})
    const [first] = (await once(server, 'connection')) as [Socket]
    const { reason, error } = await relay(first, connect({ port, host: '127.0.0.1', transport }))
    expect([reason, (error as NodeJS.ErrnoException).code]).toEqual(['failed', 'ECONNREFUSED'])
    client.destroy()
    server.close()
  })

  it('refuses what is no socket, one socket twice, and wrong options', () => {
    const one = connect({ path: '/nowhere', transport })
    one.on('error', () => {})
    const other = connect({ path: '/nowhere', transport })
    other.on('error', () => {})
    const code = (action: () => unknown) => {
      try {
        action()
      } catch (error) {
        return (error as NodeJS.ErrnoException).code
      }
      return undefined
    }
    expect(code(() => relay(one, {} as Socket))).toBe('ERR_INVALID_ARG_TYPE')
    expect(code(() => relay(null as unknown as Socket, one))).toBe('ERR_INVALID_ARG_TYPE')
    expect(code(() => relay(one, one))).toBe('ERR_INVALID_ARG_VALUE')
    expect(code(() => relay(one, other, { idleMs: -1 }))).toBe('ERR_OUT_OF_RANGE')
    expect(code(() => relay(one, other, { signal: {} as AbortSignal }))).toBe('ERR_INVALID_ARG_TYPE')
    expect(one.listenerCount('close') + other.listenerCount('close')).toBe(0)
    one.destroy()
    other.destroy()
  })
})
