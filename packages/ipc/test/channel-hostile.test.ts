// Peers that break the channel's protocol: each ends its own channel with a clear error, and nothing else.
import { once } from 'node:events'
import { serialize } from 'node:v8'
import { afterEach, describe, expect, it } from 'vitest'
import { createChannel } from '../src/index'
import { endOf, victim } from './victim'
import { frame, memoryPair, preamble, socketPair } from './wires'

const MESSAGE = 1
const REQUEST = 2
const REPLY = 3
const FAILURE = 4
const CANCEL = 5
const ACK = 6
const REFUSAL = 7
const NONE = 0
const JSON_TEXT = 1
const BYTES = 2
const CLONE = 3
const TEXT = 4
const PACKED = 5
const NAMED = 0x40
const EXTENDED = 0x80

const open: { destroy(): void }[] = []
afterEach(() => {
  for (const each of open.splice(0)) each.destroy()
})

/** The head of an extended payload, and what follows it. */
function extended(meta: unknown, rest: Buffer | string = ''): Buffer {
  const text = Buffer.from(typeof meta === 'string' ? meta : JSON.stringify(meta))
  const head = Buffer.alloc(4)
  head.writeUInt32LE(text.length)
  return Buffer.concat([head, text, Buffer.from(rest as string)])
}

/** Packed values: the strings that were lifted out of them, and the rest. */
function packed(strings: string, json: string, bytes = strings.length): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt32LE(bytes)
  return Buffer.concat([head, Buffer.from(strings + json)])
}

const plain = { value: 0, buffers: [], handles: [], ack: 0 }

