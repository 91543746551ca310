import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import tls from 'node:tls'
import { describe, expect, it } from 'vitest'
import { byServerName, serverName } from '../src'

/** The first bytes that Node's TLS client sends. */
async function helloOf(options: tls.ConnectionOptions): Promise<Buffer> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const client = tls.connect({ port, host: '127.0.0.1', ...options }).on('error', () => {})
  const [socket] = (await once(server, 'connection')) as [net.Socket]
  const parts: Buffer[] = []
  socket.on('data', data => parts.push(data as Buffer))
  while (serverName(Buffer.concat(parts)) === undefined) await once(socket, 'data')
  client.destroy()
  socket.destroy()
  server.close()
  return Buffer.concat(parts)
}

/** The same handshake in records of so many bytes. */
function inRecords(hello: Buffer, size: number): Buffer {
  const handshake = hello.subarray(5)
  const records: Buffer[] = []
  for (let at = 0; at < handshake.length; at += size) {
    const piece = handshake.subarray(at, at + size)
    records.push(Buffer.from([22, 3, 1, piece.length >> 8, piece.length & 255]), piece)
  }
  return Buffer.concat(records)
}

describe('serverName', () => {
  it.each(['TLSv1.2', 'TLSv1.3'] as const)('[E5] reads what a client of %s asks for', async maxVersion => {
    expect(serverName(await helloOf({ servername: 'A.example', maxVersion }))).toBe('a.example')
  })

  it('[E5] answers null where a client asks for no name', async () => {
    expect(serverName(await helloOf({}))).toBeNull()
  })

  it('[E5] wants more as long as it cannot tell, wherever the bytes are cut', async () => {
    const hello = await helloOf({ servername: 'a.example' })
    let told = 0
    for (let size = 0; size <= hello.length; size++) {
      const name = serverName(hello.subarray(0, size))
      if (name === undefined) expect(told).toBe(0)
      else expect([name, ++told > 0]).toEqual(['a.example', true])
    }
    expect(told).toBeGreaterThan(0)
  })

  it.each([1, 7, 100])('[E5] reads a hello in records of %d bytes', async size => {
    const hello = await helloOf({ servername: 'a.example' })
    expect(serverName(inRecords(hello, size))).toBe('a.example')
  })

  it.each([
    'GET / HTTP/1.1\r\n',
    'PROXY TCP4 ',
    '\x80\x2e\x01\x03',
    '\x16\x02',
    '\x16\x03\x01\x00\x04\x02\x00\x00\x00',
  ])('[E5] answers null to what is no hello: %j', text =>
    expect(serverName(Buffer.from(text, 'latin1'))).toBeNull(),
  )

  it('[E5] answers something to every damaged hello, and never throws', async () => {
    const hello = await helloOf({ servername: 'a.example' })
    for (let at = 0; at < hello.length; at++) {
      for (const value of [0, 1, 0x7f, 0xff]) {
        const damaged = Buffer.from(hello)
        damaged[at] = value
        for (const size of [at, at + 1, hello.length]) {
          const name = serverName(damaged.subarray(0, size))
          expect(name === undefined || name === null || typeof name === 'string').toBe(true)
        }
      }
    }
  })
})

it('a policy by server name has to have a function that chooses', () => {
  for (const choose of [undefined, null, 'a.example', {}]) {
    expect(() => byServerName(choose as never)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
    )
  }
})
