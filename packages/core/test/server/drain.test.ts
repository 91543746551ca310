import { once } from 'node:events'
import http from 'node:http'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createServer, type DrainProgress, type Socket } from '../../src'
import { connections } from '../../src/promises'
import { canPause, pair, readAll, serve, temporaryPath, transports } from '../bed'

/** Connected clients whose end is nobody's error, and their accepted sockets. */
async function crowd(listening: Awaited<ReturnType<typeof serve>>, count: number, options: object = {}) {
  const near: Socket[] = []
  for (let i = 0; i < count; i++) {
    const client = listening.dial(options)
    client.on('error', () => {})
    near.push(client)
    await Promise.all([listening.accepted(), once(client, 'connect')])
  }
  return { near, far: listening.server.sockets() }
}

describe.each(transports)('the drain of a server on the $name transport', transport => {
  it('[E1] is over at once where there is nothing to wait for', async () => {
    const server = createServer({ transport })
    expect(await server.drain()).toMatchObject({ finished: 0, idle: 0, forced: 0 })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const closed = once(server, 'close')
    expect(await server.drain()).toMatchObject({ finished: 0, idle: 0, forced: 0 })
    await closed
    expect(server.listening).toBe(false)
  })

  it('[E1] lets a connection finish', async () => {
    const { server, near, far } = await pair({ transport })
    const drained = server.drain({ idleMs: Number.POSITIVE_INFINITY })
    await once(server, 'draining')
    expect(server.draining).toBe(true)
    far.on('data', data => far.end(data))
    near.write('the last words')
    expect(String(await readAll(near))).toBe('the last words')
    expect(await drained).toMatchObject({ finished: 1, idle: 0, forced: 0 })
    expect(server.draining).toBe(false)
  })

  it('[E1] ends what is idle, and tells how far it is', async () => {
    const listening = await serve({ transport })
    const { near } = await crowd(listening, 3)
    for (const client of near) client.resume()
    const told: DrainProgress[] = []
    listening.server.on('draining', progress => told.push(progress))
    const report = await listening.server.drain({ idleMs: 0 })
    expect(report).toMatchObject({ finished: 0, idle: 3, forced: 0 })
    expect(report.durationMs).toBeGreaterThanOrEqual(0)
    expect(told[0]).toMatchObject({ finished: 0, forced: 0 })
    for (const { open, idle } of told) expect(open + idle).toBe(3)
  })

  it('[E1] resets the rest at the deadline', async () => {
    const listening = await serve({ transport })
    const { near } = await crowd(listening, 2)
    const resets = near.map(client => new Promise(resolve => client.resume().once('close', resolve)))
    const report = await listening.server.drain({ deadlineMs: 20, idleMs: Number.POSITIVE_INFINITY })
    expect(report).toMatchObject({ finished: 0, idle: 0, forced: 2 })
    expect(await Promise.all(resets)).toEqual([true, true])
    expect(listening.server.sockets()).toEqual([])
  })

  it('[E1] resets idle connections whose peer does not answer their end', async () => {
    const listening = await serve({ transport })
    const { near } = await crowd(listening, 2, { allowHalfOpen: true })
    const ends = near.map(client => once(client.resume(), 'end'))
    const drained = listening.server.drain({ deadlineMs: 200, idleMs: 0 })
    await Promise.all(ends)
    expect(await drained).toMatchObject({ finished: 0, idle: 0, forced: 2 })
  })

  it('[E1] takes no paused connection, and none with bytes under way, for an idle one', async () => {
    const listening = await serve({ transport })
    const { near, far } = await crowd(listening, 2)
    far[0]!.pause()
    // More than the system takes for a client that does not read.
    far[1]!.write(Buffer.alloc(32 * 1024 * 1024))
    near[1]!.pause()
    const drained = listening.server.drain({ idleMs: 0, deadlineMs: 200 })
    near[0]!.write('unheard')
    expect(await drained).toMatchObject({ finished: 0, idle: 0, forced: 2 })
  })

  it('[E1] is joined by a second caller, whose deadline counts where it is earlier', async () => {
    const { server, near } = await pair({ transport })
    near.on('error', () => {})
    const first = server.drain({ deadlineMs: Number.POSITIVE_INFINITY, idleMs: Number.POSITIVE_INFINITY })
    const second = server.drain({ deadlineMs: 0 })
    expect(await second).toEqual(await first)
    expect(await first).toMatchObject({ forced: 1 })
  })

  it('[E1] is given up by an abort, and connections go on', async () => {
    const { server, near, far } = await pair({ transport })
    const given = new AbortController()
    const aborted = server.drain({ signal: given.signal, deadlineMs: 1000 })
    const other = new AbortController()
    const second = server.drain({ signal: other.signal })
    given.abort()
    await expect(aborted).rejects.toMatchObject({ code: 'ABORT_ERR' })
    expect(server.draining).toBe(true)
    other.abort(new Error('enough'))
    await expect(second).rejects.toMatchObject({ code: 'ABORT_ERR', cause: { message: 'enough' } })
    expect(server.draining).toBe(false)
    expect(server.listening).toBe(false)
    far.on('data', data => far.end(data))
    near.write('still here')
    expect(String(await readAll(near))).toBe('still here')
    await expect(server.drain({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORT_ERR' })
  })

  it('[E1] accepts what waits in the backlog before the listener closes', async () => {
    const { server, dial } = await serve({ transport, listener: socket => socket.end('served') })
    const clients = Array.from({ length: 40 }, () => dial())
    const first = once(clients[0]!, 'connect')
    await first
    const drained = server.drain()
    const answers = await Promise.all(clients.map(readAll))
    expect(answers.map(String)).toEqual(clients.map(() => 'served'))
    expect(await drained).toMatchObject({ finished: 40, idle: 0, forced: 0 })
  })

  const pauseIt = it.runIf(canPause(transport))
  pauseIt('[E1] accepts what waits in the backlog, whatever holds the listener back', async () => {
    for (const hold of ['caller', 'maxConnections', 'iteration']) {
      const listening = await serve({ transport, admission: { excess: 'wait' } })
      const { server } = listening
      if (hold === 'caller') server.pauseAccept()
      if (hold === 'maxConnections') server.maxConnections = 1
      const iterator = hold === 'iteration' ? connections(server, { limit: 1 }) : null
      server.on('drop', () => expect.unreachable())
      server.on('connection', socket => socket.end('served'))
      const clients = Array.from({ length: 5 }, () => listening.dial())
      const answers = clients.map(readAll)
      await Promise.all(clients.map(client => once(client, 'connect')))
      const drained = server.drain()
      expect((await Promise.all(answers)).map(String)).toEqual(clients.map(() => 'served'))
      expect(await drained).toMatchObject({ finished: 5, idle: 0, forced: 0 })
      await iterator?.return?.()
    }
  })

  it('[E1] goes on when the server is closed meanwhile, or was closed before', async () => {
    const { server, near, far } = await pair({ transport })
    const drained = server.drain({ idleMs: Number.POSITIVE_INFINITY })
    const closed = new Promise(resolve => server.close(resolve))
    const second = server.drain()
    far.end()
    near.resume()
    expect(await drained).toMatchObject({ finished: 1 })
    expect(await second).toEqual(await drained)
    expect(await closed).toBeUndefined()
    expect(await server.drain()).toMatchObject({ finished: 0, forced: 0 })
  })

  it('[E1] refuses to listen meanwhile, and the server may listen again afterwards', async () => {
    const { server, near } = await pair({ transport })
    const drained = server.drain({ idleMs: Number.POSITIVE_INFINITY })
    server.close()
    expect(() => server.listen(0)).toThrow(expect.objectContaining({ code: 'ERR_X_SERVER_DRAINING' }))
    near.end()
    near.resume()
    await drained
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  })

  it('[E1] serves local connections, too', async () => {
    const { server, near } = await pair({ transport }, { path: temporaryPath() })
    near.on('error', () => {})
    const report = await server.drain({ deadlineMs: 0, idleMs: Number.POSITIVE_INFINITY })
    expect(report).toMatchObject({ forced: 1 })
  })

  it('[E1] waits for HTTP responses, and ends connections that wait for a request', async () => {
    let answer = (): void => {}
    const web = http.createServer((request, response) => {
      if (request.url === '/late') answer = () => response.end('late')
      else response.end('soon')
    })
    onTestFinished(() => void web.close())
    const { server, port } = await serve({ transport, listener: socket => web.emit('connection', socket) })
    const agent = new http.Agent({ keepAlive: true })
    onTestFinished(() => agent.destroy())
    const ask = (path: string) =>
      new Promise<string>((resolve, reject) => {
        const request = http.get({ port, host: '127.0.0.1', path, agent }, response => {
          response.setEncoding('utf8').once('data', resolve)
        })
        request.on('error', reject)
      })
    const [late] = [ask('/late'), once(web, 'request')]
    expect(await ask('/soon')).toBe('soon')
    const seen: number[] = []
    server.on('draining', ({ idle, open }) => {
      seen.push(idle)
      // The connection that waits is gone; now the other may go.
      if (idle === 1 && open === 1) answer()
    })
    const report = await server.drain({ idleMs: 20 })
    expect(await late).toBe('late')
    expect(seen).toContain(1)
    expect(report.forced).toBe(0)
    expect(report.idle + report.finished).toBe(2)
  })

  it('[E1] counts each connection once, whatever it does', async () => {
    const listening = await serve({
      transport,
      listener(socket) {
        socket.on('error', () => {})
        socket.on('data', data => {
          const [what] = data
          if (what === 0) socket.destroy()
          else if (what === 1) socket.end('bye')
          else if (what === 2) socket.pause()
          else if (what === 3) socket.resetAndDestroy()
          else socket.write(data)
        })
      },
    })
    const { near } = await crowd(listening, 60)
    const drained = listening.server.drain({
      idleMs: Number.POSITIVE_INFINITY,
      deadlineMs: Number.POSITIVE_INFINITY,
    })
    let seed = 7
    for (const client of near) {
      client.resume()
      seed = (seed * 1103515245 + 12345) % 2 ** 31
      if (seed % 7 === 6) client.destroy()
      else client.write(Buffer.from([seed % 7]))
      if (seed % 3 === 0) client.end()
    }
    // Some have ended; the rest does not get the time.
    await once(listening.server, 'draining')
    while (listening.server.sockets().length === near.length) await once(listening.server, 'draining')
    await listening.server.drain({ deadlineMs: 0 })
    const { finished, idle, forced } = await drained
    expect(finished + idle + forced).toBe(60)
    expect(finished).toBeGreaterThan(0)
    expect(listening.server.connections).toBe(0)
  })
})

describe('the options of a drain', () => {
  const wrong: [object, string][] = [
    [{ deadlineMs: -1 }, 'ERR_OUT_OF_RANGE'],
    [{ deadlineMs: Number.NaN }, 'ERR_OUT_OF_RANGE'],
    [{ idleMs: '5' }, 'ERR_INVALID_ARG_TYPE'],
    [{ signal: {} }, 'ERR_INVALID_ARG_TYPE'],
    [[], 'ERR_INVALID_ARG_TYPE'],
  ]
  it.each(wrong)('[E1] %o are refused with %s', (options, code) => {
    expect(() => createServer().drain(options)).toThrow(expect.objectContaining({ code }))
  })
})