describe('a malformed peer', () => {
  it.each<[string, Buffer, RegExp]>([
    ['speaks another protocol', Buffer.from('GET / HTTP/1.1\r\n\r\n'), /first bytes/],
    ['sends JSON lines', Buffer.from('{"hello":"world"}\n'), /first bytes/],
    ['sends a frame of no kind', Buffer.concat([preamble(), frame(0, 0, '')]), /no frame has the kind 0/],
    ['sends a frame of an unknown kind', Buffer.concat([preamble(), frame(99, 0, '')]), /kind 99/],
    ['sends an unknown encoding', Buffer.concat([preamble(), frame(MESSAGE, 9, '')]), /kind 1, 9/],
    ['sends what is no JSON', Buffer.concat([preamble(), frame(MESSAGE, JSON_TEXT, '{')]), /not JSON/],
    ['sends JSON of no length', Buffer.concat([preamble(), frame(MESSAGE, JSON_TEXT, '')]), /not JSON/],
    [
      'gives nothing a length',
      Buffer.concat([preamble(), frame(MESSAGE, NONE, 'x')]),
      /nothing has a length/,
    ],
    [
      'sends a structured clone that was not agreed on',
      Buffer.concat([preamble(), frame(MESSAGE, CLONE, serialize(1))]),
      /not agreed on/,
    ],
    [
      'calls by a name that is no UTF-8',
      Buffer.concat([preamble(), frame(REQUEST, NAMED | NONE, Buffer.from([2, 0xc3, 0x28]), 1)]),
      /name of a procedure/,
    ],
    [
      'calls by no name',
      Buffer.concat([preamble(), frame(REQUEST, NAMED | NONE, Buffer.from([0]), 1)]),
      /name of a procedure/,
    ],
    ['gives an acknowledgement a payload', Buffer.concat([preamble(), frame(ACK, NONE, 'x')]), /kind 6/],
    ['gives a cancellation a payload', Buffer.concat([preamble(), frame(CANCEL, BYTES, 'x')]), /kind 5/],
    ['acknowledges what was not sent', Buffer.concat([preamble(), frame(ACK, NONE, '', 7)]), /acknowledged/],
    ['refuses what was not sent', Buffer.concat([preamble(), frame(REFUSAL, TEXT, 'no', 7)]), /acknowledged/],
    ['replies to what was not asked', Buffer.concat([preamble(), frame(REPLY, NONE, '', 7)]), /request 7/],
    [
      'fails what was not asked',
      Buffer.concat([preamble(), frame(FAILURE, JSON_TEXT, '{"name":"a","message":"b","code":null}', 7)]),
      /request 7/,
    ],
    [
      'announces handles without a description',
      Buffer.concat([preamble(), frame(MESSAGE, NONE, '', 0, 3)]),
      /handles/,
    ],
    [
      'sends an extended payload without its head',
      Buffer.concat([preamble(), frame(MESSAGE, EXTENDED, 'ab')]),
      /head/,
    ],
    [
      'sends a head that is longer than its frame',
      Buffer.concat([preamble(), frame(MESSAGE, EXTENDED, Buffer.from([255, 255, 255, 255, 1]))]),
      /shorter than its head/,
    ],
    [
      'sends a head that is no JSON',
      Buffer.concat([preamble(), frame(MESSAGE, EXTENDED, extended('nope'))]),
      /not JSON/,
    ],
    ...[
      null,
      1,
      {},
      { ...plain, value: -1 },
      { ...plain, value: 0.5 },
      { ...plain, buffers: 'none' },
      { ...plain, buffers: ['1'] },
      { ...plain, handles: [{}] },
      { ...plain, handles: [null] },
      { ...plain, ack: null },
    ].map<[string, Buffer, RegExp]>(meta => [
      `sends the head ${JSON.stringify(meta)}`,
      Buffer.concat([preamble(), frame(MESSAGE, EXTENDED, extended(meta))]),
      /the head of an extended payload/,
    ]),
    [
      'sends parts that are shorter than the head says',
      Buffer.concat([preamble(), frame(MESSAGE, EXTENDED, extended({ ...plain, buffers: [5] }, 'four'))]),
      /shorter than its parts/,
    ],
    [
      'sends parts that are longer than the head says',
      Buffer.concat([preamble(), frame(MESSAGE, EXTENDED, extended({ ...plain, buffers: [3] }, 'four'))]),
      /longer than its parts/,
    ],
    ...[
      Buffer.from([1, 0, 0]),
      packed('', '', 5),
      packed('', '{}'),
      packed('', '[]'),
      packed('', '[[]]'),
      packed('', '[{},{}]'),
      packed('A', '[{"a":0},[0,"b",1]]'),
      packed('A', '[{"a":0},[1,"a",1]]'),
      packed('A', '[{"a":0},["0","a",1]]'),
      packed('A', '[{"a":0},["__proto__","concat",1]]'),
      packed('A', '[{"a":0},[0,"toString",1]]'),
      packed('A', '[{"__proto__":0},[0,"__proto__",1]]'),
      packed('A', '[{"a":0},[0,7,1]]'),
      packed('A', '[{"a":0},[0,"a"]]'),
      packed('A', '[{"a":0},[0,"a",-1]]'),
      packed('A', '[{"a":0},[0,"a",0.5]]'),
      packed('A', '[{"a":0},[0,"a",2]]'),
      packed('A', '[null,[0,"a",1]]'),
      packed('A', '["text",[0,"length",1]]'),
      packed('AB', '[{"a":0},[0,"a",1]]'),
      packed('A', '[{"a":0},[]]'),
    ].map<[string, Buffer, RegExp]>(bytes => [
      `lifts strings out of nothing: ${bytes.toString('latin1', 4)}, ${bytes.length} bytes`,
      Buffer.concat([preamble(), frame(MESSAGE, PACKED, bytes)]),
      /lifted string/,
    ]),
    [
      'sends packed values that are no JSON',
      Buffer.concat([preamble(), frame(MESSAGE, PACKED, packed('', '[1,2,[]'))]),
      /not JSON/,
    ],
    [
      'sends several values in a request',
      Buffer.concat([preamble(), frame(REQUEST, PACKED, packed('', '[1,2,[]]'), 1)]),
      /several values/,
    ],
    [
      'describes handles that it does not send',
      Buffer.concat([
        preamble(),
        frame(MESSAGE, EXTENDED, extended({ ...plain, handles: [{ kind: 'fd', unread: 0 }] })),
      ]),
      /handles that do not fit/,
    ],
  ])('[I6] that %s ends its channel with ERR_X_CHANNEL_PROTOCOL', async (_what, bytes, message) => {
    const { target, peer } = await victim()
    peer.end(bytes)
    const error = await endOf(target)
    expect(error).toMatchObject({ code: 'ERR_X_CHANNEL_PROTOCOL' })
    expect(error?.message).toMatch(message)
  })

  it.each([
    ['within its first bytes', preamble().subarray(0, 5)],
    ['within a header', Buffer.concat([preamble(), frame(MESSAGE, NONE, '').subarray(0, 11)])],
    ['within a payload', Buffer.concat([preamble(), frame(MESSAGE, BYTES, 'four').subarray(0, 15)])],
    ['between two frames', Buffer.concat([preamble(), frame(MESSAGE, BYTES, 'four')])],
  ])('[I6] that ends %s is lost', async (_where, bytes) => {
    const { target, peer } = await victim()
    peer.end(bytes)
    expect(await endOf(target)).toMatchObject({ code: 'ERR_X_CHANNEL_LOST' })
    expect(target.ending).toBe('lost')
  })

  it('[I6] that sends a broken structured clone ends its channel', async () => {
    const { target, peer } = await victim({ clone: true })
    peer.end(Buffer.concat([preamble(1, 1), frame(MESSAGE, CLONE, 'garbage')]))
    expect((await endOf(target))?.message).toMatch(/not a structured clone/)
  })

  it('[I6] that repeats the id of a request ends its channel', async () => {
    const { target, peer } = await victim()
    target.serve(() => new Promise(() => {}))
    peer.write(Buffer.concat([preamble(), frame(REQUEST, NONE, '', 5), frame(REQUEST, NONE, '', 5)]))
    expect((await endOf(target))?.message).toMatch(/request 5 came twice/)
  })

  it('[I6] that speaks another version is told apart from one that speaks nonsense', async () => {
    const { target, peer } = await victim()
    peer.write(preamble(2))
    expect(await endOf(target)).toMatchObject({ code: 'ERR_X_CHANNEL_VERSION', theirs: 2, ours: 1 })
  })
})

