// A file of node:test with tests that leak and tests that do not: node --test leaking.test.mjs
import { once } from 'node:events'
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

describe('hooks of its own', () => {
  let server
  beforeEach(async () => {
    server = net.createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  afterEach(() => void server.close())
  it('closes all in hooks', t => {
    const another = net.createServer().listen(0, '127.0.0.1')
    t.after(() => void another.close())
  })
  it('fails in a hook', t => {
    t.after(() => {
      throw new Error('own')
    })
  })
  it('comes after one that failed in a hook', () => {})
})

describe('what goes on by itself', () => {
  it('leaves timers one after the other', () => {
    const again = () => {
      const timer = setTimeout(again, 1)
      ends.unshift(() => clearTimeout(timer))
    }
    again()
  })
  it('leaves immediates one after the other', () => {
    let isOver = false
    const again = () => isOver || setImmediate(again)
    again()
    ends.push(() => {
      isOver = true
    })
  })
  it('is not blamed for them', () => sleep(20))
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
