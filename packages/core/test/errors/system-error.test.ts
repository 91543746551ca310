// Errors of the system, beside those that node:net emits for the same refusal.
import dns from 'node:dns'
import { once } from 'node:events'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { errno } from '../../src/errors/errno'
import { eventError, lookupError, systemError } from '../../src/errors/system-error'

function look(error: Error): unknown {
  return {
    string: String(error),
    head: error.stack?.split('\n')[0],
    keys: Object.keys(error),
    values: Object.values(error),
  }
}

async function refusal(emitter: net.Socket | net.Server): Promise<Error> {
  return await new Promise(resolve => emitter.once('error', resolve))
}

/** A port that systems give to no outgoing connection (ip(7), ip_local_port_range). */
const somePort = 9321

describe('systemError', () => {
  it('[S9] has the words and fields of a listen that was refused', async () => {
    const taken = net.createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as net.AddressInfo
    const cases: [net.ListenOptions, string, string, number | undefined][] = [
      [{ port, host: '127.0.0.1' }, 'EADDRINUSE', '127.0.0.1', port],
      [{ port: 0, host: '192.0.2.1' }, 'EADDRNOTAVAIL', '192.0.2.1', 0],
      [{ port: somePort, host: '192.0.2.1' }, 'EADDRNOTAVAIL', '192.0.2.1', somePort],
      [{ path: os.tmpdir() }, 'EADDRINUSE', os.tmpdir(), -1],
    ]
    for (const [options, name, address, failedPort] of cases) {
      const node = await refusal(net.createServer().listen(options))
      expect(look(systemError(errno(name), 'listen', { address, port: failedPort }))).toEqual(look(node))
    }
    const node = await refusal(net.createServer().listen({ fd: 9999 }))
    expect(look(systemError(errno('EINVAL'), 'listen', { address: null }))).toEqual(look(node))
    taken.close()
  })

  it('[K8] has the words and fields of a connection that was refused', async () => {
    const nowhere = path.join(os.tmpdir(), 'x-core-no-such.sock')
    const local = { localAddress: '127.0.0.2', localPort: somePort }
    const cases: [net.NetConnectOpts, string, Parameters<typeof systemError>[2]][] = [
      [{ port: 1, host: '127.0.0.1' }, 'ECONNREFUSED', { address: '127.0.0.1', port: 1 }],
      [{ port: 1, host: '::1' }, 'ECONNREFUSED', { address: '::1', port: 1 }],
      [{ path: nowhere }, 'ENOENT', { address: nowhere }],
      [{ port: 1, host: '127.0.0.1', ...local }, 'ECONNREFUSED', { address: '127.0.0.1', port: 1, ...local }],
    ]
    for (const [options, name, details] of cases) {
      const node = await refusal(net.connect(options))
      expect(look(systemError(errno(name), 'connect', details))).toEqual(look(node))
    }
    const at = { localAddress: '192.0.2.1', localPort: somePort }
    const node = await refusal(net.connect({ port: 1, host: '127.0.0.1', ...at }))
    const details = { address: '192.0.2.1', port: somePort }
    expect(look(systemError(errno('EADDRNOTAVAIL'), 'bind', details))).toEqual(look(node))
  })

  it('[K8] has the words and fields of a connection that was reset', async () => {
    const server = net.createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as net.AddressInfo
    const client = net.connect(port, '127.0.0.1', () => client.resetAndDestroy())
    const [peer] = (await once(server, 'connection')) as [net.Socket]
    expect(look(systemError(errno('ECONNRESET'), 'read'))).toEqual(look(await refusal(peer)))
    server.close()
  })

  it('leaves itself out of the stack', () => {
    expect(systemError(-1, 'read').stack?.split('\n')[1]).toContain('system-error.test.ts')
  })

  it('says so where the system has no such number', () => {
    expect(systemError(-12345, 'read').message).toBe('read Unknown system error -12345')
  })
})

describe('eventError', () => {
  it('is the error of systemError, with one frame as in node:net', async () => {
    const refused = { address: '127.0.0.1', port: 1 }
    const node = await refusal(net.connect({ port: 1, host: '127.0.0.1' }))
    const own = eventError(errno('ECONNREFUSED'), 'connect', refused)
    expect(look(own)).toEqual(look(node))
    expect(own.stack?.split('\n')).toHaveLength(node.stack?.split('\n').length ?? 0)
    expect(own.stack).toMatch(/^Error: connect ECONNREFUSED 127\.0\.0\.1:1\n {4}at .*system-error/)
    expect(Object.getOwnPropertyDescriptor(own, 'stack')?.enumerable ?? false).toBe(false)
  })

  it('leaves the number of frames that the program has set', () => {
    const { stackTraceLimit } = Error
    try {
      Error.stackTraceLimit = 3
      eventError(-1, 'read')
      expect(Error.stackTraceLimit).toBe(3)
      Error.stackTraceLimit = 0
      expect(eventError(-1, 'read').stack).toBe('Error: read EPERM')
      Object.defineProperty(Error, 'stackTraceLimit', { value: 2, writable: false, configurable: true })
      expect(look(eventError(-1, 'read'))).toEqual(look(systemError(-1, 'read')))
    } finally {
      Object.defineProperty(Error, 'stackTraceLimit', {
        value: stackTraceLimit,
        writable: true,
        enumerable: true,
        configurable: true,
      })
    }
  })
})

describe('lookupError', () => {
  it('[K8] is the error of dns.lookup for a name that does not exist', async () => {
    const node = await new Promise<Error>(resolve => dns.lookup('no.such.invalid', error => resolve(error!)))
    const status = (node as NodeJS.ErrnoException).errno as number
    expect((node as NodeJS.ErrnoException).code).toMatch(/^(ENOTFOUND|EAI_AGAIN)$/)
    expect(look(lookupError(status, 'no.such.invalid'))).toEqual(look(node))
  })
})