describe('an over-long peer', () => {
  it('[I6] is ended by the header alone, before its bytes are here', async () => {
    const { target, peer } = await victim({ frameLimitBytes: 5000 })
    const header = frame(MESSAGE, BYTES, '').subarray(0, 12)
    header.writeUInt32LE(5001)
    peer.write(Buffer.concat([preamble(), header]))
    expect(await endOf(target)).toMatchObject({ code: 'ERR_X_FRAME_TOO_LONG', bytes: 5001, limit: 5000 })
  })

  it('[I6] may use the limit to the last byte', async () => {
    const { target, peer } = await victim({ frameLimitBytes: 5000 }, false)
    peer.write(Buffer.concat([preamble(), frame(MESSAGE, BYTES, Buffer.alloc(5000, 1))]))
    const { value } = await target[Symbol.asyncIterator]().next()
    expect(value?.value).toHaveLength(5000)
  })

  it("[I6] is not made of us: what is beyond the peer's limit is rejected, and throws nothing", async () => {
    const [a, b] = await socketPair()
    const near = createChannel(a)
    const far = createChannel(b, { frameLimitBytes: 5000 })
    open.push(near, far)
    far.serve(value => value)
    await near.request('the hello is here')
    for (const value of [Buffer.alloc(5001), 'x'.repeat(5001), { text: 'x'.repeat(5001) }]) {
      const tooLong = expect.objectContaining({ code: 'ERR_X_FRAME_TOO_LONG', limit: 5000 })
      await expect(near.send(value)).rejects.toEqual(tooLong)
      await expect(near.request(value)).rejects.toEqual(tooLong)
    }
    far.serve(() => 'y'.repeat(70_000))
    expect((await near.request('not too long for us')).value).toHaveLength(70_000)
    expect((await near.request('x'.repeat(5000))).value).toHaveLength(70_000)
  })
})

describe('a peer that splits its bytes', () => {
  it.each([1, 2, 3, 5, 11, 12, 13, 64, 1000])('[I6] in pieces of %i is understood', async size => {
    const [stream, peer] = memoryPair()
    const target = createChannel(stream)
    open.push(target, peer)
    peer.resume()
    const values = Array.from({ length: 20 }, (_, at) => 'v'.repeat(at * 7))
    const bytes = Buffer.concat([
      preamble(),
      ...values.map(value => frame(MESSAGE, JSON_TEXT, JSON.stringify(value))),
    ])
    for (let at = 0; at < bytes.length; at += size) peer.write(bytes.subarray(at, at + size))
    const seen: unknown[] = []
    for await (const { value } of target) {
      seen.push(value)
      if (seen.length === values.length) break
    }
    expect(seen).toEqual(values)
  })
})

describe('a malformed peer that splits its bytes', () => {
  it.each([1, 5, 12, 13, 16, 17, 23])('[I6] into pieces of %i ends its own channel', async size => {
    const [stream, peer] = memoryPair()
    const target = createChannel(stream)
    open.push(target, peer)
    const bytes = Buffer.concat([preamble(), frame(200, 0, 'x'.repeat(20))])
    const closed = endOf(target)
    for (let at = 0; at < bytes.length; at += size) peer.write(bytes.subarray(at, at + size))
    expect(await closed).toMatchObject({ code: 'ERR_X_CHANNEL_PROTOCOL' })
  })
})

