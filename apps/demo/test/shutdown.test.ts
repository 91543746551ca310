import { existsSync } from 'node:fs'
import { expect, it } from 'vitest'
import { DemoProcess } from './demo-process'
import { RawClient } from './raw-client'

it.each(['SIGINT', 'SIGTERM'] as const)(
  '%s: tells so, stops accepting, ends its clients, removes its socket file, exits with 0',
  async signal => {
    await using demo = await DemoProcess.start()
    await using idle = await RawClient.connect(demo.port)
    await using subscriber = await RawClient.connect(demo.path)
    await idle.ask('PING\r\n')
    await subscriber.ask('SUBSCRIBE news\r\n')
    const { code, signal: killedBy, stderr } = await demo.kill(signal)
    expect({ code, killedBy }).toEqual({ code: 0, killedBy: null })
    expect(stderr).toContain(`${signal}: no longer accepting, ending 2 clients`)
    expect(stderr).toMatch(/server: stopped\n$/)
    await Promise.all([idle.ended(), subscriber.ended()])
    expect(existsSync(demo.path)).toBe(false)
    await expect(RawClient.connect(demo.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  },
)

it('stops in the middle of traffic, and what it has answered arrives', async () => {
  await using demo = await DemoProcess.start('--log-level', 'warn')
  await using subscriber = await RawClient.connect(demo.path)
  await subscriber.ask('SUBSCRIBE news\r\n')
  subscriber.received = ''
  await using publisher = await RawClient.connect(demo.port)
  const publish = (error?: Error | null) => {
    if (!error && publisher.socket.writable)
      publisher.socket.write('PUBLISH news hello\r\n'.repeat(100), publish)
  }
  publish()
  await publisher.until(':1\r\n'.repeat(1000))
  const { code } = await demo.kill('SIGINT')
  expect(code).toBe(0)
  await Promise.all([publisher.ended(), subscriber.ended()])
  expect(publisher.received.replaceAll(':1\r\n', '')).toBe('')
  const message = '*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$5\r\nhello\r\n'
  expect(subscriber.received.replaceAll(message, '')).toBe('')
})

it('does not wait for clients that do not read after a second signal', async () => {
  await using demo = await DemoProcess.start('--output-limit', '0')
  await using slow = await RawClient.connect(demo.port)
  await slow.ask('SUBSCRIBE news\r\n')
  slow.socket.pause()
  await using publisher = await RawClient.connect(demo.port)
  const body = 'x'.repeat(1024 ** 2)
  for (let round = 0; round < 24; round++) {
    await publisher.ask(`*3\r\n$7\r\nPUBLISH\r\n$4\r\nnews\r\n$${body.length}\r\n${body}\r\n`)
  }
  demo.child.kill('SIGINT')
  await demo.printed(/SIGINT: no longer accepting/)
  const { code, stderr } = await demo.kill('SIGINT')
  expect(code).toBe(0)
  expect(stderr).toContain('SIGINT again: cutting off')
  expect(existsSync(demo.path)).toBe(false)
})
