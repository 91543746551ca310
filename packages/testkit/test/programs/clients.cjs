// What a program does with its databases, through the clients that everybody uses. It knows names and ports alone.
const { Redis } = require('ioredis')
const { Client } = require('pg')

async function useRedis(host, port) {
  const redis = new Redis({ host, port, retryStrategy: () => 100, maxRetriesPerRequest: null })
  redis.on('error', () => {})
  await redis.set('greeting', 'hello')
  const many = redis.pipeline()
  for (let count = 0; count < 500; count++) many.incr('count')
  await many.exec()
  const big = 'x'.repeat(300_000)
  await redis.set('big', big)
  const found = await redis.get('big')
  return {
    redis,
    result: { greeting: await redis.get('greeting'), count: await redis.get('count'), same: found === big },
  }
}

async function usePostgres(host, port) {
  const client = new Client({ host, port, user: 'somebody', database: 'some', ssl: false })
  await client.connect()
  const { rows } = await client.query('select everything')
  await client.end()
  return rows
}

module.exports = { useRedis, usePostgres }
