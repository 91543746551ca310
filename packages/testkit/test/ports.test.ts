// Leased ports: held against everybody, taken by servers here and elsewhere, and given back however the holder ends.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, statSync } from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { createServer } from '@x/core'
import { portable, selectTransport } from '@x/core/transport'
import { describe, expect, it } from 'vitest'
import { getPort, leasePort, leasePorts, memoryNetwork, offerLease, receiveLease, tempEndpoint } from '../src'
import { closed, dial, portOf, textOf } from './classes'

const { transport } = selectTransport()
const canHandOff = transport.descriptors !== null
const host = '127.0.0.1'

/** A process that runs a script on the built package; what it says first. */
async function child(
  script: string,
  more: (number | 'ignore')[] = [],
): Promise<{ process: ChildProcess; said: string }> {
  const started = spawn(process.execPath, ['-e', script], {
    cwd: path.join(__dirname, '..'),
    stdio: ['pipe', 'pipe', 'inherit', ...more],
  })
  let said = ''
  for await (const chunk of started.stdout!) {
    said += chunk
    if (said.endsWith('\n')) break
  }
  return { process: started, said: said.trim() }
}

async function stop(started: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  started.kill(signal)
  await once(started, 'exit')
}

/** The code with which binding a port by node:net fails, or null. */
function bindError(port: number): Promise<string | null> {
  const server = net.createServer()
  return new Promise(resolve => {
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'))
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(null)))
  })
}

