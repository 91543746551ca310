/// <reference lib="dom" />
// The live page in a real browser: every button is pressed, by the mouse and by the keyboard, and what the page tells is
// held against what the broker does.
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { HANG_MS } from '@x/presets/hang-limit'
import type { AxeResults } from 'axe-core'
import puppeteer, { type Browser, type Page } from 'puppeteer-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { DemoProcess, whyNoMoves } from './demo-process'
import { RawClient } from './raw-client'

const chromium = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)
const noBrowser = whyNoMoves() ?? (chromium ? null : 'no Chromium is installed (Debian: chromium)')
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

describe.skipIf(noBrowser)(`the live page in a browser${noBrowser ? ` (${noBrowser})` : ''}`, () => {
  let demo: DemoProcess
  let browser: Browser
  let url: string

  beforeAll(async () => {
    demo = await DemoProcess.start('--workers', '2', '--page', '0')
    url = (await demo.printed(/Live page: (\S+)/))[1]!
    browser = await puppeteer.launch({
      executablePath: chromium!,
      args: ['--no-sandbox', '--disable-gpu'],
      timeout: HANG_MS,
      protocolTimeout: HANG_MS,
    })
  })
  afterAll(async () => {
    await browser?.close()
    await demo?.[Symbol.asyncDispose]()
  })

  /** A page whose subscribers are there and have got something; no error may come to its console. */
  async function open(prepare: (page: Page) => Promise<void> = async () => {}): Promise<Page> {
    const page = await browser.newPage()
    page.setDefaultTimeout(HANG_MS)
    const errors: string[] = []
    page.on('pageerror', error => errors.push(String(error)))
    page.on('console', message => message.type() === 'error' && errors.push(message.text()))
    page.on('request', request => {
      if (!/^(data:|(http|ws):\/\/127\.0\.0\.1:)/.test(request.url()))
        errors.push(`it loads ${request.url()}`)
    })
    onTestFinished(async () => {
      await page.close()
      expect(errors).toEqual([])
    })
    await page.setViewport({ width: 1200, height: 900 })
    await prepare(page)
    await page.goto(url)
    await page.waitForFunction(
      () =>
        document.querySelector('#subscribers')!.textContent === '6 of 6' &&
        document.querySelector('#received')!.textContent !== '0' &&
        document.querySelectorAll('.lane[data-state=ready] circle.page').length === 7,
    )
    return page
  }

  /** What the newest of these episodes says, once it is over. */
  async function costOf(page: Page, name: string, state = 'over'): Promise<string> {
    const handle = await page.waitForFunction(
      (wanted, wantedState) => {
        const item = document.querySelector<HTMLElement>(`#episodes li[data-name=${wanted}]`)
        return item?.dataset['state'] === wantedState && item.querySelector('.cost')!.textContent
      },
      {},
      name,
      state,
    )
    return (await handle.jsonValue()) as string
  }

  const textOf = (page: Page, selector: string) => page.$eval(selector, node => node.textContent)
  const shows = (page: Page, selector: string, text: string) =>
    page.waitForFunction(
      (wantedSelector, wanted) => document.querySelector(wantedSelector)!.textContent === wanted,
      {},
      selector,
      text,
    )
  const readyLanes = (page: Page) =>
    page.$$eval('.lane[data-state=ready]', lanes =>
      lanes.map(lane => Number(lane.getAttribute('data-worker'))),
    )
  const noneLost = 'Cost: no message lost, doubled or out of order; '

  it('shows workers, clients, charts and figures as they are', async () => {
    const page = await open()
    await page.waitForSelector('#rates canvas')
    await page.waitForFunction(() =>
      /^published \d+/.test(document.querySelector('#rates .numbers')!.textContent),
    )
    expect(await textOf(page, '#summary')).toMatch(
      new RegExp(`^Process ${demo.child.pid}, native transport: 2 workers, \\d+ clients, \\d+ reloads?$`),
    )
    await using subscriber = await RawClient.connect(demo.port)
    await subscriber.ask('SUBSCRIBE news\r\n')
    await page.waitForSelector('circle.other.subscriber:not(.legend *)')
    const labels = await page.$$eval('.lane svg', lanes => lanes.map(lane => lane.getAttribute('aria-label')))
    expect(labels.join()).toMatch(/clients?: .*1 others/)
    await page.click('#publish button')
    await subscriber.until('hello')
    await page.waitForFunction(
      () => document.querySelector('#published')!.textContent === 'Published to 1 subscriber.',
    )
    await page.waitForFunction(() =>
      /^newshello/.test(document.querySelector('#feed li:not(.own)')?.textContent ?? ''),
    )
  })

  it('lists messages in the order of publishing, through whatever worker', async () => {
    const page = await open()
    const clients = await Promise.all(Array.from({ length: 4 }, () => RawClient.connect(demo.port)))
    onTestFinished(async () => {
      for (const client of clients) await client[Symbol.asyncDispose]()
    })
    const sent = Array.from({ length: 16 }, (_, index) => `message ${index}`)
    for (const [index, text] of sent.entries()) await clients[index % 4]!.ask(`PUBLISH order "${text}"\r\n`)
    const shown = await page.waitForFunction(() => {
      const texts = [...document.querySelectorAll('#feed li')]
        .filter(item => item.querySelector('b')!.textContent === 'order')
        .map(item => item.querySelector('span')!.textContent)
      return texts.length === 16 && texts.toReversed()
    })
    expect(await shown.jsonValue()).toEqual(sent)
  })

  it('shows a reload as it happens, and that it cost nothing', async () => {
    const page = await open()
    const before = await readyLanes(page)
    await page.click('#reload')
    await page.waitForFunction(
      ids => ids.some(id => document.querySelector(`.lane[data-worker="${id}"][data-state=draining]`)),
      {},
      before,
    )
    await page.waitForFunction(
      ids => ids.every(id => document.querySelector(`.lane[data-worker="${id}"][data-state=ended]`)),
      {},
      before,
    )
    expect(await costOf(page, 'reload')).toContain(noneLost)
    const after = await readyLanes(page)
    expect(after).toHaveLength(2)
    expect(after.filter(id => before.includes(id))).toEqual([])
    expect(await textOf(page, '#notice')).toMatch(
      /^Reloaded: 2 .* replaced, \d+ .* moved\. Cost: no message lost/,
    )
    await page.waitForFunction(
      () => document.querySelectorAll('.lane[data-state=ready] circle.page').length === 7,
    )
  })

  it('adds and removes workers, which costs nothing', async () => {
    const page = await open()
    await page.click('#more')
    expect(await costOf(page, 'scale')).toContain(noneLost)
    expect(await readyLanes(page)).toHaveLength(3)
    await page.click('#fewer')
    await page.waitForFunction(
      () => document.querySelectorAll('#episodes li[data-name=scale][data-state=over]').length === 2,
    )
    expect(await costOf(page, 'scale')).toContain(noneLost)
    expect(await readyLanes(page)).toHaveLength(2)
  })

  it('kills a worker, and tells which connections that broke', async () => {
    const page = await open()
    const victim = await page.$eval('.lane:has(circle.page.subscriber)', lane =>
      Number(lane.getAttribute('data-worker')),
    )
    const count = await page.$$eval(
      `.lane[data-worker="${victim}"] circle.page.subscriber`,
      dots => dots.length,
    )
    await page.click(`.lane[data-worker="${victim}"] .kill`)
    expect(await costOf(page, 'kill')).toContain(`${count} connection${count === 1 ? '' : 's'} broken; `)
    expect(await textOf(page, '#notice')).toMatch(
      new RegExp(
        `^Worker ${victim} killed: \\d+ clients? disconnected; worker \\d+ takes its place\\. Cost: `,
      ),
    )
    await shows(page, '#broken', String(count))
    await shows(page, '#subscribers', '6 of 6')
  })

  it('delays what clients read until it is calm again, and tells by how much', async () => {
    const page = await open()
    await page.click('#delay')
    await page.waitForFunction(() => {
      const cost = document.querySelector('#episodes li[data-name=delay] .cost')?.textContent ?? ''
      return Number(/slowest message (\d+) ms/.exec(cost)?.[1]) >= 200
    })
    expect(await textOf(page, '#faults')).toBe('In force: delay (all).')
    await page.click('#calm')
    expect(await costOf(page, 'delay')).toContain(noneLost)
    expect(await costOf(page, 'calm')).toContain(noneLost)
    expect(await textOf(page, '#faults')).toBe('No fault is in force.')
  })

  it('drops what clients of one worker read, and counts what was lost', async () => {
    const page = await open()
    const worker = await page.$eval(
      '.lane:has(circle.page.subscriber)',
      lane => lane.getAttribute('data-worker')!,
    )
    await page.select('#target', worker)
    await page.click('#drop')
    await page.waitForFunction(() => Number(document.querySelector('#lost')!.textContent) > 0)
    expect(await textOf(page, '#faults')).toBe(`In force: drop (clients that were on worker ${worker}).`)
    await page.click('#calm')
    const lost = Number(/^Cost: (\d+) messages? lost; /.exec(await costOf(page, 'drop'))?.[1])
    await page.waitForFunction(
      count => document.querySelector('#lost')!.textContent === String(count),
      {},
      lost,
    )
  })

  it('cuts the connections of the page, which come back', async () => {
    const page = await open()
    await page.click('#cut')
    expect(await costOf(page, 'cut')).toContain('6 connections broken; ')
    await shows(page, '#subscribers', '6 of 6')
  })

  it('runs a load, and tells what it came to', async () => {
    const page = await open()
    await page.click('#load')
    await page.waitForFunction(() => document.querySelector('#load')!.textContent === 'Stop load')
    await page.waitForFunction(() => document.querySelectorAll('.lane circle.load').length === 14)
    await page.waitForFunction(() =>
      / [1-9]\d* deliveries\./.test(document.querySelector('#load-state')!.textContent),
    )
    await costOf(page, 'load')
    await page.click('#load')
    await page.waitForFunction(
      () => document.querySelectorAll('#episodes li[data-name=load][data-state=over]').length === 2,
    )
    expect(await textOf(page, '#episodes li[data-name=load] .outcome')).toMatch(
      /^Load ended: \d+ messages? published, \d+ deliver\w+; none lost, doubled or out of order, no connection broken\.$/,
    )
    expect(await textOf(page, '#load-state')).toBe('No load is running.')
  })

  it('needs no mouse: every control is reached, seen and pressed by the keyboard', async () => {
    const page = await open()
    const reached: string[] = []
    for (;;) {
      await page.keyboard.press('Tab')
      const { name, isSeen } = await page.evaluate(() => {
        const { activeElement: element } = document
        const name = element?.id || element?.textContent || element?.getAttribute('name') || ''
        return {
          name,
          isSeen: element !== null && Number.parseFloat(getComputedStyle(element).outlineWidth) >= 2,
        }
      })
      if (reached.includes(name) || name === '') break
      expect([name, isSeen]).toEqual([name, true])
      reached.push(name)
      if (name === 'feed') break
    }
    const workers = await readyLanes(page)
    expect(reached).toEqual([
      ...['reload', 'more', 'fewer', ...workers.map(id => `Kill worker ${id}`)],
      ...['load', 'target', 'delay', 'drop', 'cut', 'calm', 'episodes', 'channel', 'text', 'Publish', 'feed'],
    ])
    await page.focus('#reload')
    await page.keyboard.press('Enter')
    expect(await costOf(page, 'reload')).toContain(noneLost)
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('reload')
    const kill = await page.waitForSelector('.lane[data-state=ready] .kill')
    await kill!.focus()
    await page.keyboard.press('Space')
    await costOf(page, 'kill')
    // The button goes with its lane, and the keyboard's place with neither.
    await page.waitForFunction(() => document.activeElement?.id === 'stage-title')
  })

  it.each([
    ['light', 360],
    ['light', 1200],
    ['dark', 360],
    ['dark', 1200],
  ])('has nothing to mend for axe, and nothing beside the window: %s, %d px wide', async (scheme, width) => {
    const page = await open(async made => {
      await made.setBypassCSP(true)
      await made.setViewport({ width, height: 800 })
      await made.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }])
    })
    await using client = await RawClient.connect(demo.port)
    await client.ask(`PUBLISH ${'long'.repeat(60)} ${'text'.repeat(60)}\r\n`)
    await page.click('#delay')
    await costOf(page, 'delay', 'lasting')
    await page.waitForFunction(() => document.querySelector('#feed')!.textContent.includes('longlong'))
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
    await page.evaluate(axe)
    const { violations } = (await page.evaluate('axe.run()')) as AxeResults
    expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([])
    await page.click('#calm')
    await costOf(page, 'delay')
  })

  it('moves nothing where people want no motion, and counts in words all the same', async () => {
    const page = await open(made =>
      made.emulateMediaFeatures([{ name: 'prefers-reduced-motion', value: 'reduce' }]),
    )
    await page.waitForFunction(() =>
      [...document.querySelectorAll('.lane .numbers')].some(numbers =>
        /[1-9]\d* from other workers/.test(numbers.textContent),
      ),
    )
    const { animations, width } = await page.evaluate(() => ({
      animations: document.getAnimations().length,
      // A canvas that was never drawn to has the default size.
      width: document.querySelector<HTMLCanvasElement>('#motion')!.width,
    }))
    expect({ animations, width }).toEqual({ animations: 0, width: 300 })
  })

  it('opens anew where the demo was started anew', async () => {
    await using other = await DemoProcess.start('--workers', '1', '--page', '0')
    const address = (await other.printed(/Live page: (\S+)/))[1]!
    const page = await browser.newPage()
    page.setDefaultTimeout(HANG_MS)
    onTestFinished(() => page.close())
    await page.goto(address)
    const tokenOf = () => page.$eval('meta[name=demo-token]', meta => meta.content)
    const before = await tokenOf()
    await other.kill('SIGTERM')
    await page.waitForFunction(() =>
      document.querySelector('#summary')!.textContent.includes('does not answer'),
    )
    await using again = await DemoProcess.start('--workers', '1', '--page', new URL(address).port)
    await page.waitForFunction(
      (token, pid) =>
        document.querySelector<HTMLMetaElement>('meta[name=demo-token]')!.content !== token &&
        document.querySelector('#summary')!.textContent.includes(`Process ${pid}`),
      {},
      before,
      again.child.pid,
    )
  })
})
