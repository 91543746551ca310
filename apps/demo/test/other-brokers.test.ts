import { Random } from '@x/testkit'
import { expect, it, onTestFinished } from 'vitest'
import { newBusId, OtherBrokers } from '../src/bus/other-brokers'
import { FrameAssembly, PacketWriter, readPacket } from '../src/bus/packets'
import { Log } from '../src/log'
import { MemoryBus, MemoryNetwork } from './memory-bus'

const quiet = new Log('error')
const LIMITS = { outgoingBytes: 64 * 1024, messageBytes: 1024 ** 2 }

interface Member {
  readonly bus: MemoryBus
  readonly brokers: OtherBrokers
  /** Messages that came, by their text. */
  readonly received: string[]
}

/** A broker whose every message has `receivers` receivers. */
async function join(network: MemoryNetwork, receivers = 1, maxPacketBytes = 200): Promise<Member> {
  const id = newBusId()
  const bus = new MemoryBus(network, id, maxPacketBytes)
  const received: string[] = []
  const brokers = new OtherBrokers(
    bus,
    { id, name: id },
    {
      deliver: async (_channel, payload) => {
        received.push(Buffer.from(payload).toString())
        return receivers
      },
      answer: async name => (name === 'subscribers' ? [receivers] : [`of ${id}`]),
    },
    { limits: LIMITS, log: quiet },
  )
  onTestFinished(() => brokers.close())
  await brokers.start()
  return { bus, brokers, received }
}

/** Publishes; resolves with the number of receivers. */
function publish({ brokers }: Member, text: string): Promise<number> {
  brokers.publish('channel', Buffer.from(text))
  return brokers.takeUndecided() ?? Promise.resolve(0)
}

function turn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}

it('sends a message to all others once, and counts their receivers', async () => {
  const network = new MemoryNetwork()
  const [a, b, c] = await Promise.all([join(network, 1), join(network, 2), join(network, 3)])
  expect(await Promise.all([publish(a, 'one'), publish(a, 'two'), publish(b, 'x')])).toEqual([5, 5, 4])
  expect(b.received).toEqual(['one', 'two'])
  expect(c.received.filter(text => text !== 'x')).toEqual(['one', 'two'])
  expect(a.received).toEqual(['x'])
})

it('divides what is longer than a packet', async () => {
  const network = new MemoryNetwork()
  const [a, b] = await Promise.all([join(network), join(network)])
  const long = 'x'.repeat(10_000)
  expect(await publish(a, long)).toBe(1)
  expect(b.received).toEqual([long])
})

it('asks all others, and waits for none that is gone', async () => {
  const network = new MemoryNetwork()
  const [a, b, c] = await Promise.all([join(network, 1), join(network, 2), join(network, 3)])
  expect((await a.brokers.ask('subscribers', ['channel'])).flat().sort()).toEqual([2, 3])
  expect((await a.brokers.ask('patterns', null)).flat()).toHaveLength(2)
  await c.brokers.close()
  while (a.brokers.status.brokers.length > 1) await turn()
  expect(await a.brokers.ask('subscribers', ['channel'])).toEqual([[2]])
  expect(b.brokers.status.brokers).toHaveLength(1)
})

it('does not wait again for one that has not answered, until it is heard', async () => {
  const network = new MemoryNetwork()
  const [a, b] = await Promise.all([join(network), join(network)])
  network.isLost = () => true
  expect(await publish(a, 'lost')).toBe(0)
  const isDecided = Promise.race([publish(a, 'lost, too'), turn().then(turn)])
  expect(await isDecided).toBe(0)
  network.isLost = () => false
  await publish(b, 'I am here')
  expect(await publish(a, 'heard')).toBe(1)
  expect(b.received).toEqual(['heard'])
  expect(b.brokers.status.missed).toBe(2)
})

it('counts what is published while it is not connected, and sends none of it later', async () => {
  const network = new MemoryNetwork()
  const [a, b] = await Promise.all([join(network), join(network)])
  await publish(a, 'before')
  a.bus.disconnect()
  for (let round = 0; round < 3; round++) expect(await publish(a, 'meanwhile')).toBe(0)
  a.bus.connect()
  while (a.brokers.status.brokers.length === 0) await turn()
  expect(await publish(a, 'after')).toBe(1)
  expect(b.received).toEqual(['before', 'after'])
  expect(a.brokers.status.notSent).toEqual({ unconnected: 3, 'too slow': 0 })
  expect(b.brokers.status.missed).toBe(3)
})

it('holds no more than its limit for a slow bus, and counts what finds no room', async () => {
  const network = new MemoryNetwork()
  const [a, b] = await Promise.all([join(network), join(network)])
  a.bus.setWritable(false)
  const text = 'x'.repeat(1000)
  const published = 200
  for (let number = 0; number < published; number++) {
    void publish(a, `${number} ${text}`)
    await turn()
  }
  const { waitingBytes, notSent } = a.brokers.status
  expect(waitingBytes).toBeLessThanOrEqual(LIMITS.outgoingBytes)
  const kept = published - notSent['too slow']
  expect(kept).toBeGreaterThan(50)
  a.bus.setWritable(true)
  await publish(a, 'last')
  expect(b.received).toHaveLength(kept + 1)
  expect(a.brokers.status.sent).toBe(kept + 1)
  expect(b.brokers.status.missed).toBe(notSent['too slow'])
})

