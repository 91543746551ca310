// The laws of the contract under faults that break connections: nothing may be called twice, inside a call, after a
// close or after a refusal, whatever the rules do to a random conversation.
import {
  type StreamHandle,
  type TcpAddress,
  type Transport,
  wrapStream,
  wrapTransport,
} from '@x/core/transport'
import { describe, expect, it } from 'vitest'
import { faults, faulty, memoryNetwork, Random, type Rule } from '../src'
import { close, LOOPBACK, listen, turn } from './handles'
import { watchLaws } from './law-watch'

const { on, sometimes, fail } = faults
const rules: Record<string, () => Rule> = {
  'resets on writing': () => sometimes(0.1, on('write', 'reset')),
  'resets on reading': () => sometimes(0.1, on('read', 'reset')),
  'resets after a while': () => faults.reset({ afterMs: 2 }),
  'ends on writing': () => sometimes(0.1, on('write', 'end')),
  'ends on reading': () => sometimes(0.1, on('read', 'end')),
  'failing writes': () => sometimes(0.2, on('write', fail('ENOBUFS'))),
  'failing reads': () => sometimes(0.2, on('read', fail('ETIMEDOUT'))),
  'failing shutdowns': () => sometimes(0.5, on('shutdown', fail('ENOTCONN'))),
  'dropped writes': () => sometimes(0.3, on('write', 'drop')),
  'dropped reads': () => sometimes(0.3, on('read', 'drop')),
  'dropped ends': () => on('end', 'drop'),
  'held everything': () => sometimes(0.2, faults.stall()),
  limit: () => faults.limit({ bytes: 5000 }),
  timeout: () => faults.timeout({ ms: 3 }),
  refusal: () => sometimes(0.5, faults.refuse()),
  blackhole: () => sometimes(0.5, faults.blackhole()),
  emfile: () => sometimes(0.5, faults.emfile()),
  latency: () => faults.latency({ ms: 1 }),
  jitter: () => faults.jitter({ ms: 3 }),
  bandwidth: () => faults.bandwidth({ bytesPerSecond: 1_000_000 }),
  'slow close': () => faults.slowClose({ ms: 3 }),
  slicer: () => faults.slicer({ bytes: 300, variation: 200, delayMs: 1 }),
  'partial writes': () => faults.partialWrites({ bytes: 500 }),
  'short reads': () => faults.shortReads({ bytes: 100 }),
  'delayed resets': () => sometimes(0.2, on('write', { delayMs: 2, then: 'reset' })),
  'everything at once': () => {
    const all: Rule[] = [
      faults.jitter({ ms: 2 }),
      faults.slicer({ bytes: 700, variation: 600 }),
      sometimes(0.02, on('write', 'reset')),
      sometimes(0.02, on('read', fail('EIO'))),
      sometimes(0.1, on('close', { delayMs: 1 })),
    ]
    return operation => {
      for (const rule of all) {
        const action = rule(operation)
        if (action !== undefined) return action
      }
      return undefined
    }
  },
}

/** One random conversation on a stream, step by step, for as long as the stream answers. */
async function converse(stream: StreamHandle, random: Random): Promise<void> {
  const sink = { onData() {}, onEnd() {}, onError() {} }
  for (let step = 0; step < 12; step++) {
    const what = random.integer(0, 9)
    if (what < 4) stream.write([random.bytes(random.integer(1, 3000))], () => {})
    else if (what < 6) stream.readStart(sink)
    else if (what < 7) stream.readStop()
    else if (what < 8 && step > 8) stream.shutdown(() => {})
    else if (what === 9 && step > 10) stream.reset(() => {})
    for (let turns = random.integer(0, 3); turns > 0; turns--) await turn()
  }
  stream.readStart(sink)
}

async function conversation(transport: Transport, random: Random): Promise<void> {
  const streams: StreamHandle[] = []
  const talks: Promise<void>[] = []
  const listener = await listen(transport, LOOPBACK, (_status, stream) => {
    if (!stream) return
    streams.push(stream)
    talks.push(converse(stream, random))
  })
  const at = listener.sockname() as TcpAddress
  for (let client = 0; client < 4; client++) {
    const stream = transport.stream('tcp')
    streams.push(stream)
    stream.connect(at, status => {
      if (status === 0) talks.push(converse(stream, random))
    })
  }
  for (let turns = 0; turns < 60; turns++) await turn()
  for (let talk = talks.pop(); talk; talk = talks.pop()) await talk
  await close(listener)
  await close(...streams)
  for (let turns = 0; turns < 5; turns++) await turn()
}

describe('laws under faults', () => {
  for (const [name, rule] of Object.entries(rules)) {
    it(`[T4] hold under ${name}`, async () => {
      for (let seed = 1; seed <= 10; seed++) {
        const broken: string[] = []
        const network = memoryNetwork({ capacityBytes: 2000 })
        const transport = faulty(network, [rule()], { seed })
        await conversation(watchLaws(transport, broken), new Random(seed))
        expect(broken, `seed ${seed}`).toEqual([])
        expect(network.openHandles, `seed ${seed}`).toBe(0)
      }
    })
  }

  it('[T4] are really watched: a write that calls back inside the call, and twice, is seen', async () => {
    const broken: string[] = []
    const network = memoryNetwork()
    const hasty = wrapTransport(network, {
      wrapStream: inner =>
        wrapStream(inner, {
          write(_chunks, done) {
            done(0)
            setImmediate(done, 0)
            return 0
          },
        }),
    })
    await conversation(watchLaws(hasty, broken), new Random(1))
    expect(broken).toContain('law 1: write calls back inside a call')
    expect(broken).toContain('law 3: write calls back 2 times')
  })
})
