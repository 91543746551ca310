// A wrapped transport against the contract: every member is there and forwarded, and its handles may be given back to it.
import { describe, expect, it, vi } from 'vitest'
import { UV_ENOTSUP } from '../../src/errors/errno'
import type {
  DescriptorOperations,
  ListenerHandle,
  StreamHandle,
  Transport,
} from '../../src/transport/contract'
import { loadNative } from '../../src/transport/native'
import { portable } from '../../src/transport/portable'
import {
  ListenerWrapper,
  StreamWrapper,
  wrapListener,
  wrapStream,
  wrapTransport,
} from '../../src/transport/wrap-transport'

// The compiler holds that these name every member of the contract, and no other.
const streamMembers: Record<keyof StreamHandle, 'call' | 'value'> = {
  kind: 'value',
  fd: 'value',
  hostHandle: 'value',
  bytesRead: 'value',
  bytesWritten: 'value',
  writeQueueSize: 'value',
  bind: 'call',
  connect: 'call',
  sockname: 'call',
  peername: 'call',
  readStart: 'call',
  readStop: 'call',
  write: 'call',
  shutdown: 'call',
  reset: 'call',
  setOption: 'call',
  getOption: 'call',
  close: 'call',
  ref: 'call',
  unref: 'call',
  release: 'call',
  peerCredentials: 'call',
  peerPidfd: 'call',
  hasPeerLeft: 'call',
  splice: 'call',
  sendFile: 'call',
}
const listenerMembers: Record<keyof ListenerHandle, 'call' | 'value'> = {
  kind: 'value',
  fd: 'value',
  bind: 'call',
  listen: 'call',
  listenDescriptors: 'call',
  pause: 'call',
  resume: 'call',
  sockname: 'call',
  close: 'call',
  release: 'call',
  ref: 'call',
  unref: 'call',
}
const transportMembers: Record<keyof Transport, 'call' | 'value'> = {
  name: 'value',
  descriptors: 'value',
  lookup: 'value',
  clock: 'value',
  supports: 'call',
  listener: 'call',
  stream: 'call',
  adopt: 'call',
}
const descriptorMembers: Record<keyof DescriptorOperations, 'call' | 'value'> = {
  channel: 'call',
  socketPair: 'call',
  duplicate: 'call',
  peerOf: 'call',
  peek: 'value',
  take: 'call',
  close: 'call',
  lockFile: 'call',
  probe: 'call',
  closeOnExec: 'call',
  sendDatagram: 'call',
  openSocket: 'call',
  optionNumbers: 'call',
  setOption: 'call',
  getOption: 'call',
}

type Members = Readonly<Record<string, 'call' | 'value'>>
type Loose = Record<string, unknown>

/** An object with all the members: methods that are spies with an answer of their own, and values of their own. */
function fake<T>(members: Members, more: object = {}): T {
  const made: Loose = {}
  for (const [name, sort] of Object.entries(members)) {
    const value = { valueOf: name }
    made[name] = sort === 'call' ? vi.fn(() => value) : value
  }
  return Object.assign(made, more) as T
}

function expectForwarded(
  wrapper: object,
  inner: object,
  members: Members,
  not: readonly string[] = [],
): void {
  for (const [name, sort] of Object.entries(members)) {
    if (not.includes(name)) continue
    const mine = (wrapper as Loose)[name]
    const theirs = (inner as Loose)[name]
    if (sort === 'value') {
      expect(mine, name).toBe(theirs)
      continue
    }
    const given = [{}, {}, {}]
    const spy = vi.mocked(theirs as (...given: unknown[]) => unknown)
    spy.mockClear()
    const answer = (mine as (...given: unknown[]) => unknown).apply(wrapper, given)
    expect(spy, name).toHaveBeenCalledTimes(1)
    const taken = spy.mock.calls[0]!
    // A method that takes fewer arguments passes on those.
    expect(taken, name).toEqual(given.slice(0, taken.length))
    expect(taken.length, name).toBe((mine as { length: number }).length)
    const isVoid = ['close', 'ref', 'unref'].includes(name)
    expect(answer, name).toBe(isVoid ? undefined : spy.mock.results[0]!.value)
  }
}

