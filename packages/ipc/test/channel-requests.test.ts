// Requests over a channel: answers, failures, deadlines, and giving up.
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { channelPair, deferred } from './channels'

describe('requests', () => {
  it('[I6] are answered with what the handler returns, whatever the order', async () => {
    const [a, b] = await channelPair()
    const first = deferred<string>()
    b.serve(async value => (value === 1 ? first.promise : { twice: (value as number) * 2 }))
    const one = a.request(1)
    expect((await a.request(2)).value).toEqual({ twice: 4 })
    first.resolve('late')
    expect((await one).value).toBe('late')
  })

  it('[I6] go both ways at once over one channel', async () => {
    const [a, b] = await channelPair()
    a.serve(value => `a${value}`)
    b.serve(async value => (await b.request(value)).value)
    const replies = await Promise.all(Array.from({ length: 100 }, (_, at) => a.request(at)))
    expect(replies.map(reply => reply.value)).toEqual(Array.from({ length: 100 }, (_, at) => `a${at}`))
  })

  it('[I6] carry buffers there and back', async () => {
    const [a, b] = await channelPair()
    b.serve((_value, request) => {
      request.attach({ buffers: [Buffer.concat(request.buffers)] })
      return 'joined'
    })
    const reply = await a.request('join', { buffers: [Buffer.from('a'), Buffer.from('b')] })
    expect(reply).toMatchObject({ value: 'joined', buffers: [Buffer.from('ab')] })
  })

  it('[I6] fail with what the handler threw', async () => {
    const [a, b] = await channelPair()
    b.serve(() => {
      throw Object.assign(new RangeError('too far'), { code: 'ERR_FAR' })
    })
    await expect(a.request(1)).rejects.toMatchObject({
      code: 'ERR_X_REQUEST_FAILED',
      remote: { name: 'RangeError', message: 'too far', code: 'ERR_FAR' },
    })
    b.serve(() => Promise.reject('a string'))
    await expect(a.request(1)).rejects.toMatchObject({ remote: { message: 'a string', code: null } })
    b.serve(() => 1n)
    await expect(a.request(1)).rejects.toMatchObject({ remote: { name: 'TypeError' } })
    expect([a.isOpen, b.isOpen]).toEqual([true, true])
  })

  it('[I6] fail where nobody serves them', async () => {
    const [a] = await channelPair()
    await expect(a.request(1)).rejects.toMatchObject({ remote: { code: 'ERR_X_NOT_SERVED' } })
  })

  it('[I6] fail at their deadline, and the handler hears that nobody waits', async () => {
    const [a, b] = await channelPair()
    const aborted = deferred<boolean>()
    b.serve((_value, { signal }) => {
      signal.addEventListener('abort', () => aborted.resolve(true))
      return aborted.promise
    })
    await expect(a.request(1, { timeoutMs: 1 })).rejects.toMatchObject({
      code: 'ERR_X_REQUEST_TIMEOUT',
      timeoutMs: 1,
    })
    expect(await aborted.promise).toBe(true)
    b.serve(value => value)
    expect((await a.request('still fine')).value).toBe('still fine')
  })

  it('[I6] are given up by an AbortSignal', async () => {
    const [a, b] = await channelPair()
    const controller = new AbortController()
    const started = deferred<AbortSignal>()
    b.serve((_value, { signal }) => {
      started.resolve(signal)
      return new Promise(() => {})
    })
    const request = a.request(1, { signal: controller.signal })
    const signal = await started.promise
    controller.abort(new Error('changed my mind'))
    await expect(request).rejects.toMatchObject({ code: 'ABORT_ERR', cause: { message: 'changed my mind' } })
    if (!signal.aborted) await once(signal, 'abort')
    await expect(a.request(1, { signal: controller.signal })).rejects.toMatchObject({ code: 'ABORT_ERR' })
  })

  it('[I6] that wait when the channel ends are rejected, and their handlers aborted', async () => {
    const [a, b] = await channelPair()
    const started = deferred<AbortSignal>()
    b.serve((_value, { signal }) => {
      started.resolve(signal)
      return new Promise(() => {})
    })
    const request = a.request(1)
    const signal = await started.promise
    a.destroy()
    await expect(request).rejects.toMatchObject({ code: 'ERR_X_OUTCOME_UNKNOWN' })
    if (!signal.aborted) await once(signal, 'abort')
  })
})
