// The message channel between two ends that keep to its protocol: values, buffers, back-pressure, ends.
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { createChannel } from '../src/index'
import { channelPair, deferred, ending, nextMessage } from './channels'
import { memoryPair, socketPair } from './wires'

describe('values', () => {
  it.each([
    ['an object', { a: [1, 'two', null, { deep: true }] }],
    ['a string', 'text \u{1f600} and \0'],
    ['an empty string', ''],
    ['a number', 0.1],
    ['null', null],
    ['false', false],
    ['undefined', undefined],
    ['a long string', 'é'.repeat(100_000)],
    ['a long object', { text: 'é'.repeat(100_000) }],
  ])('[I6] carries %s', async (_name, value) => {
    const [a, b] = await channelPair()
    await a.send(value)
    expect((await nextMessage(b)).value).toEqual(value)
  })

  it('[I6] carries long strings of an object as JSON would, in their places', async () => {
    const [a, b] = await channelPair()
    const long = 'é"\\\n'.repeat(200)
    const half = `${'x'.repeat(300)}\ud800`
    const values: unknown[] = [
      { before: 1, long, after: { long }, again: long, nothing: undefined },
      { half, long },
      half,
      { long, toJSON: () => 'its own way' },
      {
        long,
        get once() {
          return long
        },
      },
      Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`key ${at}`, long])),
      { huge: long.repeat(100), long },
      JSON.parse(`{"__proto__":${JSON.stringify(long)},"long":${JSON.stringify(long)}}`),
      [long, { long }],
      new (class Named {
        long = long
      })(),
    ]
    for (const value of values) {
      await a.send(value)
      const received = (await nextMessage(b)).value
      expect(JSON.stringify(received)).toBe(JSON.stringify(value))
    }
  })

  it('[I6] carries the values of a turn together, each as it was when it was sent', async () => {
    const [near, far] = memoryPair()
    const [a, b] = [createChannel(near), createChannel(far).serve(value => value)]
    ending(a, b)
    await a.request('hello')
    const frames: Buffer[] = []
    far.prependListener('data', (chunk: Buffer) => frames.push(chunk))
    const shared = { at: 0, list: [0], 'key "\u0000" é': 'x'.repeat(300) }
    for (let at = 0; at < 10; at++) {
      shared.at = at
      shared.list[0] = at
      void a.send(shared)
      expect(() => a.send(1n)).toThrowError(TypeError)
    }
    void a.send('text between')
    for (const value of [null, 1, [], 'x'.repeat(20_000), { long: 'é'.repeat(20_000) }, {}])
      void a.send(value)
    const seen: unknown[] = []
    for await (const { value } of b) {
      seen.push(value)
      if (seen.length === 17) break
    }
    const objects = Array.from({ length: 10 }, (_, at) => ({ ...shared, at, list: [at] }))
    const rest = [null, 1, [], 'x'.repeat(20_000), { long: 'é'.repeat(20_000) }, {}]
    expect(seen).toEqual([...objects, 'text between', ...rest])
    // Ten in the first frame: payload length, kind, encoding.
    const bytes = Buffer.concat(frames)
    expect([bytes[4], bytes[5]]).toEqual([1, 5])
    expect(bytes.readUInt32LE(0)).toBeGreaterThan(3000)
  })

  it('[I6] stops between two messages that came together where the reader is full', async () => {
    const [near, far] = memoryPair()
    const [a, b] = [createChannel(near), createChannel(far, { inboxLimit: 3 }).serve(value => value)]
    ending(a, b)
    await a.request('hello')
    const full = once(far, 'pause')
    for (let at = 0; at < 100; at++) void a.send(Buffer.from([at]))
    await full
    let at = 0
    for await (const { value } of b) {
      expect(value).toEqual(Buffer.from([at]))
      if (++at === 100) break
    }
  })

  it('[I6] carries bytes as bytes, and as what JSON makes of them nowhere', async () => {
    const [a, b] = await channelPair()
    for (const length of [0, 1, 2047, 2048, 2049, 65536, 1_000_000]) {
      const bytes = Buffer.alloc(length, 'bytes')
      await a.send(bytes)
      const { value } = await nextMessage(b)
      expect(Buffer.isBuffer(value)).toBe(true)
      expect(bytes.equals(value as Buffer)).toBe(true)
    }
    await a.send(new Uint16Array([1, 2]).subarray(1))
    expect((await nextMessage(b)).value).toEqual(Buffer.from([2, 0]))
  })

  it('[I6] carries buffers beside a value', async () => {
    const [a, b] = await channelPair()
    const buffers = [Buffer.alloc(0), Buffer.from('small'), Buffer.alloc(200_000, 7)]
    await a.send({ name: 'three' }, { buffers })
    const message = await nextMessage(b)
    expect(message.value).toEqual({ name: 'three' })
    expect(message.buffers.map((buffer, at) => buffer.equals(buffers[at]!))).toEqual([true, true, true])
  })

  it('[I6] does not copy long buffers on their way out', async () => {
    const [near, far] = memoryPair(1 << 20)
    const seen: Buffer[] = []
    const write = near.write.bind(near)
    near.write = ((chunk: Buffer, ...rest: []) => {
      seen.push(chunk)
      return write(chunk, ...rest)
    }) as typeof near.write
    const [sender, receiver] = ending(createChannel(near), createChannel(far))
    const bytes = Buffer.alloc(100_000)
    void sender.send(bytes)
    void sender.send('beside', { buffers: [bytes] })
    await nextMessage(receiver)
    await nextMessage(receiver)
    expect(seen.filter(chunk => chunk.buffer === bytes.buffer)).toHaveLength(2)
  })

  it('[I6] keeps the order of everything that was sent', async () => {
    const [a, b] = await channelPair()
    const sent = Array.from({ length: 2000 }, (_, at) => {
      if (at % 3 === 0) return { at }
      return at % 3 === 1 ? `text ${at}` : Buffer.alloc(at * 3, at)
    })
    const sending = (async () => {
      for (const value of sent) await a.send(value)
    })()
    let at = 0
    for await (const { value } of b) {
      // Not toEqual of bytes: it compares one by one.
      const wanted = sent[at]
      if (Buffer.isBuffer(wanted)) expect(wanted.equals(value as Buffer)).toBe(true)
      else expect(value).toEqual(wanted)
      if (++at === sent.length) break
    }
    await sending
  })

  it('[I6] refuses at once what JSON cannot say', async () => {
    const [a] = await channelPair()
    const cycle: Record<string, unknown> = {}
    cycle['self'] = cycle
    expect(() => a.send(() => 0)).toThrowError(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }))
    expect(() => a.send(Symbol('no'))).toThrowError(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }))
    expect(() => a.send(cycle)).toThrowError(TypeError)
    expect(() => a.send(1n)).toThrowError(TypeError)
    expect(a.isOpen).toBe(true)
  })
})