describe('a wrapped handle', () => {
  it('forwards every member of a stream, with its arguments and its answer', () => {
    const inner = fake<StreamHandle>(streamMembers)
    // These would let bytes pass the decorator by.
    const withheld = ['splice', 'sendFile', 'hostHandle']
    expectForwarded(new StreamWrapper(inner), inner, streamMembers, withheld)
    expectForwarded(wrapStream(inner, {}), inner, streamMembers, withheld)
    expect(new StreamWrapper(inner).hostHandle).toBeNull()
  })

  it('forwards every member of a listener, with its arguments and its answer', () => {
    const inner = fake<ListenerHandle>(listenerMembers)
    // The sink of `listen` is one of its own, which wraps what is accepted.
    expectForwarded(new ListenerWrapper(inner), inner, listenerMembers, ['listen'])
    const accept = vi.fn()
    const done = vi.fn()
    const stream = fake<StreamHandle>(streamMembers)
    const seen = fake<StreamHandle>(streamMembers)
    new ListenerWrapper(inner, () => seen).listen(7, accept, done)
    const [backlog, sink, told] = vi.mocked(inner.listen).mock.lastCall!
    expect([backlog, told]).toEqual([7, done])
    sink(0, stream)
    sink(-24, null)
    expect(accept.mock.calls).toEqual([
      [0, seen],
      [-24, null],
    ])
  })

  it('has the overrides in front, getters as getters, and passes over what is undefined', () => {
    let size = 1
    const stream = wrapStream(fake<StreamHandle>(streamMembers), {
      get bytesRead() {
        return size
      },
      release: undefined as never,
      pause: () => -1,
    } as Partial<StreamHandle>)
    size = 2
    expect(stream.bytesRead).toBe(2)
    expect(stream.release()).toEqual({ valueOf: 'release' })
    const listener = wrapListener(fake<ListenerHandle>(listenerMembers), { pause: () => -1 })
    expect(listener.pause()).toBe(-1)
    expect(listener.resume()).toEqual({ valueOf: 'resume' })
  })
})

describe('a wrapped transport', () => {
  it('forwards every member, and asks a function each time which transport that is', () => {
    const inner = fake<Transport>(transportMembers)
    expectForwarded(wrapTransport(inner), inner, transportMembers, ['adopt'])
    const others = [fake<Transport>(transportMembers), fake<Transport>(transportMembers)]
    const wrapped = wrapTransport(() => others[0]!)
    expectForwarded(wrapped, others[0]!, transportMembers, ['adopt'])
    others.shift()
    expectForwarded(wrapped, others[0]!, transportMembers, ['adopt'])
  })

  it('passes on what adopt is told, and wraps what it answers', () => {
    const stream = fake<StreamHandle>(streamMembers)
    const listener = fake<ListenerHandle>(listenerMembers)
    const adopt = vi.fn((fd: number, as: string) => (fd < 0 ? -9 : as === 'stream' ? stream : listener))
    const inner = fake<Transport>(transportMembers, { adopt })
    const origins: string[] = []
    const wrapped = wrapTransport(inner, {
      wrapStream: (one, origin) => {
        origins.push(origin)
        return new StreamWrapper(one)
      },
    })
    expect(wrapped.adopt(-1, 'stream')).toBe(-9)
    expect(wrapped.adopt(5, 'stream', 'tcp')).toBeInstanceOf(StreamWrapper)
    expect(adopt.mock.lastCall).toEqual([5, 'stream', 'tcp'])
    expect(wrapped.adopt(6, 'listener')).toBeInstanceOf(ListenerWrapper)
    expect(wrapTransport(inner).adopt(6, 'listener')).toBe(listener)
    expect(origins).toEqual(['adopted'])
  })

  it('passes accepted streams through wrapStream, with and without an own listener', () => {
    const inner = fake<Transport>(transportMembers, { listener: () => fake(listenerMembers, { listen }) })
    let sink: (status: number, stream: StreamHandle | null) => void = () => {}
    function listen(_backlog: number, accept: typeof sink): number {
      sink = accept
      return 1
    }
    const origins: string[] = []
    const wrap = (one: StreamHandle, origin: string) => {
      origins.push(origin)
      return new StreamWrapper(one)
    }
    const accept = vi.fn()
    for (const overrides of [
      { wrapStream: wrap },
      {
        wrapStream: wrap,
        wrapListener: (one: ListenerHandle, wrapAccepted: (stream: StreamHandle) => StreamHandle) =>
          new ListenerWrapper(one, wrapAccepted),
      },
    ]) {
      const wrapped = wrapTransport(inner, overrides)
      wrapped.listener('tcp').listen(1, accept, () => {})
      sink(0, fake<StreamHandle>(streamMembers))
      expect(accept.mock.lastCall![1]).toBeInstanceOf(StreamWrapper)
    }
    expect(origins).toEqual(['accepted', 'accepted'])
  })
})

const real = [loadNative().transport, portable].filter(transport => transport !== null)

describe.each(real)('the $name transport', transport => {
  it('has every member of the contract, and what it lacks answers or is null', () => {
    const expectMembers = (one: object, members: Members) => {
      for (const [name, sort] of Object.entries(members)) {
        expect((one as Loose)[name] !== undefined, name).toBe(true)
        if (sort === 'call') expect((one as Loose)[name], name).toBeTypeOf('function')
      }
    }
    expectMembers(transport, transportMembers)
    if (transport.descriptors !== null) expectMembers(transport.descriptors, descriptorMembers)
    const stream = transport.stream('tcp')
    const listener = transport.listener('tcp')
    expectMembers(stream, streamMembers)
    expectMembers(listener, listenerMembers)
    stream.close()
    listener.close()
  })

  it('moves nothing past a decorator', () => {
    const wrapped = wrapTransport(transport, { wrapStream: inner => new StreamWrapper(inner) })
    const [one, other] = [wrapped.stream('tcp'), wrapped.stream('tcp')]
    expect(one.splice(other, { mayMove: () => true })).toBe(UV_ENOTSUP)
    one.close()
    other.close()
  })
})
