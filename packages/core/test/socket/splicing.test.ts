// Sockets piped into each other: random programs that look at the bytes, write beside them, stop and go on, against what
// node:net does with the same program: bytes at the far end, counters, events, errors.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import * as nodeNet from 'node:net'
import { Duplex, pipeline } from 'node:stream'
import { describe, expect, it } from 'vitest'
import * as ours from '../../src'

type Net = Pick<typeof nodeNet, 'connect' | 'createServer'>
type Socket = nodeNet.Socket

const nets = { 'node:net': nodeNet, '@x/core': ours as unknown as Net }

function random(seed: number): (below: number) => number {
  let state = seed
  return below => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const turn = () => new Promise(resolve => setImmediate(resolve))

/** left -> [a, piped into b] -> right, as TCP connections of `net`; left and right are node:net's. */
async function chain(net: Net, halfOpen = true) {
  const accepted: Socket[] = []
  const middle = net.createServer({ allowHalfOpen: halfOpen }, socket => accepted.push(socket as Socket))
  const far = nodeNet.createServer({ allowHalfOpen: true })
  middle.listen(0, '127.0.0.1')
  far.listen(0, '127.0.0.1')
  await Promise.all([once(middle, 'listening'), once(far, 'listening')])
  const port = (server: { address(): unknown }) => (server.address() as AddressInfo).port
  const left = nodeNet.connect({ port: port(middle), host: '127.0.0.1', allowHalfOpen: true })
  const b = net.connect({ port: port(far), host: '127.0.0.1', allowHalfOpen: halfOpen }) as Socket
  const [[right]] = await Promise.all([once(far, 'connection'), once(left, 'connect'), once(b, 'connect')])
  while (accepted.length === 0) await turn()
  middle.close()
  far.close()
  return { left, a: accepted[0]!, b, right: right as Socket }
}

type Chain = Awaited<ReturnType<typeof chain>>

/** What a program may do between two writes of the left end; each leaves every byte in its place. */
const acts: ((chain: Chain, note: (text: string) => void) => unknown)[] = [
  () => {},
  () => turn(),
  ({ a }) => void a.pause().resume(),
  async ({ a }) => {
    a.pause()
    await turn()
    a.resume()
  },
  ({ a, b }) => void a.unpipe(b).pipe(b),
  ({ b }) => {
    b.cork()
    process.nextTick(() => b.uncork())
  },
  ({ a, b }, note) => note(`${a.listenerCount('data')} ${b.listenerCount('unpipe')} ${a.readableFlowing}`),
  ({ a, b }) => {
    a.setTimeout(60_000)
    b.setTimeout(60_000)
  },
  async ({ a }) => {
    // A second reader, for as long as it takes to see something.
    const look = () => a.off('data', look)
    a.on('data', look)
  },
  ({ b }) => void b.once('drain', () => {}),
]

/** Writes random chunks at the left while random acts go on in the middle; tells what came out, and how. */
async function play(net: Net, seed: number): Promise<string[]> {
  const below = random(seed)
  const events: string[] = []
  const chained = await chain(net)
  const { left, a, b, right } = chained
  for (const [name, socket] of Object.entries({ a, b })) {
    for (const event of ['end', 'finish', 'close', 'error', 'timeout'])
      socket.on(event, value =>
        events.push(`${name} ${event} ${value instanceof Error ? value.message : value}`),
      )
  }
  if (below(2) === 0) a.pipe(b)
  else pipeline(a, b, error => events.push(`pipeline ${error?.message}`))
  const isSlow = below(3) === 0
  if (isSlow) right.pause()
  const hash = createHash('sha256')
  let received = 0
  right.on('data', chunk => {
    hash.update(chunk)
    received += chunk.length
  })
  if (isSlow) right.pause()
  const usesPipe = events.length === 0
  for (let index = 0; index < 25; index++) {
    const size = below(3) === 0 ? 1 + below(400_000) : 1 + below(300)
    left.write(Buffer.alloc(size, index))
    const act = acts[below(acts.length)]!
    // `unpipe` takes a pipeline apart.
    if (act === acts[4] && !usesPipe) continue
    if (below(2) === 0) await turn()
    await act(chained, text => events.push(text))
  }
  right.resume()
  left.end()
  await once(right, 'end')
  right.end()
  b.resume()
  await once(b, 'close')
  a.end()
  a.resume()
  if (!a.destroyed) await once(a, 'close')
  left.destroy()
  return [...events.sort(), `${received} bytes, ${hash.digest('hex')}`, `${a.bytesRead} ${b.bytesWritten}`]
}

/** A chain whose pipe has begun: two chunks have gone through, of which the second may have passed JavaScript by. */
async function moving(net: Net) {
  const { left, a, b, right } = await chain(net)
  a.pipe(b)
  const got = read(right)
  for (const text of ['1', '2']) {
    left.write(text)
    await got.until(text)
  }
  return { left, a, b, right, got }
}

describe('a.pipe(b) between sockets', () => {
  it.each(Array.from({ length: 24 }, (_, index) => index + 1))(
    'carries every byte, and tells what node:net tells, seed %i',
    async seed => {
      expect(await play(nets['@x/core'], seed)).toEqual(await play(nets['node:net'], seed))
    },
  )

  it.each(Object.entries(nets))('%s: a write beside the pipe is in its place', async (_name, net) => {
    const { left, a, b, right } = await chain(net)
    a.pipe(b)
    const got = read(right)
    for (const text of ['1', '2', '3']) {
      left.write(text)
      await got.until(text)
    }
    b.write('4')
    left.end('5')
    await got.until('5')
    expect(got.text).toBe('12345')
    for (const socket of [left, a, b, right]) socket.destroy()
  })

  it.each(Object.entries(nets))('%s: a socket that is piped into itself echoes', async (_name, net) => {
    const { left, a, b, right } = await chain(net)
    a.pipe(a)
    const got = read(left)
    const sent: string[] = []
    for (const size of [1, 2, 3, 400_000, 300_000, 5]) {
      sent.push('x'.repeat(size - 1), '\n')
      left.write(`${'x'.repeat(size - 1)}\n`)
      await got.atLeast(sent.join('').length)
    }
    left.end()
    await once(left, 'close')
    expect(got.text).toBe(sent.join(''))
    for (const socket of [b, right]) socket.destroy()
  })

  it.each(Object.entries(nets))('%s: a listener sees all from its adding on', async (_name, net) => {
    const { left, a, b, right, got } = await moving(net)
    const seen: string[] = []
    a.prependListener('data', chunk => seen.push(String(chunk)))
    left.write('3')
    await got.until('3')
    a.setEncoding('hex')
    left.write('4')
    await got.until('34')
    expect(seen).toEqual(['3', '34'])
    for (const socket of [left, a, b, right]) socket.destroy()
  })

  it.each(Object.entries(nets))('%s: a method that somebody replaced is called', async (_name, net) => {
    const { left, a, b, right, got } = await moving(net)
    const written: string[] = []
    const { write } = b
    b.write = ((...args: Parameters<typeof write>) => {
      written.push(String(args[0]))
      return write.apply(b, args)
    }) as typeof write
    left.write('3')
    await got.until('3')
    expect(written).toEqual(['3'])
    for (const socket of [left, a, b, right]) socket.destroy()
  })

  it.each(Object.entries(nets))('%s: what Readable and Writable call is called', async (_name, net) => {
    const { left, a, b, right, got } = await moving(net)
    const seen: string[] = []
    const { push } = a
    a.push = (chunk, encoding) => {
      seen.push(String(chunk))
      return push.call(a, chunk, encoding)
    }
    left.write('3')
    await got.until('3')
    a.push = push
    const { write } = Duplex.prototype
    try {
      Duplex.prototype.write = function (this: Duplex, ...args: unknown[]) {
        if (this === b) seen.push('written')
        return Reflect.apply(write, this, args)
      } as typeof write
      left.write('x'.repeat(100_000))
      await got.atLeast(100_003)
    } finally {
      Duplex.prototype.write = write
    }
    expect(seen[0]).toBe('3')
    expect(seen).toContain('written')
    for (const socket of [left, a, b, right]) socket.destroy()
  })

  it.each(Object.entries(nets))('%s: a getter on a socket may do anything', async (_name, net) => {
    const { left, a, b, right } = await moving(net)
    const { write } = b
    const closed = once(a, 'close')
    Object.defineProperty(b, 'write', {
      get() {
        a.destroy()
        return write
      },
    })
    left.write('3')
    await closed
    for (const socket of [left, b, right]) socket.destroy()
  })

  it.each(Object.entries(nets))(
    '%s: a target that ends or is reset ends the pipe as it did',
    async (_name, net) => {
      for (const end of ['destroy', 'resetAndDestroy'] as const) {
        const { left, a, b, right } = await chain(net)
        a.pipe(b)
        const got = read(right)
        left.write('1')
        await got.until('1')
        left.write('2')
        await got.until('2')
        const events: string[] = []
        b.on('error', (error: NodeJS.ErrnoException) => events.push(`${error.code}`))
        const closed = new Promise(resolve => b.once('close', resolve))
        right[end]()
        if (end === 'destroy') {
          // The first is refused by the peer, and the next finds that out.
          for (let index = 0; !b.destroyed && index < 100; index++) {
            left.write('x')
            await turn()
          }
        }
        await closed
        expect(events).toHaveLength(1)
        expect(['EPIPE', 'ECONNRESET']).toContain(events[0])
        expect(a.listenerCount('data')).toBe(0)
        for (const socket of [left, a]) socket.destroy()
      }
    },
  )
})

function read(socket: Socket) {
  let text = ''
  let told = () => {}
  socket.on('data', chunk => {
    text += chunk
    told()
  })
  return {
    get text() {
      return text
    },
    async atLeast(length: number) {
      while (text.length < length) await new Promise<void>(resolve => (told = resolve))
    },
    async until(ending: string) {
      while (!text.endsWith(ending)) await new Promise<void>(resolve => (told = resolve))
    },
  }
}
