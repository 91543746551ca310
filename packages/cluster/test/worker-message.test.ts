import { describe, expect, it } from 'vitest'
import type { FromWorker } from '../src/both/messages'
import { readWorkerMessage, WrongMessage } from '../src/both/worker-message'

const tcp = { family: 'IPv4', address: '127.0.0.1', port: 0 } as const

const messages: readonly FromWorker[] = [
  { act: 'online' },
  { act: 'ready' },
  { act: 'leaving' },
  { act: 'heeded' },
  {
    act: 'listen',
    kind: 'tcp',
    at: tcp,
    flags: { ipv6Only: false, reusePort: false },
    backlog: 5,
    index: 0,
  },
  {
    act: 'listen',
    kind: 'pipe',
    at: { path: '/tmp/x' },
    flags: { ipv6Only: false, reusePort: false, mode: 0o600 },
    backlog: 5,
    index: 0,
  },
  {
    act: 'datagram',
    type: 'udp4',
    at: { port: 0, address: '127.0.0.1' },
    fd: null,
    ipv6Only: false,
    reuseAddress: false,
    index: 0,
  },
  { act: 'listening', info: { addressType: 4, address: null, port: 80, fd: undefined } },
  { act: 'listen-failed', status: -98, at: tcp },
  { act: 'close', listener: 1 },
  { act: 'taken', id: 1, isTaken: true, why: 'full', connections: 0 },
  { act: 'connections', connections: 3 },
  { act: 'drained', ended: 1, forced: 1 },
  { act: 'pong', signs: { memory: 1, lagMs: 1 } },
]

/** Right for some field or for none. */
const values: readonly unknown[] = [
  undefined,
  null,
  -1,
  0,
  0.5,
  2 ** 31,
  2 ** 53,
  1e308,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  '',
  '__proto__',
  'constructor',
  'x'.repeat(10_000),
  true,
  [],
  {},
  { fd: -1 },
  { path: 7 },
  { family: 'IPv5', address: '', port: 0 },
  new Map(),
  Object.create(null),
]

/** The message with each field, at any depth, in the place of each value, and without it. */
function* varied(message: Record<string, unknown>): Generator<unknown> {
  for (const [name, field] of Object.entries(message)) {
    const { [name]: _, ...rest } = message
    yield rest
    for (const value of values) yield { ...message, [name]: value }
    if (typeof field !== 'object' || field === null) continue
    for (const inner of varied(field as Record<string, unknown>)) yield { ...message, [name]: inner }
  }
}

describe('messages of a worker', () => {
  it.each(messages)('[C5] reads $act as it was written', message => {
    expect(readWorkerMessage(message)).toEqual(message)
  })

  it.each(messages)('[C5] reads or refuses $act with any field wrong, and adds nothing to it', message => {
    for (const wrong of varied(message as unknown as Record<string, unknown>)) {
      try {
        const read = readWorkerMessage(wrong)
        expect(readWorkerMessage(read)).toEqual(read)
        expect(Object.keys(read).every(name => Object.hasOwn(message, name))).toBe(true)
      } catch (error) {
        expect(error).toBeInstanceOf(WrongMessage)
      }
    }
  })

  it.each([
    null,
    undefined,
    7,
    'online',
    [],
    {},
    { act: '__proto__' },
    { act: 'constructor' },
    { act: ['online'] },
  ])('[C5] refuses %j', wrong => {
    expect(() => readWorkerMessage(wrong)).toThrow(WrongMessage)
  })
})
