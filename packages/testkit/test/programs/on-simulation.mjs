// The programs beside this file, on a simulated network: node --import @x/core/register on-simulation.mjs [seed]
import { faults, simulate } from '@x/testkit'
import clients from './clients.cjs'
import postgres from './postgres-server.cjs'
import redisServer from './redis-server.cjs'

const seed = Number(process.argv[2] ?? 1)
const report = await simulate(
  { seed, link: [faults.latency({ ms: 20 }), faults.jitter({ ms: 5 }), faults.loss(0.01)] },
  async ({ host, clock }) => {
    const store = host('store', () => void redisServer.serve(6379))
    host('database', () => void postgres.serve(5432))
    const app = host('app')
    await clock.sleep(1)
    const { redis, result } = await app.run(() => clients.useRedis('store', 6379))
    const rows = await app.run(() => clients.usePostgres('database', 5432))
    // The store goes away and comes back empty; the client finds it again by itself.
    store.kill()
    const later = app.run(() => redis.incr('count'))
    await clock.sleep(5000)
    store.restart()
    const after = await later
    app.run(() => redis.disconnect())
    return { result, rows, after }
  },
)
const { value, hash, virtualMs, events } = report
console.log(JSON.stringify({ ...value, hash, virtualMs, events }))