describe('a peer that takes next to nothing', () => {
  it.each([0, 1, 4095])('[I6] a frame limit of %i ends its own channel', async limit => {
    const { target, peer } = await victim()
    peer.write(Buffer.concat([preamble(1, 0, limit), frame(REQUEST, NONE, '', 1)]))
    const error = await endOf(target)
    expect(error).toMatchObject({ code: 'ERR_X_CHANNEL_PROTOCOL' })
    expect(error?.message).toMatch(/the least is 4096/)
  })

  it('[I6] keeps nobody from sending to all of its peers', async () => {
    const all = await Promise.all([victim(), victim(), victim()])
    for (const { peer } of all) peer.write(preamble(1, 0, 4096))
    await Promise.all(all.map(({ target }) => once(target, 'open')))
    const outcomes = await Promise.allSettled(all.map(({ target }) => target.send('x'.repeat(5000))))
    expect(outcomes.map(each => each.status)).toEqual(['rejected', 'rejected', 'rejected'])
    expect(all.map(({ target }) => target.isOpen)).toEqual([true, true, true])
  })

  it('[I6] gets a shorter one where the error of a handler does not fit', async () => {
    const [a, b] = await socketPair()
    const [near, far] = [createChannel(a, { frameLimitBytes: 4096 }), createChannel(b)]
    open.push(near, far)
    far.serve(() => {
      throw new RangeError('\u0001'.repeat(5000))
    })
    await expect(near.request('anything')).rejects.toMatchObject({
      code: 'ERR_X_REQUEST_FAILED',
      remote: { name: 'RangeError', message: '\u0001'.repeat(256), code: null },
    })
    expect(near.isOpen && far.isOpen).toBe(true)
  })
})

describe('a hostile peer', () => {
  it('[I6] costs the channel beside it nothing', async () => {
    const [a, b] = await socketPair()
    const near = createChannel(a)
    const far = createChannel(b).serve(value => value)
    open.push(near, far)
    for (const bytes of [
      Buffer.alloc(5000, 255),
      preamble(9),
      Buffer.concat([preamble(), frame(200, 0, '')]),
    ]) {
      const { target, peer } = await victim()
      const asked = near.request('before')
      peer.write(bytes)
      expect(await endOf(target)).not.toBeNull()
      expect((await asked).value).toBe('before')
      expect((await near.request('after')).value).toBe('after')
    }
  })

  it('[I6] that reads no replies makes us keep no more than the limit and one reply', async () => {
    const { target, peer } = await victim({ backlogLimitBytes: 1_000_000 })
    peer.pause()
    let most = 0
    target.serve(() => {
      most = Math.max(most, target.backlog)
      return Buffer.alloc(500_000)
    })
    const requests = Array.from({ length: 500 }, (_, at) => frame(REQUEST, NONE, '', at + 1))
    peer.write(Buffer.concat([preamble(1, 0, 1 << 20), ...requests]))
    expect(await endOf(target)).toMatchObject({ code: 'ERR_X_CHANNEL_SLOW' })
    expect(most).toBeLessThan(1_000_000 + 500_000 + 1000)
  })

  it('[I6] cannot reach the prototype of a value', async () => {
    const { target, peer } = await victim({}, false)
    peer.write(Buffer.concat([preamble(), frame(MESSAGE, JSON_TEXT, '{"__proto__":{"polluted":true}}')]))
    const { value } = await target[Symbol.asyncIterator]().next()
    expect(Object.getPrototypeOf(value?.value)).toBe(Object.prototype)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  it('[I6] survives random bytes after the hello, whatever they are', async () => {
    let seed = 12345
    const random = () => {
      seed = (seed * 1103515245 + 12345) & 0x7fffffff
      return seed
    }
    for (let round = 0; round < 200; round++) {
      const [stream, peer] = memoryPair()
      const target = createChannel(stream, { frameLimitBytes: 4096 }).serve(value => value)
      target.on('message', () => {})
      peer.resume()
      const noise = Buffer.from(Array.from({ length: 300 }, () => random() >> 16))
      for (let at = 0; at < noise.length; at += 12 + (noise[at]! % 20)) {
        noise.writeUInt32LE(noise[at]! % 20, Math.min(at, 296))
        if (at + 5 < noise.length) noise[at + 4] = 1 + (noise[at + 4]! % 7)
      }
      peer.end(Buffer.concat([preamble(), noise]))
      const error = await endOf(target)
      expect(error === null || String(error.code).startsWith('ERR_X_')).toBe(true)
      peer.destroy()
    }
  })
})
