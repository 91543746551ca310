import { AsyncLocalStorage } from 'node:async_hooks'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { Duplex } from 'node:stream'
import { describe, expect, it, vi } from 'vitest'
import type { Socket } from '../../src'
import { adoptStream, detach, streamOf } from '../../src/socket/adopt'
import { pair, readAll, serve, transports, uncaughtErrors } from '../bed'

const built = path.resolve(import.meta.dirname, '../../dist/index.js')

/** How often the socket gave bytes to its transport from here on. */
function countWrites(socket: Socket): { readonly count: number } {
  const spied = vi.spyOn(streamOf(socket)!, 'write')
  return {
    get count() {
      return spied.mock.calls.length
    },
  }
}

describe.each(transports)('writing on the $name transport', transport => {
  it('[K4] sends the writes of one turn as one, in order, and calls each back in order', async () => {
    const { near, far } = await pair({ transport })
    const sent = countWrites(near)
    const order: number[] = []
    for (let i = 0; i < 20; i++) near.write(i % 2 ? `${i};` : Buffer.from(`${i};`), () => order.push(i))
    expect(order).toEqual([])
    near.end()
    expect(String(await readAll(far))).toBe(Array.from({ length: 20 }, (_, i) => `${i};`).join(''))
    expect(sent.count).toBe(1)
    expect(order).toEqual(Array.from({ length: 20 }, (_, i) => i))
  })

  it.each([
    ['a string', 'last', undefined],
    ['a string of an encoding', 'bGFzdA==', 'base64'],
    ['bytes', Buffer.from('last'), undefined],
  ] as const)(
    '[K4] what end() is given goes out with what was written before: %s',
    async (_name, chunk, encoding) => {
      const { near, far } = await pair({ transport })
      const sent = countWrites(near)
      const order: string[] = []
      near.write('first, ', () => order.push('written'))
      near.on('finish', () => order.push('finish'))
      if (encoding) near.end(chunk, encoding, () => order.push('ended'))
      else near.end(chunk, () => order.push('ended'))
      expect(near.writableEnded).toBe(true)
      expect(String(await readAll(far))).toBe('first, last')
      expect(near.bytesWritten).toBe(11)
      expect(order).toEqual(['written', 'ended', 'finish'])
      expect(sent.count).toBe(1)
    },
  )

  it('[K4] throws for an encoding that there is none of, also with bytes, and keeps what was written', async () => {
    const { near, far } = await pair({ transport })
    near.write('kept')
    const wrong = 'nonsense' as BufferEncoding
    expect(() => near.write(Buffer.from('x'), wrong)).toThrow(
      expect.objectContaining({ code: 'ERR_UNKNOWN_ENCODING' }),
    )
    expect(() => near.end('x', wrong)).toThrow(expect.objectContaining({ code: 'ERR_UNKNOWN_ENCODING' }))
    near.end()
    expect(String(await readAll(far))).toBe('kept')
  })

  it('[K4] does not wait longer than the turn, with or without callbacks', async () => {
    const { near } = await pair({ transport })
    const sent = countWrites(near)
    near.write('a')
    near.write('b')
    await new Promise<void>(resolve => process.nextTick(resolve))
    expect(sent.count).toBe(1)
  })

  it('[K4] keeps the encodings of strings apart', async () => {
    const { near, far } = await pair({ transport })
    near.write('é', 'latin1')
    near.write('é')
    near.write('00ff', 'hex')
    near.setDefaultEncoding('latin1')
    near.write('é')
    near.end()
    expect(await readAll(far)).toEqual(Buffer.from([0xe9, 0xc3, 0xa9, 0x00, 0xff, 0xe9]))
  })

  it('[K4] answers false above the high-water mark, and says drain', async () => {
    const { near, far } = await pair({ transport })
    far.pause()
    const chunk = Buffer.alloc(256 * 1024)
    let written = 0
    while (near.write(chunk)) written++
    far.resume()
    await once(near, 'drain')
    near.end()
    await once(far, 'end')
    expect(far.bytesRead).toBe((written + 1) * chunk.length)
  })

  it('[K4] many small writes of a turn answer true as long as the system takes them', async () => {
    const { near, far } = await pair({ transport })
    far.resume()
    for (let i = 0; i < 50; i++) expect(near.write(Buffer.alloc(near.writableHighWaterMark / 4))).toBe(true)
  })

  it('[K4] a method that a program put before write or end sees each call once', async () => {
    const { near, far } = await pair({ transport })
    const { write, end } = near
    const called: string[] = []
    near.write = (chunk: string, ...rest: never[]) => write.call(near, `<${chunk}>`, ...rest)
    near.end = (...args: unknown[]) => {
      called.push('end')
      return Reflect.apply(end, near, args) as Socket
    }
    near.write('a', () => called.push('a'))
    near.write('b', 'utf8', () => called.push('b'))
    near.end('c', () => called.push('ended'))
    expect(String(await readAll(far))).toBe('<a><b>c')
    expect(called).toEqual(['end', 'a', 'b', 'ended'])
  })

  it('[K4] a method that a program put in the place of the inherited write sees each call', async () => {
    const { near, far } = await pair({ transport })
    const inherited = vi.spyOn(Duplex.prototype, 'write')
    near.write('a')
    near.write('b')
    expect(inherited.mock.contexts).toEqual([near, near])
    inherited.mockRestore()
    near.end()
    expect(String(await readAll(far))).toBe('ab')
  })

  it('[K4] keeps what is corked until the last uncork', async () => {
    const { near, far } = await pair({ transport })
    const sent = countWrites(near)
    near.cork()
    near.write('a')
    near.write('b')
    await new Promise(resolve => setImmediate(resolve))
    expect(sent.count).toBe(0)
    expect(near.writableCorked).toBe(1)
    near.uncork()
    near.write('c')
    near.end()
    expect(String(await readAll(far))).toBe('abc')
  })

  it('[K4] sends what was corked as one, and counts it while it waits', async () => {
    const { near, far } = await pair({ transport })
    const sent = countWrites(near)
    near.on('data', () => {
      near.cork()
      near.write('a')
      near.write(Buffer.from('b'))
      expect([near.writableLength, near.writableCorked, sent.count]).toEqual([2, 1, 0])
      near.write('c')
      near.uncork()
      near.cork()
      near.write('d')
      near.uncork()
      near.end()
    })
    far.write('go')
    expect(String(await readAll(far))).toBe('abcd')
    // What is held leaves as the second cork begins, and what that one had with the end.
    expect(sent.count).toBe(2)
  })

  it('[K4] calls back what was corked over turns in order, in its context, after uncork()', async () => {
    const { near, far } = await pair({ transport })
    const store = new AsyncLocalStorage<number>()
    const called: unknown[] = []
    const write = (index: number) =>
      store.run(index, () => near.write(String(index), () => called.push([index, store.getStore()])))
    near.cork()
    write(0)
    await new Promise(resolve => setImmediate(resolve))
    write(1)
    near.uncork()
    write(2)
    expect(called).toEqual([])
    near.end()
    expect(String(await readAll(far))).toBe('012')
    expect(called).toEqual([0, 1, 2].map(index => [index, index]))
  })

  it('[K4] does not send what is corked when it is destroyed, and tells its callbacks so', async () => {
    const { near, far } = await pair({ transport })
    near.write('sent')
    near.cork()
    const told = new Promise<unknown>(resolve => near.write('corked', resolve))
    near.destroy()
    expect(String(await readAll(far))).toBe('sent')
    expect(await told).toMatchObject({ code: 'ERR_STREAM_DESTROYED' })
    expect(near.bytesWritten).toBe(4)
  })

  it('[K4] sends before destroy what was written before it', async () => {
    const { near, far } = await pair({ transport })
    const told = new Promise(resolve => near.write('last words', resolve))
    near.destroy()
    expect(String(await readAll(far))).toBe('last words')
    expect(await told).not.toBeInstanceOf(Error)
  })

  it('[K4] sends what was written before the connection, and says why where there is none', async () => {
    const { dial, accepted } = await serve({ transport })
    const client = dial()
    client.write('early ')
    client.end('bird')
    expect(String(await readAll(await accepted()))).toBe('early bird')
    const other = dial()
    const error = await new Promise(resolve => {
      other.write('x', resolve)
      other.destroy()
    })
    expect(error).toMatchObject({ code: 'ERR_SOCKET_CLOSED_BEFORE_CONNECTION' })
  })

  it('[K4] resets the connection, which the peer hears as ECONNRESET', async () => {
    const { near, far } = await pair({ transport })
    const failed = once(far.resume(), 'close')
    near.resetAndDestroy()
    await expect(failed).rejects.toMatchObject({ code: 'ECONNRESET', syscall: 'read' })
  })

  it('[K4] destroySoon sends all, then destroys', async () => {
    const { near, far } = await pair({ transport })
    near.write(Buffer.alloc(1_000_000, 'x'))
    near.destroySoon()
    expect(await readAll(far)).toHaveLength(1_000_000)
  })

  it('[K4] a callback that throws costs no other socket its writes', async () => {
    const first = await pair({ transport })
    const second = await pair({ transport })
    const boom = new Error('boom')
    const heard = uncaughtErrors()
    first.near.write('a', () => {
      throw boom
    })
    second.near.write('b')
    const [data] = await once(second.far, 'data')
    expect(String(data)).toBe('b')
    expect(heard).toEqual([boom])
  })

  it('[K4] loses nothing that was written before process.exit', async () => {
    const { server, port } = await serve({ transport })
    const program = `
      const { connect } = require(${JSON.stringify(built)})
      const socket = connect(${port}, '127.0.0.1', () => { socket.write('all '); socket.write('of it'); process.exit() })`
    const child = spawn(process.execPath, ['-e', program], {
      env: { ...process.env, X_NET_TRANSPORT: transport.name },
      stdio: 'inherit',
    })
    const [[socket]] = await Promise.all([
      once(server, 'connection') as Promise<[Socket]>,
      once(child, 'exit'),
    ])
    expect(String(await readAll(socket))).toBe('all of it')
  })

  it('[N4] callbacks and events are heard in the context of their own call', async () => {
    const storage = new AsyncLocalStorage<string>()
    const { dial, accepted } = await serve({ transport })
    const heard: Record<string, string | undefined> = {}
    const client = storage.run('client', () => dial())
    client.on('connect', () => {
      heard['connect'] = storage.getStore()
    })
    client.on('data', () => {
      heard['data'] = storage.getStore()
    })
    const [socket] = await Promise.all([accepted(), once(client, 'connect')])
    const written = ['one', 'two'].map(
      name =>
        new Promise<void>(resolve =>
          storage.run(name, () =>
            client.write(name, () => {
              heard[name] = storage.getStore()
              resolve()
            }),
          ),
        ),
    )
    storage.run('server', () => socket.write('x'))
    await Promise.all([...written, once(client, 'data')])
    expect(heard).toEqual({ connect: 'client', data: 'client', one: 'one', two: 'two' })
  })

  it('[K4] a connection taken from its socket goes on with another, with the bytes not yet read', async () => {
    const { near, far } = await pair({ transport, pauseOnConnect: true })
    near.write('before ')
    await once(far, 'readable')
    const taken = detach(far)!
    expect(Buffer.concat(taken.unread).toString()).toBe('before ')
    const again = adoptStream(taken.handle, { unread: taken.unread })
    near.end('after')
    expect(String(await readAll(again))).toBe('before after')
    again.destroy()
    await once(again, 'close')
  })
})
