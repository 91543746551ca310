// Orderly ends: what is under way when a side closes, what comes too late, and the deadline.
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { type Channel, createChannel } from '../src/index'
import { channelPair, deferred, ending, nextMessage } from './channels'
import { endOf, victim } from './victim'
import { frame, memoryPair, preamble } from './wires'

const MESSAGE = 1
const REQUEST = 2
const GOODBYE = 8
const CLOSING = 9

/** A channel whose handler waits until it is told to go on. */
async function busyPair(): Promise<{
  a: Channel
  b: Channel
  started: Promise<AbortSignal>
  go: (value: string) => void
}> {
  const [a, b] = await channelPair()
  const started = deferred<AbortSignal>()
  const answer = deferred<string>()
  b.serve((_value, { signal }) => {
    started.resolve(signal)
    return answer.promise
  })
  return { a, b, started: started.promise, go: answer.resolve }
}

describe('a channel that is closed', () => {
  it.each(['the one that answers', 'the one that asks'])(
    '[I6] by %s lets what is asked be answered',
    async who => {
      const { a, b, started, go } = await busyPair()
      const asked = a.request('slow')
      const signal = await started
      const closer = who === 'the one that answers' ? b : a
      const closed = closer.close()
      await Promise.all([a, b].map(each => each.isOpen && once(each, 'closing')))
      expect([a.ending, b.ending, signal.aborted]).toEqual([null, null, false])
      go('in time')
      expect((await asked).value).toBe('in time')
      await closed
      if (a.ending === null) await once(a, 'close')
      if (b.ending === null) await once(b, 'close')
      expect([a.ending, b.ending]).toEqual(['goodbye', 'goodbye'])
    },
  )

  it('[I6] executes nothing that it is asked from then on, and says so', async () => {
    const { a, b, started, go } = await busyPair()
    const first = a.request('slow')
    await started
    const closed = b.close()
    let calls = 0
    b.serve(() => calls++)
    // They are on their way before the other side hears of it.
    const late = [a.request('late'), a.request('later')]
    for (const each of late) await expect(each).rejects.toMatchObject({ code: 'ERR_X_NOT_SENT' })
    await expect(a.request('after it')).rejects.toMatchObject({ code: 'ERR_X_NOT_SENT' })
    go('done')
    expect((await first).value).toBe('done')
    await closed
    expect(calls).toBe(0)
  })

  it('[I6] waits no longer than its deadline: handlers are aborted, requests have an unknown outcome', async () => {
    const { a, b, started } = await busyPair()
    const asked = a.request('never')
    const signal = await started
    const [, error] = await Promise.all([b.close({ timeoutMs: 1 }), asked.catch(error => error)])
    expect(error).toMatchObject({ code: 'ERR_X_OUTCOME_UNKNOWN' })
    expect(signal.aborted).toBe(true)
    if (a.ending === null) await once(a, 'close')
    expect([a.ending, b.ending]).toEqual(['goodbye', 'goodbye'])
  })

  it('[I6] has another deadline from a further close', async () => {
    const { a, b, started } = await busyPair()
    const asked = a.request('never')
    await started
    const first = b.close({ timeoutMs: 0 })
    const second = b.close({ timeoutMs: 1 })
    await expect(asked).rejects.toMatchObject({ code: 'ERR_X_OUTCOME_UNKNOWN' })
    await Promise.all([first, second])
  })

  it('[I6] by both sides at once answers both', async () => {
    const [a, b] = await channelPair()
    const begun = [deferred<void>(), deferred<void>()]
    const answer = deferred<string>()
    for (const [at, each] of [a, b].entries()) {
      each.serve(() => {
        begun[at]!.resolve()
        return answer.promise
      })
    }
    const asked = [a.request(1), b.request(2)]
    await Promise.all(begun.map(each => each.promise))
    const closed = [a.close(), b.close()]
    answer.resolve('both')
    expect((await Promise.all(asked)).map(each => each.value)).toEqual(['both', 'both'])
    await Promise.all(closed)
  })

  it('[I6] before the other side has said hello sends what it was given, and waits for the replies', async () => {
    const [one, other] = memoryPair()
    const [near] = ending(createChannel(one))
    const long = near.request('x'.repeat(10_000))
    const closed = near.close()
    const [far] = ending(createChannel(other).serve(value => (value as string).length))
    expect((await long).value).toBe(10_000)
    await closed
    expect(far.ending).toBe('goodbye')
  })

  it('[I6] before hello says goodbye after all that it was given, also where the peer takes a part of it not', async () => {
    const [one, other] = memoryPair()
    const [near] = ending(createChannel(one, { clone: true }))
    const refused = [
      near.request('x'.repeat(10_000)).catch(error => error.code),
      near.request(1n).catch(error => error.name),
    ]
    const sent = [near.send('first'), near.send({ second: true })]
    const closed = near.close()
    const [far] = ending(createChannel(other, { frameLimitBytes: 5000 }))
    const values: unknown[] = []
    for await (const { value } of far) values.push(value)
    expect(values).toEqual(['first', { second: true }])
    expect(await Promise.all(refused)).toEqual(['ERR_X_FRAME_TOO_LONG', 'TypeError'])
    await Promise.all([...sent, closed])
    expect([near.ending, far.ending]).toEqual(['goodbye', 'goodbye'])
  })

  it('[I6] ends in time although its inbox is full and nobody reads', async () => {
    const { target, peer } = await victim({ inboxLimit: 1 }, false)
    const messages = Array.from({ length: 10 }, (_, at) => frame(MESSAGE, 1, String(at)))
    peer.write(Buffer.concat([preamble(), ...messages]))
    await once(target, 'open')
    const closed = target.close()
    peer.end(frame(GOODBYE, 0, ''))
    await closed
    expect(target.ending).toBe('goodbye')
    expect((await nextMessage(target)).value).toBe(0)
  })

  it('[I6] tells its deadline where it is none', async () => {
    const [a] = await channelPair()
    expect(() => a.close({ timeoutMs: -1 })).toThrowError(
      expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }),
    )
    expect(() => a.close(1 as never)).toThrowError(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }))
    expect(a.isOpen).toBe(true)
  })
})

