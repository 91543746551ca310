// What is the portable transport's own: its statuses for errors of node:net, names that it never resolves, modes of
// socket files. What all transports have in common is in the conformance suite.
import dns from 'node:dns'
import { Server } from 'node:net'
import { Worker } from 'node:worker_threads'
import { describe, expect, it, vi } from 'vitest'
import {
  type Address,
  errno,
  errnoName,
  type Status,
  type StreamHandle,
  UV_EACCES,
  UV_ECANCELED,
  UV_EINVAL,
  UV_ENOTSUP,
} from '../../src/transport'
import { portable } from '../../src/transport/portable'
import { joined, totalLength } from '../../src/transport/portable/joined-chunks'
import { statusOf } from '../../src/transport/portable/status'

const never = () => expect.fail('called back')
const failure = (fields: object) => Object.assign(new Error('failed'), fields)

async function connectedPair() {
  const listener = portable.listener('tcp')
  listener.bind({ family: 'IPv4', address: '127.0.0.1', port: 0 })
  const accepted = new Promise<StreamHandle>(resolve => {
    listener.listen(5, (_status, stream) => resolve(stream!), never)
  })
  const client = portable.stream('tcp')
  await new Promise(resolve => client.connect(listener.sockname() as Address, resolve))
  return { client, server: await accepted, listener }
}

describe('the status of an error of node:net', () => {
  it('is its number, the number of its name where it has none, and ECANCELED for what Node destroyed', () => {
    const statuses: Status[] = [
      statusOf(failure({ errno: -104, code: 'ECONNRESET' })),
      statusOf(failure({ code: 'ECONNREFUSED' })),
      statusOf(failure({ code: 'ERR_STREAM_DESTROYED' })),
      statusOf(failure({})),
    ]
    expect(statuses).toEqual([-104, errno('ECONNREFUSED'), UV_ECANCELED, UV_EINVAL])
  })
})

describe('the portable transport', () => {
  it('asks no resolver: a name in the place of an address is EINVAL', () => {
    const name = { family: 'IPv4', address: 'localhost', port: 1 } as const
    const stream = portable.stream('tcp')
    expect(stream.connect(name, never)).toBe(UV_EINVAL)
    expect(stream.bind(name)).toBe(UV_EINVAL)
    expect(portable.listener('tcp').bind(name)).toBe(UV_EINVAL)
  })

  it('listens at an address within the call, whatever a program has put in the place of dns.lookup', () => {
    const lookup = vi.spyOn(dns, 'lookup').mockImplementation(() => expect.fail('asked'))
    const listener = portable.listener('tcp')
    expect(listener.bind({ family: 'IPv4', address: '127.0.0.1', port: 0 })).toBe(0)
    expect(listener.listen(5, never, never)).toBe(1)
    expect(listener.sockname()).toMatchObject({ address: '127.0.0.1', port: expect.any(Number) })
    expect(dns.lookup).toBe(lookup)
    lookup.mockRestore()
    listener.close()
  })

  it('is refused where node:net throws, as under the permission model, and hears no more of it', async () => {
    const denied = failure({ code: 'ERR_ACCESS_DENIED' })
    const listen = vi.spyOn(Server.prototype, 'listen').mockImplementation(() => {
      throw denied
    })
    const listener = portable.listener('tcp')
    listener.bind({ family: 'IPv4', address: '127.0.0.1', port: 0 })
    expect(listener.listen(5, never, never)).toBe(UV_EACCES)
    listen.mockRestore()
    await new Promise<void>(resolve => listener.close(resolve))
  })

  it.each([0, 30_000_000])(
    'closes by a reset while its end is on its way out, with %i bytes before it',
    async size => {
      const listener = portable.listener('tcp')
      listener.bind({ family: 'IPv4', address: '127.0.0.1', port: 0 })
      const accepted = new Promise<StreamHandle>(resolve => {
        listener.listen(5, (_status, stream) => resolve(stream!), never)
      })
      const client = portable.stream('tcp')
      await new Promise(resolve => client.connect(listener.sockname() as Address, resolve))
      const server = await accepted
      const told: string[] = []
      if (size > 0) client.write([Buffer.alloc(size)], status => told.push(`write ${errnoName(status)}`))
      client.shutdown(status => told.push(`shutdown ${errnoName(status)}`))
      await new Promise<void>(resolve => client.reset(resolve))
      expect(told).toEqual([...(size > 0 ? ['write ECANCELED'] : []), 'shutdown ECANCELED'])
      // The peer hears that it is over.
      await new Promise<void>(resolve => {
        server.readStart({ onData() {}, onEnd: resolve, onError: () => resolve() })
      })
      await new Promise<void>(resolve => server.close(resolve))
      listener.close()
    },
  )

  it.runIf(process.platform !== 'win32')(
    'hears by a write of nothing that the peer has gone, which then fails the next write',
    async () => {
      const { client, server, listener } = await connectedPair()
      const heard: string[] = []
      server.readStart({
        onData: chunk => heard.push(String(chunk)),
        onEnd: () => heard.push('end'),
        onError: status => heard.push(String(errnoName(status))),
      })
      expect([client.hasPeerLeft(), client.hasPeerLeft()]).toEqual([false, false])
      await new Promise<void>(resolve => server.reset(resolve))
      expect(client.hasPeerLeft()).toBe(true)
      expect(client.write([Buffer.from('late')], never)).toBe(errno('ECONNRESET'))
      expect([heard, client.bytesWritten]).toEqual([[], 0])
      await new Promise<void>(resolve => client.close(resolve))
      listener.close()
    },
  )

  it('refuses what node:net gives no word on: no SO_REUSEADDR, a mode in a worker thread', async () => {
    const at = { family: 'IPv4', address: '127.0.0.1', port: 0 } as const
    expect(portable.listener('tcp').bind(at, { reuseAddress: false })).toBe(UV_ENOTSUP)
    const program = `
      const { portable } = require(${JSON.stringify(require.resolve('@x/core/transport'))})
      const listener = portable.listener('pipe')
      const status = listener.bind({ path: '/tmp/never-bound' }, { mode: 0o600 })
      require('node:worker_threads').parentPort.postMessage(status)
    `
    const worker = new Worker(program, { eval: true })
    const status = await new Promise((resolve, reject) => {
      worker.once('message', resolve)
      worker.once('error', reject)
    })
    await worker.terminate()
    expect(status).toBe(UV_ENOTSUP)
  })
})

describe('joined chunks', () => {
  it('are the bytes of all, in order, whatever the sizes', () => {
    const chunks = [1, 0, 24, 25, 300, 7].map((size, index) => new Uint8Array(size).fill(index + 1))
    const size = totalLength(chunks)
    expect(size).toBe(357)
    expect(Buffer.from(joined(chunks, size)).equals(Buffer.concat(chunks))).toBe(true)
  })
})
