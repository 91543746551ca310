// A process of its own with subscribers: half of them ioredis, half node-redis; half over TCP, half over the path. Each
// expects the numbers from 0 up to the count, in order; the process prints what came.
import { Redis } from 'ioredis'
import { createClient } from 'redis'

const { port, path, subscribers, messages, channel } = JSON.parse(process.argv[2])

/** A busy machine may take longer than the clients' own 5 and 10 seconds to get all of them connected. */
const connectTimeout = 120_000

const outcomes = await Promise.all(Array.from({ length: subscribers }, (_, index) => subscribe(index)))
process.stdout.write('subscribed\n')
const results = await Promise.all(outcomes.map(outcome => outcome.heard))
await Promise.all(outcomes.map(outcome => outcome.close()))
process.stdout.write(`${JSON.stringify(results)}\n`)

/** Resolves once subscribed; `heard` once the last number has come, or a wrong one. */
async function subscribe(index) {
  let expected = 0
  let settle
  const heard = new Promise(resolve => {
    settle = resolve
  })
  const onNumber = text => {
    if (Number(text) === expected) expected++
    else settle({ received: expected, wrong: text })
    if (expected === messages) settle({ received: expected, wrong: null })
  }
  const isLocal = index % 4 < 2
  if (index % 2 === 0) {
    const place = isLocal ? { path } : { port, host: '127.0.0.1' }
    const client = new Redis({ ...place, connectTimeout, lazyConnect: true })
    client.on('message', (_channel, text) => onNumber(text))
    await client.connect()
    await client.subscribe(channel)
    return { heard, close: () => client.quit() }
  }
  const place = isLocal ? { path, tls: false } : { port, host: '127.0.0.1' }
  const client = createClient({ socket: { ...place, connectTimeout } })
  client.on('error', error => settle({ received: expected, wrong: error.message }))
  await client.connect()
  await client.subscribe(channel, onNumber)
  return { heard, close: () => client.close() }
}
