import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DemoProcess, Program, run, whyNo } from './demo-process'

let demo: DemoProcess

beforeAll(async () => {
  demo = await DemoProcess.start('--log-level', 'warn')
})
afterAll(() => demo[Symbol.asyncDispose]())

const ENDPOINTS = ['TCP', 'the path'] as const
type Endpoint = (typeof ENDPOINTS)[number]

function redisArguments(endpoint: Endpoint): string[] {
  return endpoint === 'TCP' ? ['-p', String(demo.port)] : ['-s', demo.path]
}

describe.each(ENDPOINTS)('on %s', endpoint => {
  const noCli = whyNo('redis-cli')
  const noBenchmark = whyNo('redis-benchmark')

  it.skipIf(noCli)(`redis-cli asks and is answered${noCli ? ` (${noCli})` : ''}`, async () => {
    const ask = async (...words: string[]) => {
      const { stdout, code } = await run('redis-cli', [...redisArguments(endpoint), ...words])
      expect(code).toBe(0)
      return stdout.trim()
    }
    expect(await ask('ping')).toBe('PONG')
    expect(await ask('echo', 'two words')).toBe('two words')
    expect(await ask('publish', 'nobody', 'hears')).toBe('0')
    expect(await ask('get', 'x')).toMatch(/^ERR unknown command 'get'/)
    expect(await ask('info')).toContain('redis_version:')
    expect(await ask('client', 'list')).toContain('cmd=client|list')
    expect(await ask('command', 'docs')).toContain('publish')
    expect(await ask('-3', 'config', 'get', 'databases')).toContain('16')
  })

  it.skipIf(noCli)(`redis-cli subscribes and hears${noCli ? ` (${noCli})` : ''}`, async () => {
    await using subscriber = new Program('redis-cli', [...redisArguments(endpoint), 'psubscribe', 'new[rs]'])
    await subscriber.printed(/psubscribe\nnew\[rs\]\n1\n/)
    const published = await run('redis-cli', [...redisArguments(endpoint), 'publish', 'news', 'hello'])
    expect(published.stdout).toBe('1\n')
    await subscriber.printed(/pmessage\nnew\[rs\]\nnews\nhello\n/)
  })

  it.skipIf(noBenchmark).each(['1', '16'])(
    `redis-benchmark pings, %s at a time${noBenchmark ? ` (${noBenchmark})` : ''}`,
    async depth => {
      const load = ['-t', 'ping', '-n', '20000', '-P', depth, '--csv']
      const { code, stdout, stderr } = await run('redis-benchmark', [...redisArguments(endpoint), ...load])
      expect(code).toBe(0)
      expect(stdout).toMatch(/"PING_INLINE","\d+/)
      expect(stdout).toMatch(/"PING_MBULK","\d+/)
      expect(stderr).toBe('')
    },
  )

  it.each([2, 3] as const)('ioredis publishes and subscribes in RESP%i', async protocol => {
    const to = endpoint === 'TCP' ? { port: demo.port, host: '127.0.0.1' } : { path: demo.path }
    const subscriber = new Redis({ ...to, protocol, connectionName: 'listener' })
    const publisher = new Redis({ ...to, protocol })
    const heard = new Promise<unknown[]>(resolve => {
      subscriber.on('pmessageBuffer', (...message: unknown[]) => resolve(message))
    })
    expect(await subscriber.subscribe('io')).toBe(1)
    expect(await subscriber.psubscribe('i?')).toBe(2)
    const payload = Buffer.from([0, 13, 10, 255])
    expect(await publisher.publish('io', payload)).toBe(2)
    expect(await heard).toEqual(['i?', Buffer.from('io'), payload])
    expect(await publisher.pubsub('NUMSUB', 'io')).toEqual(['io', 1])
    expect(await publisher.client('LIST')).toContain('name=listener')
    await expect(publisher.get('x')).rejects.toThrow("ERR unknown command 'get'")
    await Promise.all([subscriber.quit(), publisher.quit()])
  })

  it.each([2, 3] as const)('node-redis publishes and subscribes in RESP%i', async RESP => {
    const socket =
      endpoint === 'TCP' ? { port: demo.port, host: '127.0.0.1' } : { path: demo.path, tls: false as const }
    const publisher = createClient({ socket, RESP, name: 'publisher' })
    const subscriber = publisher.duplicate()
    await Promise.all([publisher.connect(), subscriber.connect()])
    const heard: string[] = []
    await subscriber.subscribe('nr', (message, channel) => heard.push(`${channel}: ${message}`))
    await subscriber.pSubscribe('n*', (message, channel) => heard.push(`n*, ${channel}: ${message}`))
    expect(await publisher.publish('nr', 'hello')).toBe(2)
    expect(await publisher.ping()).toBe('PONG')
    expect(await publisher.clientGetName()).toBe('publisher')
    await subscriber.unsubscribe('nr')
    await subscriber.pUnsubscribe()
    expect(heard).toEqual(['nr: hello', 'n*, nr: hello'])
    expect(await publisher.publish('nr', 'nobody')).toBe(0)
    await Promise.all([publisher.close(), subscriber.close()])
  })
})
