import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { DemoProcess, runDemo } from './demo-process'
import { RawClient } from './raw-client'

let demo: DemoProcess
let url: string
/** What the page sends with all that changes something. */
let token: string

beforeAll(async () => {
  demo = await DemoProcess.start('--workers', '2', '--page', '0')
  url = (await demo.printed(/Live page: (http:\/\/127\.0\.0\.1:\d+)\//))[1]!
  token = /name="demo-token" content="(\w+)"/.exec((await ask('/')).text)![1]!
})
afterAll(() => demo[Symbol.asyncDispose]())

interface Asked {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** Unlike fetch, sends whatever Host and Origin it is told. */
function ask(
  path: string,
  { method = 'GET', headers = {}, body = '' }: Asked = {},
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { path, method, headers, agent: false }, response => {
      let text = ''
      response.setEncoding('utf8').on('data', chunk => {
        text += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode!, text }))
    })
    request.on('error', reject)
    request.end(body)
  })
}

const json = { 'Content-Type': 'application/json' }

describe('over HTTP', () => {
  it('serves the page and its parts, which load nothing from elsewhere', async () => {
    const page = await fetch(url)
    expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self'; /)
    const html = await page.text()
    for (const [, part] of html.matchAll(/(?:src|href)="([^"]+)"/g)) {
      if (part === 'data:,') continue
      expect(part).toMatch(/^\//)
      expect((await fetch(`${url}${part}`)).status).toBe(200)
    }
    expect((await ask('/nothing')).status).toBe(404)
    for (const path of ['/../package.json', '//', '//evil.example', '/%', '/\\', '*', 'http://127.0.0.1/x'])
      expect([path, (await ask(path)).status]).toEqual([path, 404])
    for (const path of ['/', '/?a=//', `${url}`, `${url}/?a`])
      expect([path, (await ask(path)).status]).toEqual([path, 200])
    expect(await ask('/status', { method: 'HEAD' })).toEqual({ status: 200, text: '' })
    expect((await ask('/events', { method: 'HEAD' })).status).toBe(404)
  })

  it('tells the status, and the numbers as Prometheus text', async () => {
    await using subscriber = await RawClient.connect(demo.port)
    await subscriber.ask('SUBSCRIBE metrics\r\n')
    await subscriber.ask('PING\r\n')
    const status = JSON.parse((await ask('/status')).text)
    expect(status).toMatchObject({ pid: demo.child.pid, clients: 1, subscribers: 1 })
    const { text } = await ask('/metrics')
    expect(text).toMatch(/^# TYPE demo_messages_published_total counter$/m)
    expect(text).toMatch(/^demo_subscribers\{worker="[12]"\} 1$/m)
    expect(text).toMatch(/^x_cluster_resident_memory_bytes\{worker="2"\} \d+$/m)
  })

  it('sends events: the status at once, and messages as they are published', async () => {
    const events = await fetch(`${url}/events`)
    expect(events.headers.get('content-type')).toBe('text/event-stream')
    const reader = events.body!.pipeThrough(new TextDecoderStream()).getReader()
    let heard = ''
    const until = async (text: string) => {
      while (!heard.includes(text)) heard += (await reader.read()).value ?? ''
    }
    await until('event: status\ndata: {')
    await using publisher = await RawClient.connect(demo.port)
    await publisher.ask('PUBLISH caf\xc3\xa9 "to the page"\r\n')
    await until('"channel":"café","text":"to the page","worker":')
    await reader.cancel()
  })

  it('does what the page asks for', async () => {
    await using subscriber = await RawClient.connect(demo.port)
    await subscriber.ask('SUBSCRIBE news\r\n')
    const headers = { ...json, Origin: url, 'X-Demo-Token': token }
    const body = JSON.stringify({ channel: 'news', text: 'über' })
    expect(await ask('/publish', { method: 'POST', headers, body })).toEqual({
      status: 200,
      text: 'published to 1 subscriber',
    })
    await subscriber.until('$5\r\n\xc3\xbcber\r\n')
    for (const wrong of ['', '[', '1', '{}', `{"channel":"${'x'.repeat(70_000)}"}`])
      expect((await ask('/publish', { method: 'POST', headers, body: wrong })).status).toBe(400)
    for (const workers of [0, 'x', 1e9, null])
      expect(
        (await ask('/scale', { method: 'POST', headers, body: JSON.stringify({ workers }) })).status,
      ).toBe(400)
    expect((await ask('/explode', { method: 'POST', headers, body: '{}' })).status).toBe(404)
  })

  it.each<[string, string, () => Readonly<Record<string, string>>]>([
    ['another site', 'by the page alone', () => ({ Origin: 'http://evil.example' })],
    ['another port', 'by the page alone', () => ({ Origin: 'http://127.0.0.1:1' })],
    ['a frame without an origin', 'by the page alone', () => ({ Origin: 'null' })],
    ['nobody', 'by the page alone', () => ({})],
    ['a page of another run', 'an earlier run', () => ({ Origin: url, 'X-Demo-Token': 'x' })],
    [
      'a name that was made to point here',
      'for http://127.0.0.1 alone',
      () => ({ Host: 'evil.example', Origin: 'http://evil.example' }),
    ],
  ])('refuses what changes something for %s', async (_name, why, make) => {
    const headers = { ...json, 'X-Demo-Token': token, ...make() }
    for (const path of ['/reload', '/scale', '/kill', '/fault', '/calm', '/load', '/publish']) {
      const { status, text } = await ask(path, { method: 'POST', headers, body: '{"workers":9}' })
      expect({ status, text }).toEqual({ status: 403, text: expect.stringContaining(why) })
    }
  })

  it('says what is wrong with a request, and what cannot be done now', async () => {
    const headers = { ...json, Origin: url, 'X-Demo-Token': token }
    const post = (path: string, body: unknown) =>
      ask(path, { method: 'POST', headers, body: JSON.stringify(body) })
    for (const [path, body] of [
      ['/kill', { worker: 'x' }],
      ['/fault', { name: 'constructor' }],
      ['/fault', { name: 'delay', worker: -1 }],
      ['/load', { isOn: 'yes' }],
    ] as const)
      expect([path, (await post(path, body)).status]).toEqual([path, 400])
    expect(await post('/kill', { worker: 99 })).toEqual({ status: 409, text: 'worker 99 does not serve' })
    expect(await post('/load', { isOn: false })).toEqual({ status: 409, text: 'no load is running' })
    expect(await post('/fault', { name: 'cut', worker: null })).toMatchObject({ status: 409 })
    expect(await post('/calm', {})).toEqual({ status: 200, text: 'no fault was in force' })
  })

  it('refuses a form, a GET of what changes something, and a name that was made to point here', async () => {
    const form = { 'Content-Type': 'application/x-www-form-urlencoded', Origin: url }
    expect((await ask('/reload', { method: 'POST', headers: form })).status).toBe(403)
    expect((await ask('/reload')).status).toBe(404)
    expect((await ask('/status', { headers: { Host: 'evil.example' } })).status).toBe(403)
    expect(
      (await ask('/', { method: 'DELETE', headers: { ...json, Origin: url, 'X-Demo-Token': token } })).status,
    ).toBe(405)
    expect(demo.stderr).not.toContain('reloading')
  })

  it('says that the port is taken', async () => {
    const { code, stderr } = await runDemo(['--port', '0', '--no-path', '--page', new URL(url).port])
    expect(code).toBe(1)
    expect(stderr).toMatch(/port \d+ for the live page is taken/)
  })
})

describe('over a WebSocket', () => {
  function open(path: string, origin = url): WebSocket {
    const socket = new WebSocket(`${url.replace('http', 'ws')}${path}`, { origin })
    socket.on('error', () => {})
    onTestFinished(() => socket.terminate())
    return socket
  }
  const text = async (socket: WebSocket) => String((await once(socket, 'message'))[0])

  it('subscribes to a channel of the page, and publishes to it', async () => {
    const query = `channel=page:abc&token=${token}`
    const subscriber = open(`/subscriber?${query}`)
    expect(await text(subscriber)).toBe('ready')
    const publisher = open(`/publisher?${query}`)
    expect(await text(publisher)).toBe('ready')
    publisher.send('0 17.5')
    expect(await text(subscriber)).toBe('0 17.5')
    await using other = await RawClient.connect(demo.port)
    const list = await other.ask('CLIENT LIST\r\n')
    expect(list.match(/name=page:\d+ /g)).toHaveLength(2)
    // The connection to the broker ends: the page learns of it.
    const closed = once(subscriber, 'close')
    await other.ask('CLIENT KILL TYPE pubsub\r\n')
    expect((await closed)[0]).toBe(1012)
    publisher.send('no\r\nPUBLISH')
    expect((await once(publisher, 'close'))[0]).toBe(1008)
  })

  it.each([
    ['another site', () => open(`/subscriber?channel=page:a&token=${token}`, 'http://evil.example')],
    ['one that does not know the token', () => open('/subscriber?channel=page:a&token=x')],
    ['another channel', () => open(`/subscriber?channel=news&token=${token}`)],
    ['another path', () => open(`/events?channel=page:a&token=${token}`)],
    ['a target that is none', () => open(`//?channel=page:a&token=${token}`)],
  ])('refuses %s', async (_name, connect) => {
    const [, response] = await once(connect(), 'unexpected-response')
    expect(response.statusCode).toBe(403)
  })
})

it.each(['drain', 'stop'])('ctl %s ends the program, whatever connections the page has', async order => {
  await using other = await DemoProcess.start('--page', '0')
  const address = (await other.printed(/Live page: http:\/\/(127\.0\.0\.1:\d+)\//))[1]!
  const port = Number(address.split(':')[1])
  const clients = await Promise.all(
    Array.from({ length: 20 }, async (_, index) => {
      const client = await RawClient.connect(port)
      onTestFinished(() => client[Symbol.asyncDispose]())
      const head = `GET /events HTTP/1.1\r\nHost: ${address}\r\n\r\n`
      if (index % 2 === 0) client.send(head.slice(0, index * 2))
      else {
        client.send(head)
        await client.until('event: status')
        if (index % 4 === 1) client.socket.pause()
      }
      return client
    }),
  )
  const { code, stdout } = await runDemo(['ctl', order, '--port', String(other.port)])
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'stopped\n' })
  expect(await other.finished).toMatchObject({ code: 0, signal: null })
  for (const client of clients) client.socket.resume()
  await Promise.all(clients.map(client => client.ended()))
})
