// A file of node:test with tests that leave handles of this project's packages open: node --test leaking-handles.test.mjs
import { after, afterEach, beforeEach, it } from 'node:test'
import { createServer } from '@x/core'
import { failOnLeaks, leasePort, memoryNetwork } from '@x/testkit'

failOnLeaks({ beforeEach, afterEach })

const ends = []
after(() => {
  for (const end of ends) end()
})

it('leaves a server', () => {
  const server = createServer().listen(0, '127.0.0.1')
  ends.push(() => server.close())
})

it('leaves a server in memory', () => {
  const server = createServer({ transport: memoryNetwork() }).listen(80)
  ends.push(() => server.close())
})

it('leaves a lease', async () => {
  const lease = await leasePort()
  ends.push(() => lease.release())
})
