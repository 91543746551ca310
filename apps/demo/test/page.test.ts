import { existsSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { HANG_MS } from '@x/presets/hang-limit'
import puppeteer, { type Browser } from 'puppeteer-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { DemoProcess, runDemo, whyNoMoves } from './demo-process'
import { RawClient } from './raw-client'

let demo: DemoProcess
let url: string

beforeAll(async () => {
  demo = await DemoProcess.start('--workers', '2', '--page', '0')
  url = (await demo.printed(/Live page: (http:\/\/127\.0\.0\.1:\d+)\//))[1]!
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
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'")
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
    await until('data: [{"channel":"café","text":"to the page"}]')
    await reader.cancel()
  })

  it('does what the page asks for', async () => {
    await using subscriber = await RawClient.connect(demo.port)
    await subscriber.ask('SUBSCRIBE news\r\n')
    const headers = { ...json, Origin: url }
    const body = JSON.stringify({ channel: 'news', text: 'über' })
    expect(await ask('/publish', { method: 'POST', headers, body })).toEqual({
      status: 200,
      text: 'published to 1 subscriber(s)',
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

  it.each<[string, Asked]>([
    ['another site', { headers: { ...json, Origin: 'http://evil.example' } }],
    ['another port', { headers: { ...json, Origin: 'http://127.0.0.1:1' } }],
    ['a frame without an origin', { headers: { ...json, Origin: 'null' } }],
    ['nobody', { headers: json }],
    [
      'a name that was made to point here',
      { headers: { ...json, Host: 'evil.example', Origin: 'http://evil.example' } },
    ],
  ])('refuses what changes something for %s', async (_name, { headers }) => {
    for (const path of ['/reload', '/scale', '/publish'])
      expect((await ask(path, { method: 'POST', headers, body: '{"workers":9}' })).status).toBe(403)
  })

  it('refuses a form, a GET of what changes something, and a name that was made to point here', async () => {
    const form = { 'Content-Type': 'application/x-www-form-urlencoded', Origin: url }
    expect((await ask('/reload', { method: 'POST', headers: form })).status).toBe(403)
    expect((await ask('/reload')).status).toBe(404)
    expect((await ask('/status', { headers: { Host: 'evil.example' } })).status).toBe(403)
    expect((await ask('/', { method: 'DELETE', headers: { ...json, Origin: url } })).status).toBe(405)
    expect(demo.stderr).not.toContain('reloading')
  })

  it('says that the port is taken', async () => {
    const { code, stderr } = await runDemo(['--port', '0', '--no-path', '--page', new URL(url).port])
    expect(code).toBe(1)
    expect(stderr).toMatch(/port \d+ for the live page is taken/)
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

const chromium = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)
const noBrowser = whyNoMoves() ?? (chromium ? null : 'no Chromium is installed (Debian: chromium)')

describe.skipIf(noBrowser)(`in a browser${noBrowser ? ` (${noBrowser})` : ''}`, () => {
  let browser: Browser

  beforeAll(async () => {
    browser = await puppeteer.launch({
      executablePath: chromium!,
      args: ['--no-sandbox', '--disable-gpu'],
      timeout: HANG_MS,
      protocolTimeout: HANG_MS,
    })
  })
  afterAll(() => browser?.close())

  it('shows workers, charts and messages as they are, and reloads and scales on a click', async () => {
    const page = await browser.newPage()
    page.setDefaultTimeout(HANG_MS)
    const errors: string[] = []
    page.on('pageerror', error => errors.push(String(error)))
    page.on('console', message => message.type() === 'error' && errors.push(message.text()))
    await page.goto(url)
    const shows = (text: string) =>
      page.waitForFunction(wanted => document.body.textContent.includes(wanted), {}, text)
    await page.waitForFunction(() => document.querySelectorAll('#workers tr').length === 2)
    await page.waitForSelector('#messages canvas')
    await shows(`process ${demo.child.pid}`)

    await using subscriber = await RawClient.connect(demo.port)
    await subscriber.ask('SUBSCRIBE news\r\n')
    await page.click('#publish button')
    await subscriber.until('hello')
    await shows('published to 1 subscriber(s)')
    await page.waitForFunction(() => document.querySelector('#feed li')?.textContent === 'newshello')

    const before = await demo.pidOf(1)
    await page.click('#reload')
    await shows('reloaded: 2 worker(s) replaced, 1 client(s) moved')
    await page.waitForFunction(
      pid => !document.querySelector('#workers')!.textContent!.includes(pid),
      {},
      String(before),
    )
    await page.click('#more')
    await shows('scaled to 3 worker(s)')
    await page.waitForFunction(() => document.querySelectorAll('#workers tr').length === 3)
    await page.click('#publish button')
    await page.waitForFunction(() => document.querySelectorAll('#feed li').length === 2)
    await page.close()
    expect(errors).toEqual([])
  })
})
