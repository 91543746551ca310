import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DemoProcess, Program, whyNo } from './demo-process'
import { RawClient } from './raw-client'

// Each script goes byte for byte to a Redis server 7.0 and to the demo; what comes back has to be the same bytes.
// Left out: commands that a broker of this kind has not, and what names a process (ids, addresses, memory).

const reason = whyNo('redis-server')

/** Scripts after which the connection stands. */
const STANDING: Readonly<Record<string, readonly string[]>> = {
  'PING and ECHO': [
    'PING',
    'PING hi',
    'PING a b',
    'ping "two words"',
    'ECHO',
    'ECHO x',
    'ECHO x y',
    'PING ""',
    'PING "\\x41\\n\\q"',
  ],
  'unknown commands': [
    'foo',
    'foo a b c',
    `foo ${'x'.repeat(200)} y`,
    `${'x'.repeat(200)} y`,
    `foo ${'a '.repeat(100)}`,
    'client|id',
    'foo "a\\r\\nb"',
    '""',
    '"" a',
  ],
  'wrong numbers of arguments': [
    'SUBSCRIBE',
    'PSUBSCRIBE',
    'PUBLISH a',
    'PUBLISH a b c',
    'PUBSUB',
    'CLIENT',
    'CLIENT ID x',
    'CLIENT SETNAME',
    'CLIENT KILL',
    'CLIENT NO-EVICT',
    'SELECT',
    'RESET x',
    'AUTH',
    'COMMAND COUNT x',
    'COMMAND GETKEYS',
    'CONFIG',
    'CONFIG GET',
    'CONFIG RESETSTAT x',
    'PUBSUB NUMPAT x',
    'PUBSUB CHANNELS a b',
  ],
  'unknown subcommands': [
    'PUBSUB FOO',
    'pubsub foo bar',
    'CLIENT FOO',
    'client foo bar',
    'COMMAND FOO',
    'CONFIG FOO',
  ],
  subscriptions: [
    'SUBSCRIBE a b a',
    'PING',
    'PING x',
    'PING x y',
    'ECHO x',
    'FOO',
    'PUBLISH a b',
    'PUBLISH',
    'CLIENT GETNAME',
    'PUBSUB FOO',
    'HELLO 3',
    'SUBSCRIBE c',
    'PSUBSCRIBE a* b* a*',
    'UNSUBSCRIBE a zz',
    'UNSUBSCRIBE zz',
    'PUNSUBSCRIBE a*',
    'PUNSUBSCRIBE',
    'PUNSUBSCRIBE',
    'UNSUBSCRIBE a b c',
    'UNSUBSCRIBE',
    'ECHO x',
  ],
  'leaving without having been there': ['UNSUBSCRIBE', 'PUNSUBSCRIBE', 'UNSUBSCRIBE a b', 'PUNSUBSCRIBE x'],
  PUBSUB: [
    'PUBSUB CHANNELS',
    'PUBSUB CHANNELS x*',
    'PUBSUB NUMSUB',
    'PUBSUB NUMSUB a b a',
    'PUBSUB NUMPAT',
    'PUBLISH nobody hears',
  ],
  'RESET of a subscriber': [
    'SUBSCRIBE a',
    'PSUBSCRIBE b',
    'RESET',
    'ECHO x',
    'PUBSUB NUMSUB a',
    'PUBSUB NUMPAT',
  ],
  'RESP3 subscriptions': [
    'HELLO 3',
    'SUBSCRIBE a',
    'PING',
    'PUBLISH a hello',
    'PSUBSCRIBE *',
    'PUBLISH a hello',
    'PUBLISH b "\\xff\\x00"',
    'PUBSUB NUMSUB a',
    'PUBSUB CHANNELS',
    'UNSUBSCRIBE',
    'PUNSUBSCRIBE',
    'PUNSUBSCRIBE',
    'CLIENT GETNAME',
    'CONFIG GET nosuch',
    'CONFIG GET databases',
    'COMMAND INFO nosuch echo',
    'COMMAND DOCS nosuch',
    'INFO nosuch',
    'CLIENT LIST TYPE master',
    'RESET',
    'CLIENT GETNAME',
  ],
  HELLO: [
    'HELLO',
    'HELLO 2',
    'HELLO 1',
    'HELLO 4',
    'HELLO x',
    'HELLO 2 foo',
    'HELLO 2 AUTH default any',
    'HELLO 2 AUTH a b',
    'HELLO 2 AUTH a',
    'HELLO 2 SETNAME a',
    'CLIENT GETNAME',
    'HELLO 2 SETNAME "a b"',
    'HELLO 2 SETNAME',
    'HELLO 3 SETNAME',
    'CLIENT GETNAME',
    'HELLO 3 AUTH default x SETNAME me',
    'CLIENT GETNAME',
  ],
  AUTH: ['AUTH x', 'AUTH default x', 'AUTH a b', 'AUTH a b c'],
  SELECT: [
    'SELECT 0',
    'SELECT 15',
    'SELECT 16',
    'SELECT -1',
    'SELECT x',
    'SELECT 01',
    'SELECT 99999999999',
    'SELECT 99999999999999999999',
  ],
  'names of clients': [
    'CLIENT GETNAME',
    'CLIENT SETNAME a',
    'CLIENT GETNAME',
    'CLIENT SETNAME ""',
    'CLIENT GETNAME',
    'CLIENT SETNAME "a b"',
    'CLIENT SETNAME "a\\nb"',
    'CLIENT SETNAME \xe9',
  ],
  'CLIENT LIST': [
    'CLIENT LIST TYPE foo',
    'CLIENT LIST TYPE',
    'CLIENT LIST TYPE replica',
    'CLIENT LIST TYPE normal x',
    'CLIENT LIST ID',
    'CLIENT LIST ID x',
    'CLIENT LIST ID 0',
    'CLIENT LIST ID 999999',
    'CLIENT LIST FOO',
  ],
  'CLIENT KILL': [
    'CLIENT KILL 1.2.3.4:5',
    'CLIENT KILL ID',
    'CLIENT KILL ID x',
    'CLIENT KILL ID 0',
    'CLIENT KILL ID 999999',
    'CLIENT KILL TYPE foo',
    'CLIENT KILL TYPE master',
    'CLIENT KILL USER foo',
    'CLIENT KILL FOO x',
    'CLIENT KILL SKIPME x',
    'CLIENT KILL ID 1 X',
    'CLIENT KILL ADDR x LADDR y',
  ],
  'CLIENT REPLY': [
    'CLIENT REPLY ON',
    'CLIENT REPLY x',
    'CLIENT REPLY SKIP',
    'PING a',
    'PING b',
    'CLIENT REPLY OFF',
    'PING c',
    'CLIENT REPLY SKIP',
    'PING d',
    'CLIENT REPLY ON',
    'CLIENT REPLY SKIP',
    'CLIENT REPLY SKIP',
    'PING e',
    'PING f',
    'CLIENT REPLY SKIP',
    'foo',
    'CLIENT REPLY SKIP',
    'SUBSCRIBE a',
    'PING g',
  ],
  'CLIENT REPLY OFF in RESP3': [
    'CLIENT REPLY OFF',
    'HELLO 3',
    'SUBSCRIBE a',
    'PUBLISH a b',
    'UNSUBSCRIBE',
    'CLIENT REPLY ON',
  ],
  'CLIENT NO-EVICT': ['CLIENT NO-EVICT on', 'CLIENT NO-EVICT OFF', 'CLIENT NO-EVICT x'],
  COMMAND: [
    'COMMAND INFO nosuch',
    'COMMAND DOCS nosuch',
    'COMMAND LIST x',
    'COMMAND GETKEYS x',
    'COMMAND GETKEYS x y',
    'COMMAND INFO publish subscribe unsubscribe psubscribe punsubscribe echo select quit reset hello auth',
    'COMMAND INFO client|id client|getname pubsub|channels pubsub|numsub pubsub|numpat config|get',
  ],
  CONFIG: [
    'CONFIG GET save',
    'CONFIG GET appendonly',
    'CONFIG GET databases',
    'CONFIG GET nosuch',
    'CONFIG RESETSTAT',
  ],
}

