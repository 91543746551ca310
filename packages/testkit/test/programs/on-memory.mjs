// The programs beside this file, on an in-memory network: node --import @x/core/register on-memory.mjs
import { setDefaultTransport } from '@x/core/transport'
import { memoryNetwork } from '@x/testkit'
import clients from './clients.cjs'
import postgres from './postgres-server.cjs'
import redisServer from './redis-server.cjs'

const network = memoryNetwork()
setDefaultTransport(network)
const servers = [redisServer.serve(6379), postgres.serve(5432)]
const { redis, result } = await clients.useRedis('localhost', 6379)
const rows = await clients.usePostgres('localhost', 5432)
await redis.quit()
for (const server of servers) server.close()
process.on('exit', () => console.log(JSON.stringify({ result, rows, left: network.openHandles })))
