// The laws of writing (docs/design.md), each on every transport.
import { AsyncLocalStorage } from 'node:async_hooks'
import { once } from 'node:events'
import { connect, Socket } from '@x/core'
import { expect, it } from 'vitest'
import { listening, onEachTransport, own, textOf } from '../spec/subjects'

const host = '127.0.0.1'

onEachTransport('writing', () => {
  /** A connected socket that reads, and what its peer gets until the end. */
  async function pair(options: { allowHalfOpen?: boolean; highWaterMark?: number } = {}) {
    let arrived: Promise<string> = Promise.resolve('')
    const server = await listening({}, socket => {
      arrived = textOf(socket)
      arrived.catch(() => {})
    })
    const near = own(connect({ port: server.port, host, ...options }))
    await Promise.all([once(near, 'ready'), once(server, 'connection')])
    near.resume()
    return { near, arrived: () => arrived }
  }

  const orders: Record<string, (socket: Socket) => void> = {
    'a cork between writes': socket => {
      socket.cork()
      socket.write('1')
      socket.uncork()
      socket.write('2')
      socket.write('3')
    },
    'a cork over two writes': socket => {
      socket.cork()
      socket.write('1')
      socket.write('2')
      socket.uncork()
      socket.write('3')
    },
    'kinds and encodings': socket => {
      socket.write('1')
      socket.write('32', 'hex')
      socket.write(new Uint8Array([0x33]))
    },
    'a large write between small ones': socket => {
      socket.write('1')
      socket.write('2'.repeat(200_000))
      socket.write('3')
    },
    'a look at what is written': socket => {
      socket.write('1')
      expect(socket.writableLength).toBe(0)
      socket.write('2')
      expect(socket.bytesWritten).toBe(2)
      socket.write('3')
    },
    'a flush': socket => {
      socket.write('1')
      socket.flush().write('2')
      socket.write('3')
    },
  }
  for (const [name, write] of Object.entries(orders)) {
    it(`[K4] bytes leave in the order of the calls: ${name}`, async () => {
      const { near, arrived } = await pair()
      write(near)
      near.end()
      expect((await arrived()).replace(/2+/, '2')).toBe('123')
    })
  }

  it('[K4] bytes are those at the moment of the call', async () => {
    const { near, arrived } = await pair()
    const buffer = Buffer.alloc(2)
    for (const digit of '12345') expect(near.write(buffer.fill(digit))).toBe(true)
    near.cork()
    for (const digit of '67') near.write(buffer.fill(digit))
    near.uncork()
    near.end(buffer.fill('8'))
    buffer.fill('x')
    expect(await arrived()).toBe('1122334455667788')
  })

  it('[K4] bytes are those at the moment of the call, before a connection and beyond what the system takes', async () => {
    let arrived: Promise<string> = Promise.resolve('')
    const server = await listening({ pauseOnConnect: true }, socket => {
      arrived = textOf(socket)
      arrived.catch(() => {})
    })
    const near = own(connect({ port: server.port, host, highWaterMark: 4 * 1024 * 1024 }))
    const buffer = Buffer.alloc(1000)
    let expected = ''
    const writeOne = (digit: number) => {
      expect(near.write(buffer.fill(String(digit)))).toBe(true)
      expected += String(digit).repeat(1000)
    }
    writeOne(1)
    writeOne(2)
    await Promise.all([once(near, 'ready'), once(server, 'connection')])
    for (let i = 0; i < 3000; i++) writeOne(i % 10)
    near.end()
    buffer.fill('x')
    expect((await arrived) === expected).toBe(true)
  })

  it('[K4] callbacks come in the order of the calls, never inside one, each once and in its own context', async () => {
    const { near, arrived } = await pair()
    const store = new AsyncLocalStorage<number>()
    const called: unknown[] = []
    let isInside = true
    const write = (index: number, ...args: [string | Uint8Array, BufferEncoding?]) =>
      store.run(index, () =>
        near.write(args[0], args[1] as BufferEncoding, error =>
          called.push([index, store.getStore(), error, isInside]),
        ),
      )
    write(0, '1')
    write(1, 'MzI=', 'base64')
    write(2, Buffer.alloc(100_000, '2'))
    write(3, '3')
    near.cork()
    write(4, '4')
    near.uncork()
    write(5, '')
    for (let i = 6; i < 12; i++) write(i, Buffer.alloc(3000, 'n'))
    isInside = false
    near.end()
    await arrived()
    expect(called).toEqual(Array.from({ length: 12 }, (_, i) => [i, i, null, false]))
  })

  it("[K4] write answers false, and 'drain' comes, as the high-water mark says", async () => {
    const { near } = await pair({ highWaterMark: 1000 })
    // What the system takes at once never waits, however much it is.
    expect(near.write('x'.repeat(999))).toBe(true)
    expect(near.write('x'.repeat(999))).toBe(true)
    expect(near.writableNeedDrain).toBe(false)
    near.cork()
    expect(near.write('x'.repeat(999))).toBe(true)
    expect(near.write('x')).toBe(false)
    expect(near.writableNeedDrain).toBe(true)
    near.uncork()
    await once(near, 'drain')
    expect(near.writableLength).toBe(0)
  })

  const listeners: Record<string, (socket: Socket) => void> = {
    'writes and ends': socket => {
      socket.write('2')
      socket.write('33', 'hex')
      socket.end('4')
    },
    destroys: socket => void socket.destroy(),
    'ends in a cork': socket => {
      socket.cork()
      socket.write('2')
      socket.end('34')
    },
  }
  for (const [name, listener] of Object.entries(listeners)) {
    it(`[K4] what was written before the connection leaves first, whatever a 'connect' listener does: ${name}`, async () => {
      let arrived: Promise<string> = Promise.resolve('')
      const server = await listening({}, socket => {
        arrived = textOf(socket)
        arrived.catch(() => {})
      })
      const near = own(connect(server.port, host, () => listener(near)))
      near.write('0')
      near.write('1')
      await Promise.all([once(near, 'close'), once(server, 'connection')])
      expect(await arrived).toBe(name === 'destroys' ? '01' : '01234')
    })
  }

  it('[K4] what one socket does in a callback costs no other socket its bytes', async () => {
    const pairs = await Promise.all([pair(), pair(), pair()])
    const [one, two, three] = pairs.map(({ near }) => near) as [Socket, Socket, Socket]
    one.write('1', () => {
      one.destroy()
      three.write('b')
    })
    two.write('1', () => two.destroy(new Error('gone')))
    two.on('error', () => {})
    three.write('a', () => three.end('c'))
    expect(await Promise.all(pairs.map(({ arrived }) => arrived()))).toEqual(['1', '1', 'abc'])
  })

  it('[K4] with `coalesce: false` each write leaves within its call', async () => {
    const { near } = await pair()
    const now = own(new Socket({ coalesce: false }))
    expect(() => new Socket({ coalesce: 1 as never })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
    )
    const given: string[] = []
    for (const [name, socket] of Object.entries({ near, now })) {
      if (socket === now) {
        now.connect(near.remotePort as number, host)
        await once(now, 'ready')
      }
      const handle = socket._handle as { readonly bytesWritten: number }
      socket.write('x')
      given.push(`${name} ${handle.bytesWritten}`)
      socket.flush()
      given.push(`${name} ${handle.bytesWritten}`)
    }
    expect(given).toEqual(['near 0', 'near 1', 'now 1', 'now 1'])
  })
})