/** Bytes after which the server ends the connection. */
const ENDING: Readonly<Record<string, string>> = {
  QUIT: 'QUIT\r\nPING\r\n',
  'QUIT with arguments': 'QUIT now\r\n',
  'QUIT of a subscriber': 'SUBSCRIBE a\r\nQUIT\r\n',
  'CLIENT KILL of oneself': 'CLIENT KILL TYPE normal SKIPME no\r\nPING\r\n',
  'a quote left open': 'PING\r\nECHO "abc\r\nPING\r\n',
  'a quote that runs on': '"PING"x\r\n',
  'a count with a leading zero': '*01\r\n$4\r\nPING\r\n',
  'a count with a plus': '*+1\r\n',
  'a count that is no number': '*x\r\n',
  'a count that is missing': '*\r\n',
  'a count beyond all numbers': '*99999999999\r\n',
  'an element that is no bulk string': '*1\r\n+PING\r\n',
  'a negative length': '*1\r\n$-1\r\n',
  'a length that is missing': '*1\r\n$\r\n',
  'a length with a leading zero': '*1\r\n$04\r\nPING\r\n',
  'a length beyond the limit': '*1\r\n$9999999999\r\n',
  'an inline request without end': 'x'.repeat(70_000),
  'a length without end': `*1\r\n$${'1'.repeat(70_000)}`,
  'a browser that posts': 'POST / HTTP/1.1\r\nHost: x\r\n\r\n',
}

