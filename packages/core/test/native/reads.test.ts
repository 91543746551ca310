// What the native transport reads: memory that stays the receiver's, of a fitting size, or the receiver's own.
import { createHash, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { errno, type Status } from '../../src/transport'
import { absent, ended, pair, reading, written } from './bed'

describe.skipIf(absent !== null)('native transport, reading', () => {
  it('never writes again to chunks that it handed over, however many are kept', async () => {
    const [client, server] = await pair()
    const data = randomBytes(48 * 1024 * 1024)
    const kept: Buffer[] = []
    const digests: string[] = []
    const digest = (chunk: Buffer) => createHash('sha1').update(chunk).digest('hex')
    const whole = reading(server, {
      onData(chunk) {
        kept.push(chunk)
        digests.push(digest(chunk))
      },
    }).whole
    await written(client, data)
    await ended(client)
    await whole
    expect(kept.map(digest)).toEqual(digests)
    expect(Buffer.concat(kept).equals(data)).toBe(true)
    expect(server.bytesRead).toBe(data.length)
    expect(client.bytesWritten).toBe(data.length)
  })

  it('does not hold on to large memory for a small read', async () => {
    const [client, server] = await pair()
    const chunks: Buffer[] = []
    let heard = () => {}
    const whole = reading(server, {
      onData(chunk) {
        chunks.push(chunk)
        heard()
      },
    }).whole
    let total = 0
    // Bulk first, so that the small reads after it come while memory for bulk is out.
    for (const size of [4 * 1024 * 1024, 1, 100, 3000, 20_000, 1]) {
      total += size
      const all = new Promise<void>(resolve => {
        heard = () => {
          if (server.bytesRead === total) resolve()
        }
      })
      await written(client, Buffer.alloc(size))
      if (server.bytesRead < total) await all
    }
    await ended(client)
    await whole
    for (const chunk of chunks) {
      const pinned = chunk.buffer.byteLength
      if (chunk.length <= 2048) expect(pinned).toBeLessThanOrEqual(Buffer.poolSize)
      else if (chunk.length < 32 * 1024) expect(pinned).toBe(chunk.length)
      else expect(pinned / chunk.length).toBeLessThanOrEqual(2)
    }
  })

  it('goes on where a program transfers the memory of some chunks away, and leaves the others whole', async () => {
    const [client, server] = await pair()
    const kept: { chunk: Buffer; size: number }[] = []
    let count = 0
    let heardFirst = () => {}
    const first = new Promise<void>(resolve => {
      heardFirst = resolve
    })
    const { whole } = reading(server, {
      onData(chunk) {
        heardFirst()
        const isShared = chunk.length <= 2048
        if (isShared || count++ % 2 === 0) kept.push({ chunk, size: chunk.length })
        if (!isShared && count % 2 === 1) return
        try {
          // Of memory that many share it is refused, or ignored (Node 20), as with Node's own pool.
          structuredClone(chunk, { transfer: [chunk.buffer as ArrayBuffer] })
        } catch (error) {
          expect((error as Error).name).toBe('DataCloneError')
        }
      },
    })
    await written(client, Buffer.alloc(10))
    await first
    await written(client, Buffer.alloc(1024 * 1024))
    await ended(client)
    await whole
    expect(server.bytesRead).toBe(1024 * 1024 + 10)
    expect(kept.length).toBeGreaterThan(5)
    for (const { chunk, size } of kept) expect(chunk.length).toBe(size)
  })

  it("reads into the receiver's buffer, a view of which it hands over", async () => {
    const [client, server] = await pair()
    const own = new Uint8Array(new ArrayBuffer(2000), 500, 1000)
    const data = randomBytes(5000)
    const parts: Buffer[] = []
    const whole = reading(server, {
      into: () => own,
      onData(chunk) {
        expect(chunk.buffer).toBe(own.buffer)
        expect(chunk.byteOffset).toBe(500)
        parts.push(Buffer.from(chunk))
      },
    }).whole
    await written(client, data)
    await ended(client)
    await whole
    expect(Buffer.concat(parts).equals(data)).toBe(true)
  })

  it('fails the read where the memory of the buffer was transferred away, and touches nothing', async () => {
    const [client, server] = await pair()
    const own = new Uint8Array(1000)
    const failed = new Promise<Status>(resolve =>
      server.readStart({ into: () => own, onData() {}, onEnd() {}, onError: resolve }),
    )
    structuredClone(own, { transfer: [own.buffer] })
    await written(client, Buffer.from('x'))
    expect(await failed).toBe(errno('ENOBUFS'))
  })
})
