// A file of node:test with tests that leak and tests that do not: node --test leaking.test.mjs
import net from 'node:net'
import { after, afterEach, beforeEach, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { failOnLeaks } from '@x/testkit'

failOnLeaks({ beforeEach, afterEach })

// What is left open must not keep the process that runs this.
const ends = []
after(() => {
  for (const end of ends) end()
})

it('leaves an interval', () => {
  const timer = setInterval(() => {}, 1e6)
  ends.push(() => clearInterval(timer))
})

it('leaves a server on localhost', () => {
  const server = net.createServer().listen(0, 'localhost')
  ends.push(() => server.close())
})

it('leaves nothing', async () => {
  await sleep(1)
})

it('has parts', async t => {
  await t.test('leaks nothing', () => sleep(1))
  await t.test('leaks', () => {
    const timer = setInterval(() => {}, 2e6)
    ends.push(() => clearInterval(timer))
  })
})

describe('at once', { concurrency: true }, () => {
  it('is quick', () => sleep(10))
  it('leaves a timer', async () => {
    await sleep(1)
    const timer = setTimeout(() => {}, 1e6)
    ends.push(() => clearTimeout(timer))
    await sleep(100)
  })
})
