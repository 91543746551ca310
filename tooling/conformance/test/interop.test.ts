// toNodeSocket where a connection has no descriptor: the bytes go through a bridge, made of a socketpair(2) or, where the
// native engine is not, of a path.
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import net from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type AddressInfo, connect, createServer, type Socket } from '@x/core'
import { toNodeSocket } from '@x/core/interop'
import { loadNative, selectTransport } from '@x/core/transport'
import { memoryNetwork } from '@x/testkit'
import { afterEach, describe, expect, it, vi } from 'vitest'

const { transport: native, reason } = loadNative()
const ways = [
  { way: 'a socketpair', skip: native === null, note: reason },
  { way: 'a path', skip: false, note: null },
]
const megabytes = 64

/** An accepted socket and its client on a network in memory, both half-open. */
async function connectedPair(): Promise<{ accepted: Socket; client: Socket }> {
  const transport = memoryNetwork()
  const server = createServer({ transport, allowHalfOpen: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const client = connect({ port, host: '127.0.0.1', transport, allowHalfOpen: true })
  const [accepted] = (await once(server, 'connection')) as [Socket]
  server.close()
  return { accepted, client }
}

async function textOf(stream: Readable | Socket): Promise<string> {
  let text = ''
  stream.on('data', chunk => {
    text += chunk
  })
  await once(stream, 'end')
  return text
}

describe.each(ways)('toNodeSocket of a connection in memory, through $way', ({ way, skip, note }) => {
  afterEach(() => vi.restoreAllMocks())
  /** Takes the engine's socketpair away. */
  const takeWay = () => {
    const { descriptors } = selectTransport().transport
    if (way === 'a path' && descriptors) vi.spyOn(descriptors, 'socketPair').mockReturnValue(-1)
  }

  it.skipIf(skip)(
    `[N6] gives a socket of node:net with all bytes, ends and addresses${note ? ` (${note})` : ''}`,
    async () => {
      takeWay()
      const { accepted, client } = await connectedPair()
      client.write('first ')
      await once(accepted, 'readable')
      accepted.write('hello ')
      const { remotePort, localPort } = accepted
      const closed = once(accepted, 'close')
      const node = toNodeSocket(accepted)
      expect(node).toBeInstanceOf(net.Socket)
      expect([node.remoteAddress, node.remotePort, node.localPort]).toEqual([
        '127.0.0.1',
        remotePort,
        localPort,
      ])
      await closed
      client.end('second')
      expect(await textOf(node)).toBe('first second')
      const over = once(node, 'close')
      node.end('bye')
      expect(await textOf(client)).toBe('hello bye')
      await over
    },
  )

  it.skipIf(skip)('[N6] carries 64 MB both ways', async () => {
    takeWay()
    const { accepted, client } = await connectedPair()
    const node = toNodeSocket(accepted)
    node.pipe(node)
    const chunk = randomBytes(1 << 20)
    const [sent, received] = [createHash('sha256'), createHash('sha256')]
    async function* chunks() {
      for (let i = 0; i < megabytes; i++) {
        chunk.writeUInt32LE(i)
        const copy = Buffer.from(chunk)
        sent.update(copy)
        yield copy
      }
    }
    client.on('data', data => received.update(data))
    await Promise.all([pipeline(Readable.from(chunks()), client), once(client, 'end')])
    expect(client.bytesRead).toBe(megabytes << 20)
    expect(received.digest('hex')).toBe(sent.digest('hex'))
  })

  it.skipIf(skip)('[N6] holds the sender back while nobody reads', async () => {
    takeWay()
    const { accepted, client } = await connectedPair()
    const node = toNodeSocket(accepted.pause())
    const chunk = Buffer.alloc(1 << 16)
    let written = 0
    const fill = () => {
      while (client.write(chunk)) written += chunk.length
      written += chunk.length
    }
    // Until nothing moves for some turns of the loop.
    for (let idle = 0; idle < 20; idle++) {
      if (!client.writableNeedDrain) {
        fill()
        idle = 0
      }
      await new Promise(setImmediate)
    }
    expect(written).toBeLessThan(8 << 20)
    let received = 0
    node.on('data', data => {
      received += data.length
    })
    client.end()
    node.resume()
    await once(node, 'end')
    expect(received).toBe(written)
    node.destroy()
  })

  it.skipIf(skip)('[N6] passes on resets, both ways, and the end of a socket that is destroyed', async () => {
    takeWay()
    const one = await connectedPair()
    const reset = toNodeSocket(one.accepted)
    one.client.on('error', () => {}).write('x')
    await once(reset, 'data')
    one.client.resetAndDestroy()
    expect(await once(reset, 'error')).toMatchObject([{ code: 'ECONNRESET', syscall: 'read' }])

    const two = await connectedPair()
    const resetting = toNodeSocket(two.accepted)
    two.client.resume()
    resetting.resetAndDestroy()
    expect(await once(two.client, 'error')).toMatchObject([{ code: 'ECONNRESET' }])

    const three = await connectedPair()
    const destroyed = toNodeSocket(three.accepted)
    destroyed.end('last words', () => destroyed.destroy())
    expect(await textOf(three.client)).toBe('last words')
    three.client.destroy()
  })
})
