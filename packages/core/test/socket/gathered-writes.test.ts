import { describe, expect, it } from 'vitest'
import { encodeWrites, type GatheredWrite } from '../../src/socket/gathered'

function gathered(...chunks: (string | Uint8Array)[]): GatheredWrite[] {
  return chunks.map(chunk => ({ chunk, encoding: typeof chunk === 'string' ? 'utf8' : 'buffer' }))
}

function bytes(writes: readonly GatheredWrite[]): Buffer {
  return Buffer.concat(
    writes.map(({ chunk, encoding }) =>
      typeof chunk === 'string' ? Buffer.from(chunk, encoding as BufferEncoding) : chunk,
    ),
  )
}

const large = Buffer.alloc(300, 'L')

describe('the writes of a turn', () => {
  it('[K4] go out as one buffer where they are small', () => {
    const writes = gathered(
      Buffer.from('+PONG\r\n'),
      Buffer.alloc(0),
      Buffer.alloc(256, 'x'),
      Buffer.from('y'),
    )
    const chunks = encodeWrites(writes)
    expect(chunks).toHaveLength(1)
    expect(chunks[0]).toEqual(bytes(writes))
  })

  it('[K4] leave large buffers where they are', () => {
    const chunks = encodeWrites(gathered(large, Buffer.from('a'), Buffer.from('b'), large, large))
    expect(chunks).toHaveLength(4)
    expect(chunks[0]).toBe(large)
    expect(chunks[1]).toEqual(Buffer.from('ab'))
    expect(chunks[2]).toBe(large)
  })

  it('[K4] keep a lone small buffer as it is', () => {
    const small = Buffer.from('small')
    expect(encodeWrites(gathered(small))[0]).toBe(small)
    expect(encodeWrites(gathered(large, small, large))[1]).toBe(small)
  })

  it('[K4] keep their order where strings and buffers are mixed', () => {
    const writes = [
      ...gathered('ä', 'b', Buffer.from('c'), Buffer.from('d'), 'e', large, ''),
      { chunk: 'ff00', encoding: 'hex' } as const,
      { chunk: 'ÿ', encoding: 'latin1' } as const,
      ...gathered('ÿ'),
    ]
    const chunks = encodeWrites(writes)
    expect(Buffer.concat(chunks)).toEqual(bytes(writes))
    expect(chunks).toHaveLength(3)
  })

  it('[K4] do not bring two halves of a surrogate pair together', () => {
    const writes = gathered('x\ud83d', '', '\ude00y')
    expect(Buffer.concat(encodeWrites(writes))).toEqual(bytes(writes))
  })
})