it('takes no message that its own clients could not send', async () => {
  const network = new MemoryNetwork()
  const [a, b] = await Promise.all([join(network, 1, 100_000), join(network, 1, 100_000)])
  expect(await publish(a, 'x'.repeat(LIMITS.messageBytes + 1))).toBe(0)
  a.brokers.publish('n'.repeat(4097), Buffer.from('x'))
  expect(await a.brokers.takeUndecided()).toBe(0)
  expect(await publish(a, 'fits')).toBe(1)
  expect(b.received).toEqual(['fits'])
  expect(b.brokers.status).toMatchObject({ notDelivered: 2, received: 1, missed: 0 })
})

it('takes nothing of what is no packet, or lies', async () => {
  const network = new MemoryNetwork()
  const [a, b] = await Promise.all([join(network), join(network)])
  const writer = new PacketWriter(newBusId(), true, 0)
  const frames = [
    Buffer.from('no packet'),
    Buffer.alloc(0),
    writer.write(Buffer.of(99, 1, 2, 3), 0, 200).packet,
    // A message that is longer than its frame, and counts of a hundred million messages.
    writer.write(
      Buffer.concat([Buffer.of(1, 1, 0, 0, 0), Buffer.alloc(8), Buffer.of(1, 0, 0, 0, 255, 255, 255, 255)]),
      0,
      200,
    ).packet,
    writer.write(Buffer.concat([Buffer.of(2, 255, 255, 255, 15), Buffer.alloc(8)]), 0, 200).packet,
    writer.write(
      Buffer.from('\x10{"kind":"question","id":1,"name":"__proto__","value":null}', 'latin1'),
      0,
      200,
    ).packet,
    writer.write(Buffer.from('\x10{"kind":"hello"', 'latin1'), 0, 200).packet,
    writer.write(Buffer.from('\x10null', 'latin1'), 0, 200).packet,
  ]
  for (const frame of frames) network.carry('a stranger', null, frame)
  while (network.underWay > 0) await turn()
  expect(a.brokers.status.malformed).toBe(frames.length)
  expect(await publish(b, 'still here')).toBe(1)
})

it('puts a frame together from packets of any size, and none with a hole or twice', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = new Random(seed)
    const id = newBusId()
    const writer = new PacketWriter(id, true, 0)
    const assembly = new FrameAssembly(10_000)
    const expected: string[] = []
    const taken: string[] = []
    for (let index = 0; index < 20; index++) {
      const frame = Buffer.alloc(1 + Math.floor(random.next() * 500), index)
      let isWhole = true
      for (let from = 0; from < frame.length; ) {
        const { packet, end } = writer.write(frame, from, 21 + Math.floor(random.next() * 200))
        from = end
        const copies = random.next() < 0.05 ? 0 : random.next() < 0.1 ? 2 : 1
        if (copies === 0) isWhole = false
        for (let copy = 0; copy < copies; copy++) {
          const whole = assembly.take(readPacket(packet)!)
          if (whole !== null) taken.push(whole.toString('hex'))
        }
      }
      if (isWhole) expected.push(frame.toString('hex'))
    }
    expect(taken, `seed ${seed}`).toEqual(expected)
  }
})

it('whatever is lost and cut: each message once, in order, and what is missing is counted', async () => {
  for (let seed = 1; seed <= 25; seed++) {
    const random = new Random(seed)
    const network = new MemoryNetwork()
    const members = await Promise.all([60, 300, 2000].map(bytes => join(network, 1, bytes)))
    const published = members.map(() => 0)
    network.isLost = () => random.next() < 0.02
    for (let step = 0; step < 300; step++) {
      const index = Math.floor(random.next() * members.length)
      const member = members[index]!
      const choice = random.next()
      if (choice < 0.03) member.bus.disconnect()
      else if (choice < 0.1) member.bus.connect()
      else if (choice < 0.15) member.bus.setWritable(choice < 0.12)
      else void publish(member, `${index} ${published[index]!++} ${'x'.repeat(random.next() * 100)}`)
      if (random.next() < 0.3) await turn()
    }
    network.isLost = () => false
    for (const { bus } of members) {
      bus.disconnect()
      bus.setWritable(true)
      bus.connect()
    }
    // The last of each tells the others how far it is.
    while (members.some(({ brokers }) => brokers.status.brokers.length < 2)) await turn()
    for (const [index, member] of members.entries()) await publish(member, `${index} ${published[index]!++}`)
    while (network.underWay > 0) await turn()
    for (const [index, { received, brokers }] of members.entries()) {
      let missing = 0
      for (let from = 0; from < members.length; from++) {
        if (from === index) continue
        const numbers = received
          .map(text => text.split(' ').map(Number))
          .filter(([who]) => who === from)
          .map(([, number]) => number!)
        expect(numbers, `seed ${seed}: of ${from} at ${index}`).toEqual(
          [...new Set(numbers)].sort((a, b) => a - b),
        )
        missing += published[from]! - numbers.length
      }
      expect(brokers.status.missed, `seed ${seed}: at ${index}`).toBe(missing)
    }
  }
})
