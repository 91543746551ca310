import { expect, it } from 'vitest'
import { OutputGauge } from '../src/client/output-limit'
import { DemoProcess } from './demo-process'
import { RawClient } from './raw-client'

const MEGABYTE = 1024 ** 2

it('is over the limit beyond the hard one at once, beyond the soft one after its seconds', () => {
  let nowMs = 1_000_000
  const now = () => nowMs
  const gauge = new OutputGauge({ hardBytes: 100, softBytes: 10, softSeconds: 2 })
  expect(gauge.isExceeded(100, now)).toBe(false)
  expect(gauge.isExceeded(101, now)).toBe(true)
  nowMs += 2000
  expect(gauge.isExceeded(50, now)).toBe(false)
  nowMs += 1
  expect(gauge.isExceeded(50, now)).toBe(true)
  expect(gauge.isExceeded(10, now)).toBe(false)
  expect(gauge.isExceeded(11, now)).toBe(false)
  nowMs += 2001
  expect(gauge.isExceeded(11, now)).toBe(true)
})

it('has no limit where the limits are 0', () => {
  const gauge = new OutputGauge({ hardBytes: 0, softBytes: 0, softSeconds: 0 })
  expect(gauge.isExceeded(1e12, () => 1)).toBe(false)
})

it.each(['TCP', 'the path'] as const)(
  'a subscriber on %s that does not read is dropped at the hard limit, told of in the log, and counted; others hear all',
  async endpoint => {
    await using demo = await DemoProcess.start('--output-limit', '1mb')
    const to = endpoint === 'TCP' ? demo.port : demo.path
    await using slow = await RawClient.connect(to)
    await slow.ask('CLIENT SETNAME sleeper\r\nSUBSCRIBE news\r\n')
    slow.socket.pause()
    await using quick = await RawClient.connect(to)
    await quick.ask('SUBSCRIBE news\r\n')
    quick.received = ''
    await using publisher = await RawClient.connect(to)

    // Enough to fill the limit, and what the system itself holds for a connection, several times over.
    const body = 'x'.repeat(64 * 1024)
    const rounds = 512
    const replies = new Set<string>()
    for (let round = 0; round < rounds; round++) {
      replies.add(await publisher.ask(`*3\r\n$7\r\nPUBLISH\r\n$4\r\nnews\r\n$${body.length}\r\n${body}\r\n`))
    }
    expect([...replies]).toEqual([':2\r\n', ':1\r\n'])
    await demo.printed(/warn {2}client \d+ \(sleeper\): dropped: too slow, .*B of output waited/)
    const stats = await publisher.ask('INFO stats\r\n')
    expect(stats).toContain('client_output_buffer_limit_disconnections:1\r\n')
    await publisher.ask('PUBLISH news the-end\r\n')
    await quick.until('the-end')
    expect(quick.received.length).toBeGreaterThan(rounds * body.length)
    expect(await publisher.ask('PUBSUB NUMSUB news\r\n')).toContain(':1\r\n')
  },
)

it('a subscriber beyond the soft limit is dropped when its seconds are over, though nothing more is published', async () => {
  await using demo = await DemoProcess.start('--output-limit', '64mb 1mb 1')
  await using slow = await RawClient.connect(demo.port)
  await slow.ask('SUBSCRIBE news\r\n')
  slow.socket.pause()
  await using publisher = await RawClient.connect(demo.port)
  const body = 'x'.repeat(MEGABYTE)
  publisher.send(`*3\r\n$7\r\nPUBLISH\r\n$4\r\nnews\r\n$${body.length}\r\n${body}\r\n`.repeat(16))
  await demo.printed(/dropped: too slow/)
  expect(await publisher.ask('PUBSUB NUMSUB news\r\n')).toContain(':0\r\n')
})

it('a subscriber that messages wait for may still unsubscribe', async () => {
  await using demo = await DemoProcess.start('--output-limit', '64mb')
  await using slow = await RawClient.connect(demo.port)
  await slow.ask('SUBSCRIBE news\r\n')
  slow.socket.pause()
  await using publisher = await RawClient.connect(demo.port)
  const body = 'x'.repeat(MEGABYTE)
  for (let round = 0; round < 12; round++) {
    await publisher.ask(`*3\r\n$7\r\nPUBLISH\r\n$4\r\nnews\r\n$${body.length}\r\n${body}\r\n`)
  }
  slow.send('UNSUBSCRIBE news\r\n')
  let count = ''
  while (!count.includes(':0\r\n')) count = await publisher.ask('PUBSUB NUMSUB news\r\n')
  slow.socket.resume()
  await slow.until('unsubscribe')
  expect(slow.received.length).toBeGreaterThan(12 * MEGABYTE)
})