describe('a peer that closes', () => {
  it.each([
    ['and sends a message', frame(MESSAGE, 0, ''), /kind 1 after/],
    ['and asks for something', frame(REQUEST, 0, '', 1), /kind 2 after/],
    ['twice', frame(CLOSING, 0, ''), /kind 9 after/],
    ['with a payload', frame(CLOSING, 0, 'x'), /kind 9 has 1 bytes/],
  ])('[I6] %s ends its own channel', async (what, bytes, message) => {
    const { target, peer } = await victim()
    target.serve(() => new Promise(() => {}))
    const begins = what.startsWith('with') ? [] : [frame(CLOSING, 0, '')]
    peer.write(Buffer.concat([preamble(), frame(REQUEST, 0, '', 7), ...begins, bytes]))
    const error = await endOf(target)
    expect(error).toMatchObject({ code: 'ERR_X_CHANNEL_PROTOCOL' })
    expect(error?.message).toMatch(message)
  })

  it('[I6] and claims to have taken what was never asked ends its own channel', async () => {
    const { target, peer } = await victim()
    const asked = target.request('once')
    peer.write(Buffer.concat([preamble(), frame(CLOSING, 0, '', 2)]))
    expect((await endOf(target))?.message).toMatch(/request 2, which was never made/)
    await expect(asked).rejects.toMatchObject({ code: 'ERR_X_OUTCOME_UNKNOWN' })
  })

  it('[I6] tells which requests it has taken, and none else is said to be unsent', async () => {
    const { target, peer } = await victim()
    const asked = [1, 2, 3].map(value => target.request(value))
    peer.write(Buffer.concat([preamble(), frame(CLOSING, 0, '', 2), frame(GOODBYE, 0, '')]))
    peer.end()
    const outcomes = await Promise.allSettled(asked)
    expect(outcomes.map(each => each.status === 'rejected' && each.reason.code)).toEqual([
      'ERR_X_OUTCOME_UNKNOWN',
      'ERR_X_OUTCOME_UNKNOWN',
      'ERR_X_NOT_SENT',
    ])
  })

  it('[I6] says goodbye at once, and has no time after that', async () => {
    const { target, peer } = await victim()
    const aborted = deferred<void>()
    target.serve((_value, { signal }) => {
      signal.addEventListener('abort', () => aborted.resolve())
      return new Promise(() => {})
    })
    peer.end(Buffer.concat([preamble(), frame(REQUEST, 0, '', 7), frame(GOODBYE, 0, '')]))
    await aborted.promise
    expect(await endOf(target)).toBeNull()
  })

  it('[I6] and does not end its stream is left when patience is over, as one that has said goodbye', async () => {
    const { target, peer } = await victim({ patienceMs: 5 })
    peer.write(Buffer.concat([preamble(), frame(GOODBYE, 0, '')]))
    expect(await endOf(target)).toBeNull()
    expect(target.ending).toBe('goodbye')
  })
})