/** Bytes that look wrong, and are not. */
const ODD: Readonly<Record<string, string>> = {
  'empty lines': '\r\n\r\n\n',
  'empty and absent arrays': '*0\r\n*-1\r\n*-5\r\n',
  'line feeds alone': 'PING\nPING a\n',
  'something else in the place of CRLF': '*1\r\n$4\r\nPINGXX',
  'an empty name': '*1\r\n$0\r\n\r\n',
  'bytes of every kind': '*2\r\n$4\r\nECHO\r\n$5\r\n\x00\r\n\xff*\r\n',
}

describe.skipIf(reason !== null).each(['1', '3'])(
  `beside a Redis server, in %s worker(s)${reason === null ? '' : ` (${reason})`}`,
  workers => {
    let demo: DemoProcess
    let redis: Program
    let folder: string

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'x-demo-redis-'))
      redis = new Program('redis-server', [
        '--port',
        '0',
        '--unixsocket',
        join(folder, 'redis.sock'),
        '--save',
        '',
      ])
      ;[demo] = await Promise.all([
        DemoProcess.start('--workers', workers),
        redis.printed(/eady to accept connections/),
      ])
    })

    afterAll(async () => {
      await Promise.all([demo[Symbol.asyncDispose](), redis.kill('SIGTERM')])
      rmSync(folder, { recursive: true, force: true })
    })

    /** Ids differ, since the two have seen different clients. */
    function withoutIds(reply: string): string {
      return reply.replace(/(\$2\r\nid\r\n):\d+/g, '$1:ID')
    }

    async function both<T>(act: (client: RawClient) => Promise<T>): Promise<[T, T]> {
      await using ofDemo = await RawClient.connect(demo.path)
      await using ofRedis = await RawClient.connect(join(folder, 'redis.sock'))
      return await Promise.all([act(ofDemo), act(ofRedis)])
    }

    it.each(Object.entries(STANDING))('%s: the same replies', async (_name, lines) => {
      const [demoReplies, redisReplies] = await both(async client => {
        const replies: [string, string][] = []
        // Replies may be off: a script is sent whole, then once more line by line after a RESET.
        const whole = withoutIds(await client.ask(`${lines.join('\r\n')}\r\nCLIENT REPLY ON\r\nRESET\r\n`))
        for (const line of lines.filter(line => !line.startsWith('CLIENT REPLY'))) {
          replies.push([line, withoutIds(await client.ask(`${line}\r\nRESET\r\n`))])
        }
        return { whole, replies }
      })
      expect(demoReplies).toEqual(redisReplies)
    })

    it.each(Object.entries(ENDING))('%s: the same last words', async (_name, bytes) => {
      const [demoReply, redisReply] = await both(client => {
        client.send(bytes)
        return client.ended()
      })
      expect(demoReply).toBe(redisReply)
    })

    it.each(Object.entries(ODD))('%s: the same replies', async (_name, bytes) => {
      const [demoReply, redisReply] = await both(client => client.ask(bytes))
      expect(demoReply).toBe(redisReply)
    })

    it('a message: the same bytes to subscribers of channels and patterns, in RESP2 and RESP3', async () => {
      const heard = await Promise.all(
        [demo.path, join(folder, 'redis.sock')].map(async path => {
          await using older = await RawClient.connect(path)
          await using newer = await RawClient.connect(path)
          await using publisher = await RawClient.connect(path)
          const subscribe = 'SUBSCRIBE n other\r\nPSUBSCRIBE [mn]* ?x\r\n'
          await Promise.all([older.ask(subscribe), newer.ask(`HELLO 3\r\n${subscribe}`)])
          older.received = ''
          newer.received = ''
          const replies = await publisher.ask(
            'PUBLISH n "a\\r\\n\\x00\\xff"\r\nPUBLISH other x\r\nPUBLISH ox x\r\nPUBLISH none x\r\nPUBLISH n last\r\n',
          )
          const last = '$1\r\nn\r\n$4\r\nlast\r\n'
          await Promise.all([older, newer].map(client => client.until(`$5\r\n[mn]*\r\n${last}`)))
          return { replies, older: older.received, newer: newer.received }
        }),
      )
      expect(heard[0]).toEqual(heard[1])
    })

    it('the fields of CLIENT LIST: all of them, in the same order', async () => {
      const names = (line: string) => [...line.matchAll(/([a-z-]+)=/g)].map(match => match[1])
      const [ofDemo, ofRedis] = await both(client => client.ask('CLIENT INFO\r\n'))
      expect(names(ofDemo).filter(name => !name?.startsWith('lib-'))).toEqual(names(ofRedis))
    })
  },
)
