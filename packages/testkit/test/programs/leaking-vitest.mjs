// A file of vitest with tests that leak and tests that do not, at once too, and with fixtures.
import { failOnLeaks } from '@x/testkit'
import { aroundEach, test as base } from 'vitest'

const sleep = ms => new Promise(resolve => setTimeout(resolve, ms))
const test = base.extend({ fixture: async ({ task: _ }, use) => use(7) })
failOnLeaks({ aroundEach })

test('leaves an interval', ({ fixture: _ }) => {
  setInterval(() => {}, 1e6)
})
test('leaves nothing', () => sleep(1))
test.concurrent('is quick', () => sleep(10))
test.concurrent('leaves a timer', async () => {
  await sleep(1)
  setTimeout(() => {}, 1e6)
  await sleep(50)
})
test.concurrent('is slow', () => sleep(100))
