// Named procedures: whom a name reaches, and what the types of the handlers say of the calls.
import { once } from 'node:events'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { createCalls, type IncomingRequest } from '../src/index'
import { channelPair } from './channels'

const handlers = {
  greet: (name: string) => `hello ${name}`,
  add: async ({ a, b }: { a: number; b: number }, _request: IncomingRequest) => a + b,
  nothing: () => {},
  length: (bytes: Uint8Array) => bytes.length,
  maybe: (value?: number) => value ?? -1,
}

describe('procedures', () => {
  it('[I8] answer by their names', async () => {
    const [near, far] = await channelPair()
    far.serve(handlers)
    const call = createCalls<typeof handlers>(near)
    expect(await call.greet('world')).toBe('hello world')
    expect(await call.add({ a: 1, b: 2 })).toBe(3)
    expect(await call.nothing()).toBeUndefined()
    expect(await call.length(Buffer.alloc(100_000))).toBe(100_000)
    expect(await call.maybe()).toBe(-1)
    expect(await call.maybe(7)).toBe(7)
  })

  it('[I8] have the types of their handlers', async () => {
    const [near] = await channelPair()
    const call = createCalls<typeof handlers>(near)
    expectTypeOf(call.greet).parameter(0).toEqualTypeOf<string>()
    expectTypeOf(call.greet).returns.toEqualTypeOf<Promise<string>>()
    expectTypeOf(call.add).parameter(0).toEqualTypeOf<{ a: number; b: number }>()
    expectTypeOf(call.add).returns.toEqualTypeOf<Promise<number>>()
    expectTypeOf(call.nothing).returns.toEqualTypeOf<Promise<void>>()
    expectTypeOf(call.maybe).parameter(0).toEqualTypeOf<number | undefined>()
    expectTypeOf<keyof typeof call>().toEqualTypeOf<'greet' | 'add' | 'nothing' | 'length' | 'maybe'>()
  })

  it('[I8] take any value, and answer what has to be looked at, where no type of handlers is known', async () => {
    const [near, far] = await channelPair()
    far.serve(handlers)
    const { greet } = createCalls(near)
    if (greet === undefined) expect.unreachable()
    expectTypeOf(greet).parameter(0).toEqualTypeOf<unknown>()
    expectTypeOf(greet).returns.toEqualTypeOf<Promise<unknown>>()
    expect(await greet('world')).toBe('hello world')
  })

  it('[I8] stand beside a handler without a name, and go both ways', async () => {
    const [near, far] = await channelPair()
    far.serve(value => ['plain', value]).serve({ named: (value: number) => ['named', value] })
    near.serve({ back: (value: number) => value + 1 })
    const call = createCalls<{ named(value: number): [string, number] }>(near)
    expect((await near.request(1)).value).toEqual(['plain', 1])
    expect(await call.named(2)).toEqual(['named', 2])
    expect(await createCalls<{ back(value: number): number }>(far).back(1)).toBe(2)
  })

  it.each(['toString', 'constructor', '__proto__', 'hasOwnProperty', 'missing'])(
    '[I8] of the name %s are only what was served',
    async name => {
      const [near, far] = await channelPair()
      far.serve(handlers)
      await expect(near.request(1, { name })).rejects.toMatchObject({
        code: 'ERR_X_REQUEST_FAILED',
        remote: { code: 'ERR_X_NOT_SERVED' },
      })
      expect(near.isOpen).toBe(true)
    },
  )

  it('[I8] carry buffers, failures, deadlines and signals like any request', async () => {
    const [near, far] = await channelPair()
    far.serve({
      join: (_value: null, request) => Buffer.concat([...request.buffers]),
      fail: () => {
        throw new RangeError('as asked')
      },
      wait: () => new Promise(() => {}),
    })
    const call = createCalls<{ join(value: null): Buffer; fail(): void; wait(): void }>(near)
    expect(await call.join(null, { buffers: [Buffer.from('a'), Buffer.from('b')] })).toEqual(
      Buffer.from('ab'),
    )
    await expect(call.fail()).rejects.toMatchObject({ remote: { name: 'RangeError', message: 'as asked' } })
    await expect(call.wait(undefined, { timeoutMs: 5 })).rejects.toMatchObject({
      code: 'ERR_X_REQUEST_TIMEOUT',
    })
    const signal = AbortSignal.abort()
    await expect(call.wait(undefined, { signal })).rejects.toMatchObject({ code: 'ABORT_ERR' })
  })

  it('[I8] that fail and that nobody waits for are no unhandled rejection', async () => {
    const [near, far] = await channelPair()
    const unhandled: unknown[] = []
    const heard = (reason: unknown) => unhandled.push(reason)
    process.on('unhandledRejection', heard)
    const late = createCalls<{ fail(): never }>(near).fail()
    far.destroy()
    await once(near, 'close')
    for (let turns = 0; turns < 3; turns++) await new Promise(setImmediate)
    process.off('unhandledRejection', heard)
    expect(unhandled).toEqual([])
    await expect(late).rejects.toMatchObject({ code: 'ERR_X_OUTCOME_UNKNOWN' })
  })

  it('[I8] are no promise, so that they can be awaited by mistake', async () => {
    const [near] = await channelPair()
    const call = createCalls<typeof handlers>(near)
    expect(await call).toBe(call)
  })

  it('[I8] that cannot be served or called are told at once', async () => {
    const [near] = await channelPair()
    const wrong = (code: string) => expect.objectContaining({ code })
    expect(() => near.serve({ then: () => 1 })).toThrowError(wrong('ERR_INVALID_ARG_VALUE'))
    expect(() => near.serve({ one: 1 as never })).toThrowError(wrong('ERR_INVALID_ARG_TYPE'))
    for (const name of ['', 'n'.repeat(256), 'é'.repeat(128), 'half \ud800']) {
      expect(() => near.serve({ [name]: () => 1 })).toThrowError(wrong('ERR_INVALID_ARG_VALUE'))
      expect(() => near.request(1, { name })).toThrowError(wrong('ERR_INVALID_ARG_VALUE'))
    }
    near.serve({ ['n'.repeat(255)]: () => 1 })
    expect(() => near.request(1, { name: 7 as never })).toThrowError(wrong('ERR_INVALID_ARG_TYPE'))
    expect(() => createCalls(null as never)).toThrowError(wrong('ERR_INVALID_ARG_TYPE'))
  })
})