describe('structured clones', () => {
  const rich = () => ({ map: new Map([['a', new Set([1n])]]), when: new Date(0), nothing: undefined })

  it('[I6] travel where both ends ask for them', async () => {
    const [a, b] = await channelPair({ clone: true })
    await a.send(rich())
    expect((await nextMessage(b)).value).toEqual(rich())
    await b.send(rich(), { buffers: [Buffer.from('x')] })
    expect(await nextMessage(a)).toMatchObject({ value: rich(), buffers: [Buffer.from('x')] })
  })

  it('[I6] do not travel where one end did not ask', async () => {
    const [a, b] = await channelPair({ clone: true }, {})
    const value = { when: new Date(0) }
    void a.send(value)
    void b.send(value)
    expect((await nextMessage(b)).value).toEqual({ when: '1970-01-01T00:00:00.000Z' })
    expect((await nextMessage(a)).value).toEqual({ when: '1970-01-01T00:00:00.000Z' })
  })

  it('[I6] are taken at the call, before the other end has said hello', async () => {
    const [a, b] = await channelPair({ clone: true })
    const value = { state: 'before' }
    void a.send(value)
    value.state = 'after'
    expect((await nextMessage(b)).value).toEqual({ state: 'before' })
  })
})

describe('back-pressure', () => {
  it('[I6] makes a sender that awaits wait for a reader that does not read', async () => {
    const [a, b] = await channelPair({ inboxLimit: 4 })
    const bytes = Buffer.alloc(10_000)
    let sent = 0
    const sending = (async () => {
      for (; sent < 1000; sent++) await a.send(bytes)
    })()
    // Wait until the sender stands still: nothing was taken for a while of turns.
    for (let before = -1; before !== sent; ) {
      before = sent
      for (let turn = 0; turn < 50; turn++) await new Promise(resolve => setImmediate(resolve))
    }
    expect(sent).toBeLessThan(1000)
    expect(a.backlog).toBeLessThan(2_000_000)
    let received = 0
    for await (const { value } of b) {
      expect((value as Buffer).length).toBe(10_000)
      if (++received === 1000) break
    }
    await sending
    expect(sent).toBe(1000)
  })

  it('[I6] ends a channel whose sender does not wait for a reader that does not read', async () => {
    const [a] = await channelPair({ backlogLimitBytes: 100_000, inboxLimit: 1 })
    const closed = once(a, 'close')
    for (let sent = 0; sent < 3000; sent++) void a.send(Buffer.alloc(1000))
    expect((await closed)[0]).toMatchObject({ code: 'ERR_X_CHANNEL_SLOW' })
  })

  it('[I6] stops reading while as many requests run as are allowed', async () => {
    const [a, b] = await channelPair({ requestLimit: 2 })
    let running = 0
    let most = 0
    b.serve(async value => {
      most = Math.max(most, ++running)
      await new Promise(resolve => setImmediate(resolve))
      running--
      return value
    })
    const replies = await Promise.all(Array.from({ length: 20 }, (_, at) => a.request(at)))
    expect(replies.map(reply => reply.value)).toEqual(Array.from({ length: 20 }, (_, at) => at))
    expect(most).toBe(2)
  })
})