describe('leased ports', () => {
  it('[T1] are held: nobody else binds them, and connecting is refused', async () => {
    const lease = await leasePort()
    expect(await bindError(lease.port)).toBe('EADDRINUSE')
    await expect(leasePort({ port: lease.port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    if (transport.supports('sync-listen')) {
      await expect(dial({ port: lease.port, host })).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    }
    lease.release()
    lease.release()
    expect(await bindError(lease.port)).toBe(null)
  })

  it('[T1] are taken by server.listen(lease), on each transport', async () => {
    for (const own of [transport, portable, memoryNetwork()]) {
      const lease = await leasePort({ transport: own })
      const server = createServer({ transport: own }, socket => socket.end('served'))
      server.listen(lease)
      await once(server, 'listening')
      expect(portOf(server)).toBe(lease.port)
      expect(await textOf(await dial({ port: lease.port, host }, own))).toBe('served')
      lease.release()
      expect(await textOf(await dial({ port: lease.port, host }, own))).toBe('served')
      await closed(server)
      if (own !== transport) continue
      expect(await bindError(lease.port)).toBe(null)
    }
  })

  it('[T1] a port whose last connections wait for their end is leased as it would be listened on', async () => {
    // The side that ends first waits in TIME_WAIT.
    const before = net.createServer(socket => socket.end('bye')).listen(0, host)
    await once(before, 'listening')
    const { port } = before.address() as net.AddressInfo
    await textOf(await dial({ port, host }))
    before.close()
    await once(before, 'close')
    const lease = await leasePort({ port })
    await expect(leasePort({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    expect(await bindError(port)).toBe('EADDRINUSE')
    const server = createServer(socket => socket.end('served')).listen(lease)
    await once(server, 'listening')
    for (let round = 0; round < 20; round++) expect(await textOf(await dial({ port, host }))).toBe('served')
    await closed(server)
    lease.release()
  })

  it('[T1] come in blocks of neighbours', async () => {
    const leases = await leasePorts(20, { contiguous: true })
    const first = leases[0]!.port
    expect(leases.map(lease => lease.port)).toEqual(Array.from({ length: 20 }, (_, index) => first + index))
    leases.release()
    expect(await bindError(first)).toBe(null)
  })

  it('[T1] do not collide across processes', async () => {
    const script = `const { leasePorts } = require('@x/testkit')
      Promise.all([leasePorts(20), leasePorts(10, { contiguous: true }), leasePorts(10, { contiguous: true })])
        .then(leases => console.log(JSON.stringify(leases.flat().map(lease => lease.port))))
      process.stdin.on('end', () => process.exit()).resume()`
    const children = await Promise.all([1, 2, 3].map(() => child(script)))
    const ports = children.flatMap(({ said }) => JSON.parse(said) as number[])
    expect(ports.length).toBe(120)
    expect(new Set(ports).size).toBe(120)
    await Promise.all(children.map(({ process: started }) => stop(started)))
  })

  it('[T1] are given back by the system when their holder is killed', async () => {
    const script = `require('@x/testkit').leasePort().then(lease => console.log(lease.port))
      process.stdin.resume()`
    const { process: started, said } = await child(script)
    expect(await bindError(Number(said))).toBe('EADDRINUSE')
    await stop(started, 'SIGKILL')
    expect(await bindError(Number(said))).toBe(null)
  })

  it.skipIf(!canHandOff)('[T1] go to a child as a descriptor, also one of plain node:net', async () => {
    const lease = await leasePort()
    const script = `const server = require('node:net').createServer(socket => socket.end('from the child'))
      server.listen({ fd: 3 }, () => console.log(server.address().port))`
    const { process: started, said } = await child(script, [lease.fd()])
    lease.release()
    expect(Number(said)).toBe(lease.port)
    expect(await textOf(await dial({ port: lease.port, host }))).toBe('from the child')
    await stop(started)
  })

  it.skipIf(!canHandOff)('[T1] go to a process that is no child, over a local socket', async () => {
    const lease = await leasePort()
    const endpoint = tempEndpoint()
    const offered = offerLease(lease, endpoint.path)
    const script = `const { receiveLease } = require('@x/testkit')
      const { createServer } = require('@x/core')
      receiveLease(${JSON.stringify(endpoint.path)}).then(lease =>
        createServer(socket => socket.end('from elsewhere')).listen(lease, () => console.log(lease.port)))`
    const { process: started, said } = await child(script)
    await offered
    expect(Number(said)).toBe(lease.port)
    expect(await textOf(await dial({ port: lease.port, host }))).toBe('from elsewhere')
    await stop(started)
    endpoint.release()
  })

  it.skipIf(!canHandOff)(
    '[T1] stay on offer until a process of the same user has asked and confirmed',
    async () => {
      const lease = await leasePort()
      const { port } = lease
      const endpoint = tempEndpoint()
      const { path: at } = endpoint
      const offered = offerLease(lease, at)
      expect(existsSync(at)).toBe(true)
      // Strangers: one says nothing and goes, one says something else, one goes before it has confirmed.
      await (await dial({ path: at })).destroy()
      const rude = await dial({ path: at })
      rude.on('error', () => {}).resume()
      rude.write('GET / HTTP/1.1\r\n\r\n')
      await once(rude, 'close')
      const hasty = await dial({ path: at })
      hasty.on('error', () => {})
      hasty.write('x-testkit lease, please\n')
      await once(hasty, 'data')
      hasty.destroy()
      expect(await bindError(port)).toBe('EADDRINUSE')
      const received = await receiveLease(at)
      await offered
      expect(received.port).toBe(port)
      const server = createServer(socket => socket.end('served')).listen(received)
      await once(server, 'listening')
      expect(await textOf(await dial({ port, host }))).toBe('served')
      await closed(server)
      expect(await bindError(port)).toBe(null)
      endpoint.release()
    },
  )

  it.skipIf(!canHandOff)('[T1] an offer that is aborted leaves the lease as it was', async () => {
    using lease = await leasePort()
    using endpoint = tempEndpoint()
    const abort = new AbortController()
    const offered = offerLease(lease, endpoint.path, abort)
    abort.abort()
    await expect(offered).rejects.toMatchObject({ name: 'AbortError' })
    expect(await bindError(lease.port)).toBe('EADDRINUSE')
    await expect(receiveLease(endpoint.path)).rejects.toMatchObject({
      code: expect.stringMatching(/ENOENT|ECONNREFUSED/),
    })
  })

  it('[T1] getPort gives a number that was free, and that no outgoing connection gets', async () => {
    const port = await getPort()
    expect(await bindError(port)).toBe(null)
    expect(port).toBeGreaterThanOrEqual(10_000)
    expect(port).toBeLessThan(32_768)
  })

  it('[T1] getPort looks at the port that it is told', async () => {
    const port = await getPort()
    expect(await getPort({ port })).toBe(port)
    using lease = await leasePort({ port })
    await expect(getPort({ port: lease.port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })
})

describe('temporary endpoints', () => {
  it('[T1] are private, apart from each other, and gone afterwards', async () => {
    const [one, other] = [tempEndpoint(), tempEndpoint()]
    expect(one.path).not.toBe(other.path)
    expect(statSync(path.dirname(one.path)).mode & 0o777).toBe(0o700)
    const server = createServer(socket => socket.end('hello')).listen(one.path)
    await once(server, 'listening')
    expect(await textOf(await dial({ path: one.path }))).toBe('hello')
    await closed(server)
    one.release()
    other.release()
    expect([one, other].map(({ path: at }) => existsSync(path.dirname(at)))).toEqual([false, false])
  })

  it('[T1] are cleared at exit, and by the next process after a kill', async () => {
    const script = (last: string) => `console.log(require('@x/testkit').tempEndpoint().path)
      ${last}`
    const { said } = await child(script('setImmediate(() => process.exit())'))
    const { said: left, process: started } = await child(script('process.stdin.resume()'))
    await stop(started, 'SIGKILL')
    expect(existsSync(path.dirname(left))).toBe(true)
    const next = await child(script('process.stdin.on("end", () => process.exit()).resume()'))
    expect(existsSync(path.dirname(left))).toBe(false)
    expect(existsSync(path.dirname(said))).toBe(false)
    next.process.stdin?.end()
    await once(next.process, 'exit')
  })
})
