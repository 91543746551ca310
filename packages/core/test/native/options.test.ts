// Options of a native connection as the system sees them, who is at the other end, and which descriptors it takes over.
import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  errno,
  isTcpAddress,
  type StreamHandle,
  type TcpAddress,
  UV_EBADF,
  UV_EINVAL,
  UV_ENOTCONN,
  UV_ENOTSUP,
} from '../../src/transport'
import {
  absent,
  after,
  closed,
  ended,
  listening,
  native,
  opened,
  pair,
  reading,
  temporaryFolder,
  written,
} from './bed'

/** What ss(8) tells of the socket with these ports. */
function timers(stream: StreamHandle): string {
  const [own, peer] = [stream.sockname() as TcpAddress, stream.peername() as TcpAddress]
  const filter = ['sport', '=', `:${own.port}`, 'and', 'dport', '=', `:${peer.port}`]
  return execFileSync('ss', ['-Htino', ...filter], { encoding: 'utf8' })
}

function has(command: string): boolean {
  try {
    execFileSync(command, ['-V'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

describe.skipIf(absent !== null)('native transport, options', () => {
  it.skipIf(!has('ss'))('[K6] turns keep-alive on with its delay, and off again', async () => {
    const [client] = await pair()
    expect(timers(client)).not.toContain('keepalive')
    const on = { name: 'keepAlive', enable: true, delaySeconds: 300, intervalSeconds: 7, count: 3 } as const
    expect(client.setOption(on)).toBe(0)
    const [, minutes, seconds] = /timer:\(keepalive,(?:(\d+)min)?(?:(\d+)sec)?/.exec(timers(client))!
    expect(Number(minutes ?? 0) * 60 + Number(seconds ?? 0)).toBeGreaterThan(200)
    expect(client.setOption({ ...on, enable: false })).toBe(0)
    expect(timers(client)).not.toContain('keepalive')
  })

  it('[K6] refuses keep-alive values that the system refuses', async () => {
    const [client] = await pair()
    const wrong = {
      name: 'keepAlive',
      enable: true,
      delaySeconds: 1e6,
      intervalSeconds: 0,
      count: 0,
    } as const
    expect(client.setOption(wrong)).toBe(UV_EINVAL)
  })

  for (const family of ['IPv4', 'IPv6'] as const) {
    it(`[K6] sets and gets the type of service of an ${family} connection`, async () => {
      const address = family === 'IPv4' ? '127.0.0.1' : '::1'
      const [client] = await pair({ family, address, port: 0 })
      expect(client.getOption('typeOfService')).toBe(0)
      expect(client.setOption({ name: 'typeOfService', value: 0x88 })).toBe(0)
      expect(client.getOption('typeOfService')).toBe(0x88)
      expect(client.setOption({ name: 'typeOfService', value: 256 })).toBe(UV_EINVAL)
      expect(client.setOption({ name: 'typeOfService', value: -1 })).toBe(UV_EINVAL)
    })
  }

  it('answers for options that a local connection does not have', async () => {
    const [client] = await pair({ path: path.join(temporaryFolder(), 's') })
    expect(client.setOption({ name: 'noDelay', enable: true })).toBe(UV_ENOTSUP)
    expect(client.setOption({ name: 'typeOfService', value: 8 })).toBe(UV_ENOTSUP)
  })

  it('[I4] tells the process and the user at the other end of a local connection', async () => {
    const [client, server] = await pair({ path: path.join(temporaryFolder(), 's') })
    const own = { pid: process.pid, uid: process.getuid!(), gid: process.getgid!() }
    expect(client.peerCredentials!()).toMatchObject(own)
    expect(server.peerCredentials!()).toMatchObject(own)
    const [tcp] = await pair()
    expect(tcp.peerCredentials!()).toBe(UV_ENOTSUP)
  })

  it('[K4] resets a connection while writes are queued: they are cancelled, and the peer is cut off', async () => {
    const [client, server] = await pair()
    const size = 64 * 1024 * 1024
    // Reading ends with the reset or, where the last bytes come with it, with libuv's word for it: the end.
    const over = new Promise<void>(resolve => {
      server.readStart({ onData() {}, onEnd: resolve, onError: () => resolve() })
    })
    const write = written(client, Buffer.alloc(size))
    expect(client.writeQueueSize).toBeGreaterThan(0)
    await new Promise<void>(resolve => client.reset(resolve))
    expect(await write).toBe(errno('ECANCELED'))
    await over
    expect(server.bytesRead).toBeLessThan(size)
    // A first write after a mere end would be taken.
    expect(server.write([Buffer.from('x')], () => {})).toBeLessThan(0)
  })
})

describe.skipIf(absent !== null)('native transport, descriptors', () => {
  it('adopts the ends of a pipe, one to read and one to write', async () => {
    const fifo = path.join(mkdtempSync(path.join(temporaryFolder(), 'f')), 'fifo')
    execFileSync('mkfifo', [fifo])
    const readEnd = openSync(fifo, 'r+')
    const writeEnd = openSync(fifo, 'w')
    const from = opened(native.adopt(openSync(fifo, 'r'), 'stream'))
    after(() => closed(from))
    closeSync(readEnd)
    const to = opened(native.adopt(writeEnd, 'stream'))
    expect(to.kind).toBe('pipe')
    const whole = reading(from).whole
    await written(to, Buffer.from('through a pipe'))
    await ended(to)
    await closed(to)
    expect((await whole).toString()).toBe('through a pipe')
  })

  it('adopts neither files, nor closed descriptors, nor the wrong sort, and leaves them open', async () => {
    const file = openSync('/dev/null', 'r')
    const { listener } = listening()
    const [client] = await pair()
    expect(native.adopt(file, 'stream')).toBe(errno('ENOTSOCK'))
    expect(native.adopt(file, 'listener')).toBe(errno('ENOTSOCK'))
    closeSync(file)
    expect(native.adopt(file, 'stream')).toBe(UV_EBADF)
    expect(native.adopt(-1, 'listener')).toBe(UV_EBADF)
    expect(native.adopt(listener.fd, 'stream')).toBe(UV_EINVAL)
    expect(native.adopt(client.fd, 'listener')).toBe(UV_EINVAL)
    expect(isTcpAddress(listener.sockname() as TcpAddress)).toBe(true)
  })

  it('does not adopt a descriptor that it polls already', async () => {
    const [client] = await pair()
    client.readStart({ onData() {}, onEnd() {}, onError() {} })
    expect(native.adopt(client.fd, 'stream')).toBe(errno('EEXIST'))
    expect(client.fd).toBeGreaterThan(2)
  })

  it('writes and reads nothing on a stream that was never connected', async () => {
    const stream = native.stream('tcp')
    after(() => closed(stream))
    const never = () => expect.unreachable('a refused operation must not call back')
    expect(stream.write([Buffer.from('x')], never)).toBe(UV_ENOTCONN)
    expect(stream.shutdown(never)).toBe(UV_ENOTCONN)
    expect(stream.readStart({ onData: never, onEnd: never, onError: never })).toBe(UV_ENOTCONN)
    expect([stream.fd, stream.bytesRead, stream.bytesWritten, stream.writeQueueSize]).toEqual([-1, 0, 0, 0])
  })
})