describe('listeners', () => {
  it("[I6] 'message' gets what came before it was there", async () => {
    const [a, b] = await channelPair()
    await a.send('early')
    await a.send('second')
    b.serve(() => 'here')
    await a.request('both are there')
    const seen: unknown[] = []
    const both = deferred<void>()
    b.on('message', ({ value }) => {
      seen.push(value)
      if (seen.length === 2) both.resolve()
    })
    await both.promise
    expect(seen).toEqual(['early', 'second'])
  })

  it('[I6] that throw cost no other message', async () => {
    const [a, b] = await channelPair()
    const seen: unknown[] = []
    const done = deferred<void>()
    const thrown = deferred<Error>()
    const before = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.once('uncaughtException', thrown.resolve)
    b.on('message', ({ value }) => {
      seen.push(value)
      if (value === 3) done.resolve()
      if (value === 1) throw new Error('in a listener')
    })
    for (const value of [1, 2, 3]) void a.send(value)
    await done.promise
    expect((await thrown.promise).message).toBe('in a listener')
    for (const listener of before) process.on('uncaughtException', listener)
    expect(seen).toEqual([1, 2, 3])
  })
})

describe('ends', () => {
  it('[I6] close sends what is queued, and ends both iterations without an error', async () => {
    const [a, b] = await channelPair()
    for (let at = 0; at < 100; at++) void a.send(at)
    const closed = a.close()
    const seen: unknown[] = []
    for await (const { value } of b) seen.push(value)
    await closed
    expect(seen).toHaveLength(100)
    expect([a.isOpen, b.isOpen]).toEqual([false, false])
    for await (const _message of a) expect.unreachable()
  })

  it('[I6] is awaited by `await using`', async () => {
    const [a, b] = await channelPair()
    const closed = once(b, 'close')
    await a[Symbol.asyncDispose]()
    await closed
    expect(b.isOpen).toBe(false)
  })

  it('[I6] sending after the end rejects, and nobody has to hear of it', async () => {
    const [a, b] = await channelPair()
    await Promise.all([a.close(), once(b, 'close')])
    void a.send('dropped')
    await expect(a.send('x')).rejects.toMatchObject({ code: 'ERR_X_NOT_SENT' })
    await expect(a.request('x')).rejects.toMatchObject({ code: 'ERR_X_NOT_SENT' })
  })

  it('[I6] an AbortSignal ends it', async () => {
    const controller = new AbortController()
    const [a, b] = await channelPair({ signal: controller.signal }, {})
    const closed = Promise.all([once(a, 'close'), once(b, 'close')])
    controller.abort()
    expect((await closed)[0][0]).toMatchObject({ code: 'ABORT_ERR' })
    const [stream] = await socketPair()
    const dead = createChannel(stream, { signal: controller.signal })
    expect((await once(dead, 'close'))[0]).toMatchObject({ code: 'ABORT_ERR' })
  })

  it('[I6] an iteration throws what ended the channel', async () => {
    const [a, b] = await channelPair()
    const reading = nextMessage(b)
    b.destroy(new Error('enough'))
    await expect(reading).rejects.toThrow('enough')
    await once(a, 'close')
  })
})

describe('arguments', () => {
  it('[I6] that are wrong throw', async () => {
    const code = (name: string) => expect.objectContaining({ code: name })
    expect(() => createChannel('stream' as never)).toThrowError(code('ERR_INVALID_ARG_TYPE'))
    const [stream] = await socketPair()
    expect(() => createChannel(stream, { frameLimitBytes: 0 })).toThrowError(code('ERR_OUT_OF_RANGE'))
    expect(() => createChannel(stream, { clone: 1 as never })).toThrowError(code('ERR_INVALID_ARG_TYPE'))
    const one = createChannel(stream)
    ending(one)
    expect(() => one.serve(1 as never)).toThrowError(code('ERR_INVALID_ARG_TYPE'))
    expect(() => one.request(1, { signal: 1 as never })).toThrowError(code('ERR_INVALID_ARG_TYPE'))
  })
})
